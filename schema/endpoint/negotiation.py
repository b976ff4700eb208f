"""Content negotiation: which media type answers a request, and whether its body is in one that we read.

Sources: GraphQL over HTTP specification, "Media Types"; RFC 9110, sections 8.3 and 12.5.1.
"""

from dataclasses import dataclass
from functools import lru_cache

from errors import RequestRefused

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
EVENTS = "text/event-stream"
# From the most preferred where the header leaves it open: `*/*` is answered with the type that every client knows.
OFFERED = (JSON, GRAPHQL, EVENTS, HTML)


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an `Accept` header."""

    media: str
    quality: float
    position: int

    def specificity(self, media: str) -> int:
        """How exactly this range means `media`: 3 by name, 2 by its first half, 1 as any, 0 not at all."""
        if self.media == media:
            return 3
        kind = media.partition("/")[0]
        return 2 if self.media == f"{kind}/*" else int(self.media == "*/*")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a client takes: `best` of all, `answer` of the two JSON types (None: neither), and whether event streams."""

    best: str | None
    answer: str | None
    events: bool


@lru_cache(maxsize=128)
def negotiate(accept: str | None) -> Accepted:
    """Read an `Accept` header; one that is absent or blank stands for `application/json`."""
    ranges = _ranges(accept) if accept else []
    if not ranges:
        return Accepted(JSON, JSON, events=False)
    ranked = sorted((rank, media) for media in OFFERED if (rank := _rank(media, ranges)) is not None)
    order = [media for _, media in ranked]
    answer = next((media for media in order if media in (JSON, GRAPHQL)), None)
    return Accepted(order[0] if order else None, answer, events=any(r.media == EVENTS and r.quality for r in ranges))


@lru_cache(maxsize=128)
def check_content_type(header: str | None) -> None:
    """Refuse (415) a body that is not JSON in UTF-8."""
    media, parameters = _media_type(header or "")
    if media != JSON:
        what = f"The content type {media!r}" if media else "A request without content type"
        raise RequestRefused(415, f"{what} is not supported.", "Send `Content-Type: application/json`.")
    if parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
        raise RequestRefused(415, "Only the charset utf-8 is supported.")


def _rank(media: str, ranges: list[_Range]) -> tuple[float, int, int, int] | None:
    """Sorts the better first: by quality, then by how exactly it was named, then as in the header, then as we offer."""
    specificity, _, best = max((r.specificity(media), -r.position, r) for r in ranges)
    # Only who names a stream or a page gets one: a client that takes anything expects JSON.
    if not specificity or not best.quality or (media in (EVENTS, HTML) and specificity < 3):
        return None
    position = best.position if specificity == 3 else len(ranges)
    return -best.quality, -specificity, position, OFFERED.index(media)


def _ranges(accept: str) -> list[_Range]:
    ranges = []
    for position, part in enumerate(accept.split(",")[:64]):
        media, parameters = _media_type(part)
        if media and parameters.get("charset", "utf-8") in ("utf-8", "utf8"):
            ranges.append(_Range(media, _quality(parameters.get("q", "1")), position))
    return ranges


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:  # as if it were not there
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = text.lower().split(";")
    pairs = (part.partition("=") for part in rest)
    return media.strip(), {name.strip(): value.strip().strip('"') for name, _, value in pairs}
