"""Finds the collection that a command names."""

from errors import BadUserInput
from models.collections.loading import Catalog
from models.collections.properties import Collection
from models.collections.source import did_you_mean


def chosen(catalog: Catalog, name: str) -> Collection:
    """The collection called `name`. Raises `BadUserInput` with the nearest name."""
    collection = catalog.get(name)
    if collection is None:
        raise BadUserInput(f"There is no collection {name!r}{did_you_mean(name, catalog.collections)}.")
    return collection
