"""Where things stand in an Elasticsearch document: the one place that names its fields.

A document is `{key, seq, revision, createdAt, updatedAt, data, r, n, t, s}`. `data` is the record as stored and is only
returned; `r` holds flat fields for filters, order and facets, `n` the lists of objects whose elements are kept apart,
`t` the words by path, for search and highlights, `s` what is offered while one types. Elasticsearch itself fills `w`
with the words of `t` as they are written, where an analyzer takes their stems.
"""

import re

from models.collections.kinds import TEXT_SLOT, VALUE
from models.collections.properties import Path

FLAT, NESTED, TEXTS, COMPLETIONS, DATA = "r", "n", "t", "s", "data"
PLAIN_WORDS = "w"
KEY, SEQUENCE, REVISION, CREATED, UPDATED = "key", "seq", "revision", "createdAt", "updatedAt"
MAX_ELEMENTS = 100_000
"""How many elements of lists of objects are kept apart in a document, as `settings_of` allows."""
ENVELOPE = (REVISION, CREATED, UPDATED)
"""What is returned of a record beside its properties; its number and its key stand in its place in the order."""
_ODD = re.compile(r"[^\w-]+", re.ASCII)


def field(path: Path, slot: str = VALUE) -> str:
    """The field of a slot, for a filter or an order: inside a list of objects it is the element's."""
    return f"{NESTED if path.nested else FLAT}.{path.index}{slot}"


def flat(path: Path, slot: str = VALUE) -> str:
    """The field at the root, where a facet counts records and not elements."""
    return f"{FLAT}.{path.index}{slot}"


def stored(name: str) -> str:
    """The path of a property in the record as stored, as `filter_path` takes it.

    What means something there or in an address stands for anything, and what else is found so is read by nobody.
    """
    return f"{DATA}.{_ODD.sub('*', name)}"


def nested(path: Path) -> str:
    """The Elasticsearch path of a list of objects."""
    return f"{NESTED}.{path.index}"


def text(path: Path) -> str:
    """The words of a full text property, all of a record's together."""
    return f"{TEXTS}.{path.index}"


def numbered(record_id: int) -> str:
    """What stands for the key of a record that has none, so that there is an order."""
    return f"{record_id:020d}"


def completions(path: Path) -> str:
    """The values of a property that are offered while one types, each in the form of `indexing.completions`."""
    return f"{COMPLETIONS}.{path.index}"


def completion_words(path: Path) -> str:
    """Their words, folded."""
    return f"{COMPLETIONS}.{path.index}{TEXT_SLOT}"


def element_text(path: Path) -> str:
    """The words of a full text property in one element of a list of objects."""
    return field(path, TEXT_SLOT)
