"""The buckets of numeric intervals: where they begin and end, also where steps so wide are beyond all numbers."""

import sys

_MOST = sys.float_info.max


def bounds_of(key: float | str, interval: float) -> tuple[float | None, float | None]:
    """Where the bucket with this key of Elasticsearch's begins and ends; `None` is open.

    What lies so far away that its steps can't be counted is one bucket, with the key `"Infinity"` or `"-Infinity"`.
    """
    start = float(key)
    if start > _MOST:
        return _MOST * min(interval, 1.0), None
    if start < -_MOST:
        return None, -(_MOST * interval if interval < 1 else _MOST // interval * interval)
    end = start + interval
    return start, None if end > _MOST else end
