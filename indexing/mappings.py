"""The mapping and the settings of a collection's index: pure functions of its descriptors."""

from collections.abc import Iterator
from typing import Any

from indexing.fields import (
    COMPLETIONS,
    CREATED,
    DATA,
    FLAT,
    KEY,
    NESTED,
    PLAIN_WORDS,
    REVISION,
    SEQUENCE,
    TEXTS,
    UPDATED,
    completion_words,
    completions,
    element_text,
    field,
    flat,
    nested,
    text,
)
from models.collections.kinds import EXISTS, TEXT
from models.collections.properties import Collection, Path

Mapping = dict[str, Any]
_DEFAULTS = {("doc_values", "true"), ("index", "true"), ("norms", "true"), ("type", "object"), ("subobjects", "false")}
ADDED = "+"
"""Begins a line about a field that an index lacks."""
_NOT_SEARCHED: Mapping = {"type": "keyword", "index": False, "doc_values": False}
_WORDS_ONLY: Mapping = {"type": "keyword", "doc_values": False}
_PLAIN_WORDS: Mapping = {"type": "text", "analyzer": "standard", "norms": False, "index_options": "docs"}


def mapping_of(collection: Collection) -> Mapping:
    """The body of `mappings`: every field is named, so that a record can't change the mapping.

    What is not named is left out rather than refused: an index that serves while a new one is built for a changed
    collection file goes on taking writes.
    """
    branches: dict[str, Mapping] = {
        # Names with dots are leaves there: to make objects of them cost a tenth of the indexing.
        FLAT: {"dynamic": False, "subobjects": False, "properties": {}},
        TEXTS: {"dynamic": False, "subobjects": False, "properties": {}},
        NESTED: {"dynamic": False, "properties": {}},
        COMPLETIONS: {"dynamic": False, "subobjects": False, "properties": {}},
    }
    for path in collection.paths:
        _add(branches, path)
    for path in collection.suggest_paths:
        _put(branches, completions(path), {"type": "keyword"})
        _put(branches, completion_words(path), _WORDS_ONLY)
    spelt = {PLAIN_WORDS: _PLAIN_WORDS} if any(map(is_spelt_out, collection.text_paths)) else {}
    return {
        "dynamic": False,
        "_source": {"excludes": [FLAT, NESTED, TEXTS, COMPLETIONS]},
        "properties": {
            KEY: {"type": "keyword"},
            SEQUENCE: {"type": "long", "index": False},
            REVISION: _NOT_SEARCHED,
            CREATED: _NOT_SEARCHED,
            UPDATED: _NOT_SEARCHED,
            DATA: {"type": "object", "enabled": False},
            **spelt,
            **branches,
        },
    }


def _add(branches: dict[str, Mapping], path: Path) -> None:
    prop = path.last
    if prop.is_nested:
        _put(branches, nested(path), {"type": "nested", "dynamic": False, "properties": {}})
    for slot in prop.element_slots if path.nested else prop.slots:
        _put(branches, field(path, slot.name), slot.mapping)
    for slot in (*prop.root_slots, *([prop.order_slot] if prop.order_slot else [])):
        # What is gathered from inside lists is counted and ordered by; filters look at the elements.
        only_values = {"index": False} if path.nested else {}
        _put(branches, flat(path, slot.name), slot.mapping | only_values)
    if prop.shape and not prop.many:
        _put(branches, field(path, EXISTS), {"type": "boolean", "doc_values": False})
    if prop.kind is TEXT:
        words = {"type": "text", "analyzer": prop.search.analyzer}
        copied = {"copy_to": PLAIN_WORDS} if is_spelt_out(path) else {}
        _put(branches, text(path), {**words, "store": True, **copied})
        if path.nested:
            _put(branches, element_text(path), {**words, "norms": False})


def is_spelt_out(path: Path) -> bool:
    """Whether the words at `path` are also indexed as they are written, together with those of other texts: an error
    in a word is more than one in a stem, and to look for it in one field costs as much as in any other.

    Only where whoever may read the record may read them too, since they are not kept apart by their paths.
    """
    return not any(step.link or (step.access and step.access.read) for step in path.steps)


def _put(branches: dict[str, Mapping], name: str, mapping: Mapping) -> None:
    """Place a field, making the objects on the way to it where the branch has objects."""
    branch, _, rest = name.partition(".")
    node = branches[branch]
    steps = rest.split(".") if node.get("subobjects", True) else [rest]
    for step in steps[:-1]:
        node = node["properties"].setdefault(step, {"dynamic": False, "properties": {}})
    there = node["properties"].setdefault(steps[-1], {})
    there.update(mapping, properties={**there.get("properties", {}), **mapping["properties"]}) if "properties" in (
        mapping
    ) else there.update(mapping)


def settings_of(collection: Collection, refresh_interval: str | None, replicas: int = 0) -> Mapping:
    """The body of `settings`; without an interval an index that nobody searches is not refreshed."""
    fields = sum(2 + len(path.last.slots) * 2 for path in collection.paths)
    return {
        "number_of_shards": 1,
        "number_of_replicas": replicas,
        **({"refresh_interval": refresh_interval} if refresh_interval else {}),
        # While nobody searches, an import is not slowed down by refreshes; the next search waits for one.
        "search.idle.after": "5s",
        "gc_deletes": "1h",
        "mapping.total_fields.limit": 1_000 + 2 * fields,
        "mapping.nested_fields.limit": 100 + len(collection.paths),
        "mapping.nested_objects.limit": 100_000,
        "mapping.depth.limit": 100,
        "mapping.field_name_length.limit": 10_000,
        "max_inner_result_window": 1_000,
        "max_regex_length": 1_000_000,
        "highlight.max_analyzed_offset": 1_000_000,
    }


def mapping_changes(known: Mapping, wanted: Mapping) -> Iterator[str]:
    """What differs between the mapping that an index has and the one that it should have, a line a field."""
    before, after = mapping_fields(known), mapping_fields(wanted)
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield f"{ADDED} {name}: {after[name]}"
        elif name not in after:
            yield f"- {name}: {before[name]}"
        elif before[name] != after[name]:
            yield f"~ {name}: {before[name]} becomes {after[name]}"


def mapping_fields(mapping: Mapping, prefix: str = "") -> dict[str, str]:
    """Every field with what it is, less what is so anyway: Elasticsearch names some of that, and some of it not."""
    found: dict[str, str] = {}
    for name, node in mapping.get("properties", {}).items():
        path = f"{prefix}{name}"
        own = {key: _shown(value) for key, value in node.items() if key not in ("properties", "dynamic")}
        own = dict(own.items() - _DEFAULTS)
        if own:
            found[path] = ", ".join(f"{key} {value}" for key, value in sorted(own.items()))
        found |= mapping_fields(node, f"{path}.")
    return found


def _shown(value: Any) -> str:
    """A value as text: of a list of one thing the thing, as Elasticsearch makes a list of what was none."""
    return str(value[0] if isinstance(value, list) and len(value) == 1 else value).lower()
