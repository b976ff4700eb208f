"""What records can be ordered by, and what it is called there."""

from models.collections.names import lower_first, upper_first
from models.collections.properties import Property, Shape

RELEVANCE_FIELD = "relevance"
"""How well the search is met: a name in the order of every collection."""


def is_ordered(prop: Property) -> bool:
    """Whether records can be ordered by a property: one scalar value that is indexed."""
    return prop.is_indexed and prop.kind.ordered is not None and not prop.many


def own_relevance(shape: Shape) -> str:
    """What a property `relevance` of the records is called in their order: prefixed by the type."""
    return lower_first(shape.type_name) + upper_first(RELEVANCE_FIELD)


def order_field(shape: Shape, prop: Property, *, root: bool) -> str:
    """The name of a property in the order of `shape`, which is that of the records where `root`."""
    return own_relevance(shape) if root and prop.field == RELEVANCE_FIELD else prop.field


def ordered_by(shape: Shape, name: str, *, root: bool) -> Property:
    """The property that an order names."""
    named = RELEVANCE_FIELD if root and RELEVANCE_FIELD in shape.properties and name == own_relevance(shape) else name
    return shape.properties[named]
