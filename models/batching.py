"""What dataloaders have in common: all that is asked for in one tick is one batch, and nothing is kept."""

from typing import Any, TypeVar

from aiodataloader import DataLoader

K = TypeVar("K")
V = TypeVar("V")


class Batches(DataLoader[K, V]):
    """A dataloader that goes with its last user: without a circle in it nothing waits for the garbage collector."""

    def __init__(self) -> None:
        super().__init__(cache=False)

    def get_cache_key(self, key: Any) -> Any:
        """The key itself. Where the class has no such method, each loader gets a function that holds the loader."""
        return key
