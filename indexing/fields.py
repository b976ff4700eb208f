"""Where things stand in an Elasticsearch document: the one place that names its fields.

A document is `{key, seq, revision, createdAt, updatedAt, data, r, n, t}`. `data` is the record as stored and is only
returned; `r` holds flat fields for filters, order and facets, `n` the lists of objects whose elements are kept apart,
`t` the words by path, for search and highlights.
"""

from models.collections.kinds import TEXT_SLOT, VALUE
from models.collections.properties import Path

FLAT, NESTED, TEXTS, DATA = "r", "n", "t", "data"
KEY, SEQUENCE, REVISION, CREATED, UPDATED = "key", "seq", "revision", "createdAt", "updatedAt"
SOURCE_ENVELOPE = (KEY, REVISION, CREATED, UPDATED)


def field(path: Path, slot: str = VALUE) -> str:
    """The field of a slot, for a filter or an order: inside a list of objects it is the element's."""
    return f"{NESTED if path.nested else FLAT}.{path.index}{slot}"


def flat(path: Path, slot: str = VALUE) -> str:
    """The field at the root, where a facet counts records and not elements."""
    return f"{FLAT}.{path.index}{slot}"


def nested(path: Path) -> str:
    """The Elasticsearch path of a list of objects."""
    return f"{NESTED}.{path.index}"


def text(path: Path) -> str:
    """The words of a full text property, all of a record's together."""
    return f"{TEXTS}.{path.index}"


def element_text(path: Path) -> str:
    """The words of a full text property in one element of a list of objects."""
    return field(path, TEXT_SLOT)
