"""Loads a folder of collection files into a catalog, or says everything that is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import jsonschema_rs

from errors import CollectionErrors
from models.collections.access import ACTIONS
from models.collections.annotations import known_keys, read_access
from models.collections.building import ENVELOPE, ShapeBuilder
from models.collections.extras import Extras
from models.collections.kinds import ENUM, INT, JSON, LINK, LONG, MOMENTS
from models.collections.names import is_name, lower_first, plural_of, upper_first
from models.collections.orders import RELEVANCE_FIELD, is_ordered, own_relevance
from models.collections.properties import (
    MAX_PATHS,
    ROOT,
    Collection,
    LinkSpec,
    OrderSpec,
    Path,
    Property,
    SearchSettings,
    Shape,
)
from models.collections.rule_checks import check_value, check_where
from models.collections.rules import ROLES
from models.collections.source import Pointer, Problems, Source, did_you_mean, read_source
from models.collections.type_names import RESERVED_NAMES
from models.collections.validation import RecordValidator, check_schema

KEYS = ("name", "plural", "key", "description", "schema", "access", "synonyms", "defaultOrder", "search")
UNNAMED = "Unnamed"
"""Stands for a collection whose name is wrong, so that its other errors are found too."""
SUFFIXES = (".yaml", ".yml", ".json")
RESERVED_FIELDS = frozenset(
    "node nodes search collections task tasks source sources deadLetters viewer users tokens".split()
)


@dataclass(frozen=True)
class Catalog:
    """All collections, by name, and what extensions add beside them."""

    collections: Mapping[str, Collection] = field(default_factory=dict)
    extras: Extras = field(default_factory=Extras)

    def __iter__(self) -> Iterator[Collection]:
        return iter(self.collections.values())

    def __getitem__(self, name: str) -> Collection:
        return self.collections[name]

    def get(self, name: str) -> Collection | None:
        return self.collections.get(name)

    def links_to(self, target: str) -> Iterator[tuple[Collection, Path]]:
        """Every link that names records of `target`, with the collection that it starts from."""
        for collection in self:
            for path in collection.links:
                if path.last.link and path.last.link.collection == target:
                    yield collection, path


def load_catalog(folder: FilePath) -> Catalog:
    """The collections described by the files of `folder`. Raises `CollectionErrors` with all errors at once."""
    problems = Problems()
    if not folder.is_dir():
        raise CollectionErrors([f"{folder}:1: there is no such folder: give the folder of the collection files"])
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
    if not files:
        problems.add(str(folder), 1, f"no collection file ({', '.join('*' + s for s in SUFFIXES)}) in this folder")
    sources = [source for path in files if (source := read_source(path, problems))]
    read = [(source, collection) for source in sources if (collection := _read(source))]
    _unique(read)
    catalog = Catalog({collection.name: collection for _, collection in read})
    for source, collection in read:
        _connect(source, collection, catalog)
        _finish(source, collection)
    _reverses(read, catalog)
    if problems.found:
        raise CollectionErrors(problems.lines)
    return catalog


def _read(source: Source) -> Collection | None:
    """The collection of a file; `None` where nothing could be called by its name. Links are checked later."""
    if not isinstance(source.data, dict):
        source.problem((), f"a collection file is a mapping with {', '.join(KEYS)}")
        return None
    data = known_keys(source, (), source.data, KEYS, "collection")
    name = _name(source, data.get("name"))
    description = str(data.get("description") or f"A record of the collection {name or UNNAMED}.")
    if not isinstance(data.get("schema"), dict):
        source.problem(("schema",), "schema must be the JSON Schema of a record")
        return None
    builder, shape, validator = _schema(source, name or UNNAMED, description)
    collection = Collection(
        name=name or UNNAMED,
        plural=_plural(source, data.get("plural"), name or UNNAMED),
        description=description,
        key=_key(source, data.get("key"), shape),
        shape=shape,
        schema=data["schema"],
        access=read_access(source, ("access",), data.get("access") or {}),
        synonyms=_synonyms(source, data.get("synonyms")),
        search=_search(source, data.get("search")),
        file=source.file,
        type_names=frozenset(builder.names.own),
        validator=validator,
    )
    return collection if name else None


def _name(source: Source, given: Any) -> str | None:
    if not isinstance(given, str) or not given.isalnum() or not given.isascii() or not given[0].isalpha():
        source.problem(("name",), "name must be letters and digits, such as Artwork: it names the GraphQL type")
        return None
    if given in RESERVED_NAMES:
        source.problem(("name",), f"{given} is a type of Catalograph's own: take another name")
    return given


def _schema(source: Source, name: str, description: str) -> tuple[ShapeBuilder, Shape, RecordValidator | None]:
    """What a schema says; a validator only if nothing is wrong with it, which would else be said twice."""
    before = len(source.problems.found)
    check_schema(source)
    builder = ShapeBuilder(source, name)
    shape = builder.root(("schema",), description)
    intact = len(source.problems.found) == before
    return builder, shape, _validator(source, source.data["schema"], shape) if intact else None


def _validator(source: Source, schema: dict[str, Any], shape: Shape) -> RecordValidator | None:
    try:
        return RecordValidator(schema, shape)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        source.problem(("schema",), f"the schema can't be compiled: {error}".splitlines()[0])
        return None


def _plural(source: Source, given: Any, name: str) -> str:
    plural = plural_of(name) if given is None else given
    if not isinstance(plural, str) or not is_name(plural):
        source.problem(("plural",), "plural must be a GraphQL name (letters, digits and _)")
        return plural_of(name)
    if plural == lower_first(name):
        source.problem(("plural",), f"plural {plural!r} is the name of one record too: give another plural")
    return plural


def _synonyms(source: Source, given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    lines = given if isinstance(given, list) else []
    if not lines or not all(isinstance(line, str) and ("," in line or "=>" in line) for line in lines):
        source.problem(("synonyms",), 'synonyms must be a list such as ["watercolour, watercolor", "ny => new york"]')
        return ()
    return tuple(lines)


def _search(source: Source, given: Any) -> SearchSettings:
    keys = known_keys(source, ("search",), given or {}, ("fuzzy", "prefix"), "search")
    for key, value in keys.items():
        if not isinstance(value, bool):
            source.problem(("search", key), f"{key} must be true or false")
    return SearchSettings(fuzzy=keys.get("fuzzy") is True, prefix=keys.get("prefix") is True)


def _key(source: Source, given: Any, shape: Shape) -> Property | None:
    if given is None:
        return None
    by_name = {prop.name: prop for prop in shape.properties.values() if prop.kind is not LINK}
    prop = by_name.get(str(given))
    if prop is None:
        source.problem(("key",), f"key {given!r} is not among the properties{did_you_mean(str(given), by_name)}")
    elif prop.many or not (prop.kind.is_string or prop.kind in (INT, LONG, ENUM, *MOMENTS)):
        source.problem(("key",), f"key {given!r} must be a string or an integer")
        return None
    elif prop.access and prop.access.read is not None:
        source.problem(("key",), f"key {given!r} names a record to everybody, so that x-access.read can't hide it")
    return prop


def _unique(read: list[tuple[Source, Collection]]) -> None:
    names: dict[str, Source] = {}
    fields: dict[str, str] = dict.fromkeys(RESERVED_FIELDS, "Catalograph itself")
    for source, collection in read:
        folded = collection.name.casefold()
        if folded in names:
            source.problem(("name",), f"name {collection.name} is taken by {names[folded].file}")
            continue
        names[folded] = source
        if collection.name in RESERVED_NAMES:
            continue  # that is said already
        upsert = f"upsert{upper_first(collection.plural)}"
        own = (collection.single, collection.plural, f"{collection.single}Suggestions", upsert)
        if taken := [name for name in own if name in fields]:
            source.problem(("plural",), f"the field {taken[0]} is taken by {fields[taken[0]]}: give another plural")
        fields |= dict.fromkeys(own, collection.name)
    _distinct_types([pair for pair in read if names.get(pair[1].name.casefold()) is pair[0]])


def _distinct_types(read: list[tuple[Source, Collection]]) -> None:
    """Report two collections of which types would have one name, such as `Work` and `WorkOrder`."""
    makers: dict[str, str] = {}
    for source, collection in read:
        if collection.name in RESERVED_NAMES:
            continue  # that is said already
        for type_name in sorted(collection.type_names):
            maker = "Catalograph itself" if type_name in RESERVED_NAMES else makers.get(type_name)
            if maker:
                source.problem(("name",), f"the type {type_name} is made by {maker} too: take another name")
                break
        makers |= dict.fromkeys(collection.type_names, collection.name)


def _connect(source: Source, collection: Collection, catalog: Catalog) -> None:
    """Give every link its target: the properties that it includes."""
    searched = set(collection.shape.walk(through_links=False, indexed=True))
    for prop, spec in list(_links(collection)):
        if prop not in searched:
            for key in [key for key, value in (("reverse", spec.reverse), ("include", spec.include)) if value]:
                source.problem(
                    (*spec.at, key), f"{key} needs searches, which x-search: false leaves {prop.name} out of"
                )
        target = catalog.get(spec.collection)
        if target is None:
            advice = did_you_mean(spec.collection, catalog.collections)
            source.problem((*spec.at, "collection"), f"there is no collection {spec.collection!r}{advice}")
            continue
        if target.key is None:
            source.problem((*spec.at, "collection"), f"{target.name} has no key, so nothing can link to it")
        _include(source, prop, spec, target)


def _reverses(read: list[tuple[Source, Collection]], catalog: Catalog) -> None:
    """Report a reverse field whose name its target has already; one `x-link` makes one, wherever its schema is used."""
    taken: dict[str, dict[str, object]] = {c.name: dict.fromkeys((*ENVELOPE, *c.shape.properties)) for c in catalog}
    for source, collection in read:
        for _, spec in _links(collection):
            if not spec.reverse or spec.collection not in taken:
                continue
            known, maker = taken[spec.collection], (collection.name, spec.at)
            if known.setdefault(spec.reverse, maker) != maker:
                at = (*spec.at, "reverse")
                source.problem(at, f"{spec.collection} has a field {spec.reverse} already: name another")


def _include(source: Source, prop: Property, spec: LinkSpec, target: Collection) -> None:
    assert prop.shape
    by_name = {one.name: one for one in target.shape.properties.values() if one.kind is not LINK}
    for name in spec.include:
        found = by_name.get(name)
        if found is None:
            advice = did_you_mean(name, by_name)
            source.problem((*spec.at, "include"), f"{target.name} has no property {name!r} to include{advice}")
        elif not found.is_indexed:
            why = "x-search: false leaves it out of searches" if found.kind is not JSON else "it is JSON"
            source.problem((*spec.at, "include"), f"{name} of {target.name} can't be searched by: {why}")
        else:
            prop.shape.properties[found.field] = found


def _links(collection: Collection) -> Iterator[tuple[Property, LinkSpec]]:
    """A collection's own links, not those inside what a link includes."""
    for prop in collection.shape.walk(through_links=False):
        if prop.link:
            yield prop, prop.link


