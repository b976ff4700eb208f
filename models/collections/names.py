"""Names: what a collection or a property is called in GraphQL and in the index."""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import inflect

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = re.compile(r"[^\W_]+", re.ASCII)
_PLAIN = re.compile(r"[^A-Za-z0-9_-]")
_RESERVED_ENUM = frozenset({"true", "false", "null"})


def is_name(text: str) -> bool:
    """Whether GraphQL allows `text` as a name that is not its own (`__…`)."""
    return bool(_NAME.fullmatch(text)) and not text.startswith("__")


def field_name(text: str) -> str | None:
    """`text` if GraphQL allows it, else in camelCase; `None` if nothing is left of it."""
    if is_name(text):
        return text
    words = _WORDS.findall(text)
    if not words:
        return None
    joined = words[0][0].lower() + words[0][1:] + "".join(w[0].upper() + w[1:] for w in words[1:])
    return f"_{joined}" if joined[0].isdigit() else joined


def enum_name(text: str) -> str:
    """The GraphQL name of an enum value: as it is, or with `_` for what is not allowed."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text) or "_"
    if name[0].isdigit() or name in _RESERVED_ENUM:
        name = f"_{name}"
    return f"_{name.lstrip('_')}" if name.startswith("__") else name


def lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def plural_of(name: str) -> str:
    """The default query field of a collection: its name, camelCased, pluralised."""
    start, last = re.fullmatch(r"(.*?)([A-Z]?[^A-Z]*)", lower_first(name)).groups()  # type: ignore[union-attr]
    plural = _english().plural_noun(last) or f"{last}s"
    return lower_first(start + upper_first(plural) if start else plural)


@cache
def _english() -> "inflect.engine":
    """The rules of English; loaded only where a file doesn't name its plural."""
    import typeguard

    # So decorated, each function of inflect is read, rewritten and compiled anew when it is loaded, to check what it is
    # given: more than a second of every start.
    decorated, typeguard.typechecked = typeguard.typechecked, lambda function: function  # type: ignore[assignment]
    try:
        import inflect
    finally:
        typeguard.typechecked = decorated
    return inflect.engine()


def words_of(name: str) -> str:
    """A name as words for a description: `acquisitionYear` is `acquisition year`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(w if w.isupper() else w.lower() for w in re.split(r"[\W_]+", spaced) if w)


def link_name(name: str) -> str:
    """The default of `as`: the name without `Id`, `Ids` or `_id`."""
    short = re.sub(r"(_ids?|Ids?)$", "", name)
    return short if short and short != name else f"{name}Record"


def index_name(name: str) -> str:
    """A property's name as one step of an Elasticsearch field path: dots, stars and the like encoded."""
    return _PLAIN.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), name) or "%"
