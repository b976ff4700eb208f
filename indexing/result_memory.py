"""The answers that one process keeps: as many bytes as it is allowed, the last used longest."""

from collections import OrderedDict
from dataclasses import dataclass

from metrics import RESULT_BYTES, RESULT_ENTRIES, RESULT_EVICTIONS

OVERHEAD = 400
"""Bytes that an entry takes beside its body, about."""


@dataclass(slots=True)
class Kept:
    """An answer, and the moment that it is of. Without a body it says that this question has none that may be kept."""

    stamp: bytes
    body: bytes
    is_shared: bool = False


class ResultMemory:
    """Answers by their keys, of at most `most` bytes together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()

    def get(self, key: bytes, stamp: bytes) -> Kept | None:
        """What is kept, if it is of the moment `stamp`."""
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp:
            return None
        self._kept.move_to_end(key)
        return kept

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an answer in the place of an earlier one."""
        size = OVERHEAD + len(kept.body)
        if size > self._most:
            return
        if before := self._kept.pop(key, None):
            self._bytes -= OVERHEAD + len(before.body)
        self._kept[key] = kept
        self._bytes += size
        while self._bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= OVERHEAD + len(oldest.body)
            RESULT_EVICTIONS.inc()
        RESULT_BYTES.set(self._bytes)
        RESULT_ENTRIES.set(len(self._kept))