def _finish(source: Source, collection: Collection) -> None:
    collection.default_order = tuple(_orders(source, collection))
    if not collection.limit_paths():
        source.problem(
            ("schema",), f"the schema makes more than {MAX_PATHS} searchable properties: set x-search: false"
        )
    _rules(source, collection)
    if {RELEVANCE_FIELD, own_relevance(collection.shape)} <= collection.shape.properties.keys():
        at = ("schema", "properties", collection.shape.properties[RELEVANCE_FIELD].name)
        ordered = own_relevance(collection.shape)
        source.problem(at, f"{RELEVANCE_FIELD} is {ordered} in orders, which is a property too: name one with x-name")


def _rules(source: Source, collection: Collection) -> None:
    for action in ACTIONS:
        if action == "history" and collection.access.history is None:
            continue  # it has the grants of `read`
        at: Pointer = ("access", action if ("access", action) in source.lines else "write")
        for grant in collection.access.grants(action):
            if grant.where is not None:
                check_where(source, at, grant.where, collection.shape)
    by_name = {prop.name: prop for prop in collection.shape.properties.values() if prop.kind is not LINK}
    for name, value in collection.access.set_on_create.items():
        at = ("access", "set", "create", name)
        check_value(source, at, value)
        if name in by_name:
            by_name[name].server_set = True
            _check_set(source, at, collection, by_name[name], value)
        else:
            source.problem(at, f"{name!r} is not a property{did_you_mean(name, by_name)}")


