"""Sources and their harvests as a client asks for them, and what came of them."""

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.repository import Item, Repository
from tests.acceptance.task_work import PAYLOAD, Task, ended
from tests.running import ROOT, System

COLLECTIONS = Path(__file__).parent / "collections"
RECORDED = ROOT.parent / "shared" / "data" / "oai-pmh"
SOURCE = "id name collection kind url metadataPrefix set schedule mapping createdAt harvestedAt"
CHANGED = f"{{ source {{ {SOURCE} }} errors {{ code message path }} }}"
CREATE = f"mutation($input: SourceInput!) {{ p: createSource(input: $input) {CHANGED} }}"
UPDATE = f"mutation($id: ID!, $patch: SourcePatch!) {{ p: updateSource(id: $id, patch: $patch) {CHANGED} }}"
DELETE = f"mutation($id: ID!) {{ p: deleteSource(id: $id) {CHANGED} }}"
HARVEST = f"""mutation($id: ID!, $from: DateTime, $until: DateTime) {{
    p: harvest(source: $id, from: $from, until: $until) {PAYLOAD} }}"""
PUBLICATION = """{ id identifier revision title authors { name } subjects year description publisher changed sets }"""
LETTERS = "{ deadLetters(first: 1000, collection: Publication) { nodes { id key operation reason payload } } }"
OVERLAP = timedelta(hours=1)
MAPPING = {
    "identifier": "@identifier",
    "changed": "@datestamp",
    "sets": "@set",
    "title": "title",
    "authors[].name": "creator",
    "subjects": "subject",
    "year": "date",
    "description": "description",
    "publisher": "dc:publisher",
}
KEYS = ["f:1", "f:2", *(f"oai:test.example.com:{number}" for number in (1585310, 1585322))]
KEYS += [f"oai:x:{number}" for number in range(1, 31)]
"""Those of all records that there can be."""


def item(number: int, title: str = "", **more: Any) -> Item:
    elements = (("title", title or f"Title {number}"), ("creator", "Ada"), ("date", str(2000 + number)))
    return Item(f"oai:x:{number}", f"2020-01-{number:02}T00:00:00Z", elements, **more)


def values(url: str) -> dict[str, Any]:
    return {"name": "A repository", "collection": "Publication", "kind": "OAI_PMH", "url": url, "mapping": MAPPING}


def number_of(id_: str) -> int:
    return int(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).rpartition(b":")[2])


def database_of(system: System) -> str:
    return load_settings(system.data, environment={}).database_url


async def schedules(system: System, source: str) -> list[tuple[str, str]]:
    """The lines and zones by which a source is harvested."""
    connection = await asyncpg.connect(database_of(system))
    try:
        name = f"source:{number_of(source)}"
        return [tuple(row) for row in await connection.fetch("SELECT cron, zone FROM schedules WHERE name = $1", name)]
    finally:
        await connection.close()


def new_source(api: Api, repository: Repository | None = None, **more: Any) -> str:
    """The id of a new source of `Publication`."""
    payload = api.ask(CREATE, input={**values("" if repository is None else repository.base), **more})["p"]
    assert payload["errors"] == []
    return str(payload["source"]["id"])


def listed(api: Api) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = api.ask(f"{{ sources(first: 1000) {{ nodes {{ {SOURCE} }} }} }}")["sources"]["nodes"]
    return nodes


def source_of(api: Api, id_: str) -> dict[str, Any]:
    return next(one for one in listed(api) if one["id"] == id_)


def harvested_at(api: Api, id_: str) -> str | None:
    found: str | None = source_of(api, id_)["harvestedAt"]
    return found


def start(api: Api, source: str, **window: str) -> Task:
    payload = api.ask(HARVEST, id=source, **window)["p"]
    assert payload["errors"] == []
    task: Task = payload["task"]
    assert (task["kind"], task["collection"]) == ("HARVEST", "Publication")
    return task


def harvested(api: Api, source: str, **window: str) -> Task:
    """A harvest of a source, once it has ended."""
    return ended(api, start(api, source, **window))


def publication(api: Api, key: str) -> dict[str, Any]:
    found: dict[str, Any] = api.ask(f"query($k: String!) {{ publication(key: $k) {PUBLICATION} }}", k=key)[
        "publication"
    ]
    return found


def publications(api: Api) -> list[dict[str, Any]]:
    """All that there are, looked up by their keys, so that no index has to follow first."""
    fields = " ".join(f"p{place}: publication(key: {json.dumps(key)}) {PUBLICATION}" for place, key in enumerate(KEYS))
    answer = api.ask(f"{{ {fields} collections {{ name recordCount }} }}")
    counts = {one["name"]: one["recordCount"] for one in answer.pop("collections")}
    found = [one for one in answer.values() if one]
    assert len(found) == counts["Publication"]
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
