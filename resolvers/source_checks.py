"""What a curator says of a source, checked: all that is wrong with it at once, each with its path."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from models.collections.source import did_you_mean
from models.cron import read_cron
from models.documents import encode_document
from models.mapping_rules import WrongMappingError, read_mapping
from models.sources import SourceKind, SourceValues
from resolvers.context import Context
from resolvers.user_errors import VALIDATION, UserError
from tasks.fetching import AddressRefused, check_url

MAX_NAME = 200
MAX_URL = 2_000
_REQUIRED = ("name", "collection", "kind", "url")
_OF_OAI_PMH = ("metadataPrefix", "set", "mapping")
_PART = r"[A-Za-z0-9_.!~*'()-]+"
_PREFIX = re.compile(_PART)
_SET = re.compile(rf"{_PART}(:{_PART})*")

Input = Mapping[str, Any]


class WrongSourceError(Exception):
    """Raised with the errors of a source that is to be made or changed."""

    def __init__(self, errors: list[UserError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(error.message for error in errors))


async def checked_source(ctx: Context, given: Input) -> SourceValues:
    """A whole source, in the words of `SourceInput`. Raises `WrongSourceError`."""
    values = {name: value for name, value in given.items() if value not in (None, "", {})}
    errors = [*_errors(ctx, values)]
    if isinstance(values.get("url"), str) and not any(error.path == ("url",) for error in errors):
        errors += await _address_errors(ctx, values["url"])
    if errors:
        raise WrongSourceError(errors)
    return SourceValues(
        name=values["name"].strip(),
        collection=values["collection"],
        kind=SourceKind(values["kind"]),
        url=values["url"],
        metadata_prefix=values.get("metadataPrefix"),
        set=values.get("set"),
        schedule=str(read_cron(values["schedule"])) if "schedule" in values else None,
        mapping=values.get("mapping"),
    )


def _errors(ctx: Context, values: Input) -> Iterator[UserError]:
    for name in _REQUIRED:
        if not str(values.get(name, "")).strip():
            yield _error("is required", name)
    for problem in encode_document(dict(values))[1]:
        yield _error(problem.message, *problem.path)
    if len(values.get("name", "")) > MAX_NAME:
        yield _error(f"is longer than {MAX_NAME} characters", "name")
    yield from _schedule_errors(values)
    yield from _kind_errors(values)
    yield from _collection_errors(ctx, values)


def _schedule_errors(values: Input) -> Iterator[UserError]:
    if "schedule" in values:
        try:
            read_cron(values["schedule"])
        except ValueError as error:
            yield _error(str(error), "schedule")


def _kind_errors(values: Input) -> Iterator[UserError]:
    if values.get("kind") == SourceKind.NDJSON:
        for name in _OF_OAI_PMH:
            if name in values:
                yield _error("is of OAI_PMH alone: the lines of an NDJSON file are records as they are", name)
        return
    if not _PREFIX.fullmatch(values.get("metadataPrefix", "oai_dc")):
        yield _error("is no metadata prefix, such as oai_dc", "metadataPrefix")
    if not _SET.fullmatch(values.get("set", "all")):
        yield _error("is no set, such as physics:hep", "set")


def _collection_errors(ctx: Context, values: Input) -> Iterator[UserError]:
    name = values.get("collection", "")
    collection = ctx.services.catalog.get(name)
    if collection is None:
        if name:
            near = did_you_mean(name, [one.name for one in ctx.services.catalog])
            yield _error(f"there is no collection {name}{near}", "collection")
    elif collection.key is None:
        yield _error(f"{name} has no key, by which records are recognised when they come again", "collection")
    elif values.get("kind") == SourceKind.OAI_PMH:
        try:
            read_mapping(collection, values.get("mapping"))
        except WrongMappingError as error:
            for problem in error.problems:
                yield _error(problem.message, "mapping", *problem.path)


async def _address_errors(ctx: Context, url: str) -> list[UserError]:
    if len(url) > MAX_URL:
        return [_error(f"is longer than {MAX_URL} characters", "url")]
    try:
        await asyncio.to_thread(check_url, url, allow_private=ctx.services.settings.allow_private_urls)
    except AddressRefused as error:
        return [_error(str(error), "url")]
    if "verb" in httpx.URL(url).params:
        return [_error("is the address of one request: give the base URL, without verb and what belongs to it", "url")]
    return []


def _error(message: str, *path: str) -> UserError:
    return UserError(VALIDATION, message, path)