def _check_set(source: Source, at: Pointer, collection: Collection, prop: Property, value: Any) -> None:
    """Report a value for new records that could never be stored."""
    if value == ROLES and not prop.many and prop.kind is not JSON:
        source.problem(at, f"set: {prop.name}: {ROLES} are several, {prop.name} is one")
    if collection.validator is None or (isinstance(value, str) and value.startswith("$")):
        return
    for problem in collection.validate({prop.name: value}):
        if problem.path[:1] == (prop.field,):
            source.problem(at, f"set: {'.'.join(problem.path)}: {problem.message}")


def _orders(source: Source, collection: Collection) -> Iterator[OrderSpec]:
    given = source.data.get("defaultOrder")
    if given is None:
        return
    for position, one in enumerate(given if isinstance(given, list) else [given]):
        at: Pointer = ("defaultOrder", position) if isinstance(given, list) else ("defaultOrder",)
        if not isinstance(one, dict) or len(one) != 1:
            source.problem(at, "defaultOrder must be a list such as [{acquisitionYear: DESC}]")
            continue
        spec = _order(source, at, one, collection.shape, ROOT)
        if spec:
            yield spec


def _order(source: Source, at: Pointer, given: dict[str, Any], shape: Shape, base: Path) -> OrderSpec | None:
    (name, value), *_ = given.items()
    prop = shape.properties.get(name) or next((p for p in shape.properties.values() if p.name == name), None)
    if prop is None:
        source.unknown(at, "property", name, shape.properties)
        return None
    path = base / prop
    if isinstance(value, dict) and len(value) == 1 and prop.shape:
        return _order(source, at, value, prop.shape, path)
    if value not in ("ASC", "DESC") or not is_ordered(prop):
        source.problem(at, f"{path.name} can't be ordered by {value!r}: give a scalar property ASC or DESC")
        return None
    return OrderSpec(path, value == "DESC")
