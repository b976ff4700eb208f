"""Random collections, and random records of them."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.integration.questions.kinds import KINDS, Json, kind_of

Draw = Any
Record = dict[str, Json]
File = dict[str, Json]
SCALARS = sorted(set(KINDS) - {"anything"})
TARGET, SOURCE = "Maker", "Thing"


@dataclass(frozen=True)
class Stock:
    """Two collections, the second linking to the first and to itself; `changed` is written after the rest."""

    files: dict[str, File]
    records: dict[str, list[Record]]
    changed: dict[str, list[Record]]

    @property
    def current(self) -> dict[str, list[Record]]:
        """The records as they stand in the end: what is written again is merged into what is there."""
        found: dict[str, list[Record]] = {}
        for name, file in self.files.items():
            by_key = {record[file["key"]]: record for record in self.records[name]}
            for record in self.changed[name]:
                key = record[file["key"]]
                by_key[key] = merged(by_key[key], record) if key in by_key else record
            found[name] = list(by_key.values())
        return found


def merged(record: Json, patch: Json) -> Json:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    base = record if isinstance(record, dict) else {}
    kept = {name: value for name, value in base.items() if name not in patch}
    return kept | {name: merged(base.get(name), value) for name, value in patch.items() if value is not None}


@st.composite
def stocks(draw: Draw) -> Stock:
    """Collections with a few properties of any kind, nested and linked in any way, and up to 20 records of each."""
    target: File = {"name": TARGET, "plural": "makers", "key": "code"}
    target["schema"] = _object(draw, "t", depth=1)
    target["schema"]["properties"] |= {"code": {"type": "string"}}
    source: File = {"name": SOURCE, "plural": "things", "key": "code"}
    source["schema"] = _object(draw, "s", depth=2)
    source["schema"]["$defs"] = {"Tree": _tree(draw)}
    source["schema"]["properties"] |= {"code": {"type": "string"}} | _links(draw, target)
    files = {TARGET: target, SOURCE: source}
    codes = {TARGET: CODES[:6], SOURCE: CODES}
    records = {
        name: [_record(draw, file, code) for code in codes[name] if draw(st.integers(0, 5))]
        for name, file in files.items()
    }
    changed = {
        name: [
            _record(draw, file, code) for code in draw(st.lists(st.sampled_from(codes[name]), max_size=2, unique=True))
        ]
        for name, file in files.items()
    }
    return Stock(files, records, changed)


CODES = ["k1", "k10", "k2", "K2", "é", "z z", "0", "00", "a", "b", "c", "d", "e", "f"]
MISSING = ["nobody", "K1"]


def _object(draw: Draw, prefix: str, depth: int) -> dict[str, Json]:
    count = draw(st.integers(1, 4))
    return {
        "type": "object",
        "properties": {f"{prefix}{n}": _property(draw, f"{prefix}{n}", depth) for n in range(count)},
    }


def _property(draw: Draw, name: str, depth: int) -> dict[str, Json]:
    how = draw(
        st.sampled_from(
            ["scalar"] * 5
            + ["scalars", "anything"]
            + ["object", "objects", "objects"] * bool(depth)
            + ["union", "unions", "tree", "trees"] * (depth > 1)
        )
    )
    if how == "scalar":
        return _nullable(draw, _scalar(draw, SCALARS))
    if how == "anything":
        return {}
    if how == "scalars":
        return _nullable(
            draw, {"type": "array", "items": _scalar(draw, ["string", "text", "enum", "integer", "long", "date"])}
        )
    if how in ("tree", "trees"):
        inner: dict[str, Json] = {"$ref": TREE}
    elif how in ("union", "unions"):
        inner = {"oneOf": [_member(draw, name, told) for told in ("left", "right")]}
    else:
        inner = _object(draw, name, depth - 1)
    return _nullable(draw, {"type": "array", "items": inner} if how.endswith("s") else inner)


TREE = "#/$defs/Tree"


def _tree(draw: Draw) -> dict[str, Json]:
    """An object that has further ones of its kind inside."""
    kids = {"type": "array", "items": {"$ref": TREE}}
    return {"type": "object", "properties": {"label": _scalar(draw, SCALARS), "kids": kids}}


def _member(draw: Draw, name: str, told: str) -> dict[str, Json]:
    own = {f"{name}{told}": _nullable(draw, _scalar(draw, SCALARS))}
    return {"type": "object", "required": ["kind"], "properties": {"kind": {"const": told}, **own}}


def _scalar(draw: Draw, kinds: list[str]) -> dict[str, Json]:
    kind = KINDS[draw(st.sampled_from(kinds))]
    schema = dict(kind.schema)
    if kind.facets and draw(st.booleans()):
        schema["x-search"] = {**schema.get("x-search", {}), "facet": draw(st.sampled_from(kind.facets))}
    return schema


def _nullable(draw: Draw, schema: dict[str, Json]) -> dict[str, Json]:
    if "type" not in schema or not draw(st.booleans()):
        return schema
    return {**schema, "type": [schema["type"], "null"]}


def _links(draw: Draw, target: File) -> dict[str, Json]:
    names = [name for name, schema in target["schema"]["properties"].items() if schema]
    found: dict[str, Json] = {}
    for number, how in enumerate(draw(st.lists(st.sampled_from(["one", "list", "inside", "self"]), max_size=2))):
        spec: dict[str, Json] = {"collection": SOURCE if how == "self" else TARGET, "as": f"link{number}"}
        if draw(st.booleans()):
            spec["reverse"] = f"back{number}"
        if how != "self":
            spec["include"] = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
        value = {"type": ["string", "null"], "x-link": spec}
        if how == "list":
            value = {"type": "array", "items": {**value, "type": "string"}}
        if how == "inside":
            value = {
                "type": "array",
                "items": {"type": "object", "properties": {f"to{number}": value, f"as{number}": {"type": "string"}}},
            }
        found[f"ref{number}"] = value
    return found


def _record(draw: Draw, file: File, code: str) -> Record:
    record: Record = _value(draw, file["schema"], file["schema"].get("$defs", {}).get("Tree", {}))
    return record | {"code": code}


def _value(draw: Draw, schema: dict[str, Json], tree: dict[str, Json], height: int = 2) -> Json:
    """A value of a schema; trees are as high as `height`."""
    if "$ref" in schema:
        return _value(draw, tree, tree, height - 1)
    if "oneOf" in schema:
        member = draw(st.sampled_from(schema["oneOf"]))
        return _value(draw, member, tree) | {"kind": member["properties"]["kind"]["const"]}
    types = schema.get("type", [])
    if "null" in types and draw(st.integers(0, 3)) == 0:
        return None
    if "array" in types:
        most = 3 if height else 0
        return [_value(draw, schema["items"], tree, height) for _ in range(draw(st.integers(0, most)))]
    if schema.get("format") != "geo-point" and "properties" in schema:
        present = [name for name in schema["properties"] if draw(st.integers(0, 4))]
        return {name: _value(draw, schema["properties"][name], tree, height) for name in present}
    return draw(st.sampled_from([*CODES[:6], *MISSING] if "x-link" in schema else values_of(schema)))


def values_of(schema: dict[str, Json]) -> list[Json]:
    """Some values of a property that is no object and no list."""
    if "const" in schema:
        return [schema["const"]]
    return list(schema.get("enum") or KINDS[kind_of(schema)].values)
