"""The order of a search: its sort clauses, and the cursors that name a place in it."""

import base64
import hashlib
import hmac
from typing import Any

import orjson

from errors import BadUserInput
from indexing.fields import KEY, SEQUENCE, field, flat, nested
from indexing.search_query import Alike, OrderKey, SortValues
from models.collections.kinds import EXISTS, ORDER
from models.collections.properties import Path

Clause = dict[str, Any]
_MAC_BYTES = 8


def sort_clauses(order: tuple[OrderKey, ...], *, backward: bool) -> list[Clause]:
    """Total order: the keys, then ties by record key ascending; what has no value comes last. Backward reverses all."""
    clauses = [clause for key in order for clause in _clauses(key, backward)]
    direction = "desc" if backward else "asc"
    return [*clauses, {KEY: {"order": direction}}, {SEQUENCE: {"order": direction}}]


def _clauses(key: OrderKey, backward: bool) -> list[Clause]:
    direction = "desc" if key.descending is not backward else "asc"
    # Of several values the one that comes first, whichever way is paged.
    mode = "max" if key.descending else "min"
    if key.path is None:
        return [{"_score": {"order": direction}}]
    if key.origin:
        return _distance(key.path, key.origin, direction, mode, backward)
    slot = key.path.last.kind.ordered
    assert slot
    body: dict[str, Any] = {"order": direction, "missing": "_first" if backward else "_last", "mode": mode}
    if slot == ORDER:
        return [{flat(key.path, slot): body}]
    return [{field(key.path, slot): body | _nesting(key.path)}]


def _nesting(path: Path) -> dict[str, Any]:
    """The `nested` part of a sort inside lists of objects, the outermost first."""
    clause: dict[str, Any] = {}
    for step in reversed(path.nested):
        clause = {"nested": {"path": nested(step), **clause}}
    return clause


def _distance(path: Path, origin: tuple[float, float], direction: str, mode: str, backward: bool) -> list[Clause]:
    """What has no place is infinitely far, and comes last both ways only if it is told apart first."""
    lat, lon = origin
    nesting = _nesting(path)
    # Turned round as a whole, so that what has no place stands for the same number in cursors both ways.
    ends = {"order": "desc", "missing": "_first"} if backward else {"order": "asc", "missing": "_last"}
    exists = {field(path, EXISTS): {**ends, **nesting}}
    place = {"order": direction, "mode": mode, "unit": "m", field(path): {"lat": lat, "lon": lon}, **nesting}
    return [exists, {"_geo_distance": place}]


def signature(order: tuple[OrderKey, ...]) -> str:
    return hashlib.blake2b("|".join(key.signature for key in order).encode(), digest_size=6).hexdigest()


class Cursors:
    """Writes and reads the cursors of one order; signed, so that only places that were given out come back."""

    def __init__(self, secret: str, collection: str, order: tuple[OrderKey, ...]) -> None:
        self._secret = secret.encode()
        self._order = f"{collection}:{signature(order)}"

    def write(self, place: SortValues, alike: Alike = ()) -> str:
        """The cursor of a place, which keeps how many records are known to be alike there."""
        body = orjson.dumps([self._order, *place, alike] if alike else [self._order, *place])
        return base64.urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()

    def read(self, cursor: str) -> SortValues:
        """The place that `cursor` names. Raises `BadUserInput` for one of another order, or none of ours."""
        return self.read_alike(cursor)[0]

    def read_alike(self, cursor: str) -> tuple[SortValues, Alike]:
        """The place, and how many records were known to be alike there."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(body)):
                raise ValueError
            order, *place = orjson.loads(body)
        except (ValueError, UnicodeEncodeError):
            raise BadUserInput("This is no cursor of ours.", "Give one from pageInfo or from an edge.") from None
        if order != self._order:
            raise BadUserInput("This cursor belongs to another order.", "Page with the arguments that it came from.")
        alike = place.pop() if place and isinstance(place[-1], list) else ()
        return tuple(place), tuple(alike)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, "sha256")[:_MAC_BYTES]
