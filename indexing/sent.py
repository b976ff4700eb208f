"""What of Elasticsearch's answer to searches is sent: the `filter_path` of their request.

Elasticsearch takes out of a stored document what is selected while it writes the answer. A list of properties as
`_source` would have it write each document anew for itself before that.
"""

from collections.abc import Iterable
from functools import lru_cache

from indexing.stats import LISTED

STATE = ("timed_out", "_shards.failures", "error", "status")
"""What tells whether an answer is whole."""
PLACE = "hits.hits.sort"
"""Sent of each hit: one of which nothing is sent would be missing among the others."""
TOTAL, SCORE = "hits.total", "hits.hits._score"
HIGHLIGHTS, EXPLANATION = "hits.hits.highlight", "hits.hits._explanation"
AGGREGATIONS, SUGGESTIONS = "aggregations", "suggest"
LISTED_VALUES = f"-**.{LISTED}.buckets"
"""Not sent: they are counted."""
MAX_LENGTH = 3_000
"""Of the paths together: the first line of a request may have 4,096 bytes."""
_SOURCE = "hits.hits._source"
Paths = tuple[str, ...]


def of_source(fields: Iterable[str]) -> Paths:
    """The paths of what is returned of each document."""
    return tuple(f"{_SOURCE}.{field}" for field in fields)


@lru_cache(maxsize=500)
def filter_path(each: tuple[Paths, ...], *, above: str = "") -> str:
    """What is sent of answers that need these paths; `above` is the path of the answers in that of their request."""
    paths = dict.fromkeys(path for paths in each for path in (*STATE, *paths))
    if sum(map(len, paths)) + len(paths) * len(f"{above},") > MAX_LENGTH:
        paths = dict.fromkeys(_SOURCE if path.startswith(_SOURCE) else path for path in paths)
    return ",".join(path if path.startswith("-") else f"{above}{path}" for path in paths)
