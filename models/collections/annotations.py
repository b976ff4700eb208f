"""Reads what a collection file says besides JSON Schema: `x-search`, `x-link`, `x-access`, `access`."""

import math
from typing import Any

from models.collections.access import ACTIONS, PUBLIC, Access, Grant
from models.collections.kinds import STRING, Kind
from models.collections.names import is_name, link_name
from models.collections.properties import Facet, LinkSpec, PropertyAccess, Search
from models.collections.source import Pointer, Source

SEARCH_KEYS = ("text", "boost", "suggest", "facet")
FACET_KEYS = ("interval", "calendarInterval", "ranges")
LINK_KEYS = ("collection", "as", "reverse", "include")
CALENDAR = ("year", "quarter", "month", "week", "day", "hour", "minute")
NOT_INDEXED = Search(indexed=False)


def known_keys(source: Source, at: Pointer, given: Any, known: tuple[str, ...], what: str) -> dict[str, Any]:
    """`given` as a mapping with known keys alone; anything else is reported."""
    if not isinstance(given, dict):
        source.problem(at, f"{what} must be a mapping with {', '.join(known)}")
        return {}
    for key in given:
        if key not in known:
            source.unknown((*at, key), f"{what} key", key, known)
    return {key: value for key, value in given.items() if key in known}


def read_search(source: Source, at: Pointer, given: Any) -> Search:
    """The `x-search` at `at`; its facet and its text are checked against the kind by `fit_search`."""
    if given is False:
        return NOT_INDEXED
    if given is True:
        return Search()
    keys = known_keys(source, at, given, SEARCH_KEYS, "x-search")
    boost = keys.get("boost", 1)
    if isinstance(boost, bool) or not isinstance(boost, int | float) or not 0 < boost <= 1_000_000:
        source.problem((*at, "boost"), "boost must be a number above 0")
        boost = 1
    text = keys.get("text")
    if text is not None and not (isinstance(text, str) and text):
        source.problem((*at, "text"), "text must name an analyzer, such as standard or english")
        text = None
    suggest = keys.get("suggest", False)
    if not isinstance(suggest, bool):
        source.problem((*at, "suggest"), "suggest must be true or false")
    return Search(
        analyzer=text,
        boost=float(boost),
        suggest=suggest is True,
        facet=_facet(source, (*at, "facet"), keys.get("facet")),
    )


def _facet(source: Source, at: Pointer, given: Any) -> Facet | None:  # noqa: PLR0911 - one line a form
    if given is None or given is False:
        return None
    if given is True:
        return Facet("terms")
    keys = known_keys(source, at, given, FACET_KEYS, "facet")
    if len(keys) != 1:
        source.problem(at, "facet must be true or have one of interval, calendarInterval, ranges")
        return None
    (how, value), *_ = keys.items()
    if how == "interval":
        if not _is_number(value) or value <= 0:
            source.problem((*at, how), "interval must be a number above 0")
            return None
        return Facet("interval", interval=float(value))
    if how == "calendarInterval":
        if value not in CALENDAR:
            source.unknown((*at, how), "calendarInterval", str(value), CALENDAR)
            return None
        return Facet("calendarInterval", calendar=value)
    return _ranges(source, (*at, how), value)


def _ranges(source: Source, at: Pointer, given: Any) -> Facet | None:
    if not isinstance(given, list) or not given:
        source.problem(at, "ranges must be a list of {from, to}")
        return None
    ranges = []
    for position, one in enumerate(given):
        keys = known_keys(source, (*at, position), one, ("from", "to"), "range")
        if not keys or not all(map(_is_number, keys.values())):
            source.problem((*at, position), "a range needs from, to or both, as numbers")
            continue
        if not keys.get("from", -math.inf) < keys.get("to", math.inf):
            source.problem((*at, position), "the from of a range must be less than its to")
            continue
        ranges.append((keys.get("from"), keys.get("to")))
    return Facet("ranges", ranges=tuple(ranges))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def fit_search(source: Source, at: Pointer, search: Search, kind: Kind, name: str) -> None:
    """Report a facet or a text that the kind of the property does not allow."""
    facet = search.facet
    if facet and facet.how not in kind.facets:
        wanted = "facet: true" if facet.how == "terms" else facet.how
        advice = f"; {kind.name} allows {', '.join(sorted(kind.facets))}" if kind.facets else ""
        source.problem((*at, "facet"), f"{wanted} does not fit {name}, which is {kind.name}{advice}")
    if search.analyzer and kind is not STRING:
        advice = ": leave out the text or the format" if kind.is_string else ""
        source.problem((*at, "text"), f"only strings can be full text; {name} is {kind.name}{advice}")


def read_link(source: Source, at: Pointer, given: Any, name: str) -> LinkSpec | None:
    """The `x-link` of the property called `name`; whether its collection exists is checked later."""
    keys = known_keys(source, at, given, LINK_KEYS, "x-link")
    collection = keys.get("collection")
    if not isinstance(collection, str):
        source.problem(at, "x-link needs collection: the name of the collection that the value is a key of")
        return None
    include = keys.get("include", [])
    if not isinstance(include, list) or not all(isinstance(one, str) for one in include):
        source.problem((*at, "include"), "include must be a list of property names")
        include = []
    names = {key: keys.get(key) for key in ("as", "reverse")}
    for key, value in names.items():
        if value is not None and not (isinstance(value, str) and is_name(value)):
            source.problem((*at, key), f"{key} must be a GraphQL name (letters, digits and _)")
            names[key] = None
    return LinkSpec(collection, names["as"] or link_name(name), names["reverse"], tuple(include), at)


def read_property_access(source: Source, at: Pointer, given: Any) -> PropertyAccess:
    keys = known_keys(source, at, given, ("read", "write"), "x-access")
    roles = {key: _roles(source, (*at, key), value) for key, value in keys.items()}
    return PropertyAccess(roles.get("read"), roles.get("write"))


def _roles(source: Source, at: Pointer, given: Any) -> frozenset[str]:
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(role, str) and role for role in listed):
        source.problem(at, "give a role or a list of roles")
        return frozenset()
    return frozenset(listed)


def read_access(source: Source, at: Pointer, given: Any) -> Access:
    """The `access` of a collection; what it leaves out is as if there were none: public to read, `admin` to write."""
    keys = known_keys(source, at, given, (*ACTIONS, "write", "set"), "access")
    grants = {key: _grants(source, (*at, key), value) for key, value in keys.items() if key != "set"}
    write = grants.get("write", ())
    on_create = known_keys(source, (*at, "set"), keys.get("set") or {}, ("create",), "set").get("create") or {}
    if not isinstance(on_create, dict):
        source.problem((*at, "set", "create"), "set must be {create: {property: value}}")
        on_create = {}
    return Access(
        read=grants.get("read", (Grant(PUBLIC),)),
        create=grants.get("create", write),
        update=grants.get("update", write),
        delete=grants.get("delete", write),
        history=grants.get("history"),
        set_on_create=on_create,
    )


def _grants(source: Source, at: Pointer, given: Any) -> tuple[Grant, ...]:
    found = []
    listed = given if isinstance(given, list) else [given]
    for position, one in enumerate(listed):
        here = (*at, position) if isinstance(given, list) else at
        if isinstance(one, str) and one:
            found.append(Grant(one))
        elif isinstance(one, dict) and isinstance(one.get("role"), str):
            keys = known_keys(source, here, one, ("role", "where"), "grant")
            found.append(Grant(keys["role"], keys.get("where")))
        else:
            source.problem(here, "a grant is a role, or {role: …, where: …}")
    return tuple(found)
