"""Follows the references of a JSON Schema in a collection file, and remembers in which place each keyword stands."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from models.collections.keywords import KEYWORDS, TYPES
from models.collections.source import Pointer, Source, did_you_mean

Schema = dict[str, Any]
ALTERNATIVES = ("oneOf", "anyOf")
CLOSING = ("additionalProperties", "unevaluatedProperties")
"""With `false` they leave an object no other properties than its own."""


@dataclass(frozen=True)
class Resolved:
    """A schema with its references followed; `where` tells in which place of the file each keyword stands."""

    schema: Schema
    where: dict[str, Pointer]
    at: Pointer
    refs: frozenset[str] = frozenset()

    def pointer(self, keyword: str) -> Pointer:
        return (*self.where.get(keyword, self.at), keyword)

    def home(self, name: str) -> Pointer:
        """The mapping in which the property `name` stands; nowhere if there is none."""
        if name not in self.schema.get("properties", ()):
            return ()
        return self.where.get(f"properties/{name}", self.pointer("properties"))


@dataclass(frozen=True)
class Branch:
    """One alternative of a `oneOf` or `anyOf`."""

    resolved: Resolved
    names: tuple[str, ...]
    """What its schema calls it, the best name first."""
    exclusive: bool
    """Whether a value of it can't be one of the others: it is of `oneOf`."""


class Resolver:
    """Reads the parts of one file's schema; what is wrong goes to the source's problems."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def resolve(self, pointer: Pointer) -> Resolved:
        """The schema at `pointer`, with `$ref`, `allOf` and what is the only alternative (but null) folded into it."""
        schema: Schema = {}
        where: dict[str, Pointer] = {}
        refs: set[str] = set()
        self._gather(pointer, schema, where, refs)
        return Resolved(schema, where, pointer, frozenset(refs))

    def _gather(self, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]) -> None:
        node = self._at(at)
        if isinstance(node, bool):
            return
        if not isinstance(node, dict):
            self.source.problem(at, "a schema must be a mapping")
            return
        self._check_keywords(node, at)
        for keyword, value in node.items():
            if keyword == "properties" and isinstance(value, dict) and isinstance(schema.get("properties"), dict):
                for name in value:
                    where.setdefault(f"properties/{name}", (*at, "properties"))
                schema["properties"] = {**value, **schema["properties"]}
            elif keyword == "required" and isinstance(value, list):
                schema["required"] = [*schema.get("required", []), *value]
            elif keyword not in schema:
                schema[keyword] = value
                where[keyword] = at
            elif keyword in ALTERNATIVES:  # several at once, which no single one tells
                schema |= {one: [] for one in ALTERNATIVES if one not in schema}
        for position, _ in enumerate(node.get("allOf") or []):
            self._gather((*at, "allOf", position), schema, where, refs)
        self._follow(node, at, schema, where, refs)
        self._fold_single(node, at, schema, where, refs)

    def _follow(self, node: Schema, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]) -> None:
        ref = node.get("$ref")
        if not isinstance(ref, str) or ref in refs:
            return
        target = self._target(ref)
        if target is None:
            names = (self.source.data.get("schema", {}) or {}).get("$defs", {})
            advice = did_you_mean(ref, [f"#/$defs/{quote(name)}" for name in names])
            self.source.problem((*at, "$ref"), f"{ref} points to nothing in this schema{advice}")
            return
        refs.add(ref)
        self._gather(target, schema, where, refs)

    def _fold_single(
        self, node: Schema, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]
    ) -> None:
        for keyword in ALTERNATIVES:
            options = node.get(keyword)
            if not isinstance(options, list):
                continue
            kept = [i for i, option in enumerate(options) if not is_null(option)]
            if len(kept) == 1:
                schema.pop(keyword, None)
                self._gather((*at, keyword, kept[0]), schema, where, refs)
            if len(kept) < len(options):
                schema["nullable"] = True

    def branches(self, resolved: Resolved, above: frozenset[str] = frozenset()) -> list[Branch]:
        """The alternatives of `oneOf` or `anyOf` but null, those inside alternatives too, each with what is beside it.

        None where both stand together or one leads to itself: then no value is told by an alternative.
        """
        keywords = [keyword for keyword in ALTERNATIVES if keyword in resolved.schema]
        if len(keywords) != 1 or above & resolved.refs:
            return []
        (keyword,) = keywords
        found: list[Branch] = []
        for position, option in enumerate(resolved.schema[keyword]):
            if is_null(option):
                continue
            inner = self.resolve((*resolved.pointer(keyword), position))
            if any(one in inner.schema for one in ALTERNATIVES):
                deeper = self.branches(_beside(inner, resolved), above | resolved.refs)
                if not deeper:
                    return []
                found.extend(replace(one, exclusive=one.exclusive and keyword == "oneOf") for one in deeper)
            else:
                found.append(Branch(_beside(inner, resolved), _names(option, inner), keyword == "oneOf"))
        return found

    def _at(self, pointer: Pointer) -> Any:
        node = self.source.data
        for step in pointer:
            node = node[step]
        return node

    def _target(self, ref: str) -> Pointer | None:
        if ref != "#" and not ref.startswith("#/"):
            return None
        pointer: Pointer = ("schema",)
        node = self.source.data.get("schema")
        for raw in ref[1:].split("/")[1:]:
            step = unquote(raw).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and step.isdigit() and int(step) < len(node):
                node, pointer = node[int(step)], (*pointer, int(step))
            elif isinstance(node, dict) and step in node:
                node, pointer = node[step], (*pointer, step)
            else:
                return None
        return pointer

    def _check_keywords(self, node: Schema, at: Pointer) -> None:
        for keyword in node.keys() - KEYWORDS:
            near = did_you_mean(keyword, KEYWORDS)
            if near.startswith(" (did you mean"):
                self.source.problem((*at, keyword), f"keyword {keyword!r} is not known{near}")
        given = node.get("type")
        for one in given if isinstance(given, list) else [given] if given is not None else []:
            if one not in TYPES:
                self.source.unknown((*at, "type"), "type", str(one), TYPES)
        if node.get("enum") == []:
            self.source.problem((*at, "enum"), "enum must list at least one value: nothing could ever be stored")


def is_null(option: Any) -> bool:
    """Whether an alternative is null alone."""
    return isinstance(option, dict) and option.get("type") in ("null", ["null"])


def _names(option: Any, branch: Resolved) -> tuple[str, ...]:
    """The title, and the last step of the reference."""
    ref = option.get("$ref") if isinstance(option, dict) else None
    named = (branch.schema.get("title"), unquote(ref.rpartition("/")[2]) if isinstance(ref, str) else None)
    return tuple(name for name in named if isinstance(name, str) and name)


def _beside(branch: Resolved, outer: Resolved) -> Resolved:
    """An alternative with the properties that stand beside all alternatives."""
    own, shared = (one.schema.get("properties") or {} for one in (branch, outer))
    where = {f"properties/{name}": branch.home(name) or outer.home(name) for name in (*own, *shared)}
    schema = {key: outer.schema[key] for key in ("type", *CLOSING) if key in outer.schema} | branch.schema
    if where:
        schema["properties"] = {**shared, **own}
        schema["required"] = [*branch.schema.get("required", ()), *outer.schema.get("required", ())]
    return replace(branch, schema=schema, where=branch.where | where)
