"""What a collection should answer, by the oracle: plain Python over the records as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.acceptance.oracle.facets import Facets
from tests.acceptance.oracle.filters import Filter, matches
from tests.acceptance.oracle.order import ordered
from tests.acceptance.oracle.shapes import Record, Shape, join, key_of
from tests.acceptance.oracle.words import Phrase, Word, mentions, tokens
from tests.integration.questions.catalogs import Stock
from tests.integration.questions.counts import expected
from tests.integration.questions.questions import FacetAsked, PageAsked, Question

Answer = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """The records of one collection of a stock, links joined."""

    stock: Stock
    name: str

    @cached_property
    def shape(self) -> Shape:
        return Shape.of(self.name, self.stock.files)

    @cached_property
    def records(self) -> list[Record]:
        current = self.stock.current
        targets = {name: {record["code"]: record for record in several} for name, several in current.items()}
        return [join(record, self.shape, targets) for record in current[self.name]]

    def found(self, given: Filter, question: Question) -> list[str]:
        """The keys of what is found, in order."""
        return [key for key in self._order(question) if key in self._meeting(given, question)]

    def page(self, question: Question, page: PageAsked, cursors: list[str]) -> Answer:
        """A page by the letter of Relay's specification; `cursors` are the keys of the places that cursors name."""
        order = self._order(question)
        places = [
            None if n is None or n >= len(cursors) else order.index(cursors[n]) for n in (page.after, page.before)
        ]
        low, high = (places[0] if places[0] is not None else -1), (places[1] if places[1] is not None else len(order))
        meeting = self._meeting(page.filter, question)
        edges = [key for place, key in enumerate(order) if low < place < high and key in meeting]
        shown = edges[: page.size] if page.forward else edges[max(0, len(edges) - page.size) :]
        more = len(edges) > page.size
        behind = any(key in meeting for key in order[: low + 1])
        ahead = any(key in meeting for key in order[high:])
        info = {"hasNextPage": more if page.forward else ahead, "hasPreviousPage": behind if page.forward else more}
        return {"nodes": shown, "pageInfo": info}

    def facet(self, question: Question, facet: FacetAsked) -> Answer:
        found = [record for record in self.records if _has_words(record, question.words, self.shape)]
        facets = Facets(found, question.filter, self.shape)
        own = bool(facet.arguments.get("includeOwnFilter"))
        if facet.how == "terms":
            return _terms(facets, facet, own=own)
        spec = self.shape.at(facet.path).item.annotation["facet"]
        if facet.how in ("interval", "calendarInterval"):
            count = facets.histogram if facet.how == "interval" else facets.calendar
            histogram = count(facet.path, spec[facet.how], include_own=own)
            counts = {low: count for low, count in histogram.counts.items() if count}
            return {"counts": counts, "ends": (histogram.min, histogram.max), "missing": histogram.missing_count}
        return {"counts": facets.ranges(facet.path, spec["ranges"], include_own=own)}

    def counts(self, question: Question) -> Answer:
        meeting = self._meeting(question.filter, question)
        return expected(question.counts, [r for r in self.records if key_of(r, self.shape) in meeting], self.shape)

    def _order(self, question: Question) -> list[str]:
        by = question.order or [{"code": "ASC"}]
        return [key_of(record, self.shape) for record in ordered(self.records, by, self.shape)]

    def _meeting(self, given: Filter, question: Question) -> set[str]:
        return {
            key_of(record, self.shape)
            for record in self.records
            if matches(record, given, self.shape) and _has_words(record, question.words, self.shape)
        }


def _has_words(record: Record, words: str | None, shape: Shape) -> bool:
    if not words:
        return True
    if words.startswith('"'):
        return mentions(record, Phrase(words.strip('"')), shape)
    return all(mentions(record, Word(word), shape) for word in tokens(words, "standard"))


def _terms(facets: Facets, facet: FacetAsked, *, own: bool) -> Answer:
    expected = facets.terms(
        facet.path,
        first=facet.arguments["first"],
        by_value="order" in facet.arguments,
        contains=facet.arguments.get("contains", ""),
        include_own=own,
    )
    buckets = [{"value": b.value, "count": b.count, "selected": b.selected} for b in expected.buckets]
    return {"buckets": buckets, "otherCount": expected.other_count, "missingCount": expected.missing_count}


def facet_answered(answer: Mapping[str, Any], facet: FacetAsked) -> Answer:
    """A facet of the API in the form of `Answers.facet`."""
    if facet.how == "terms":
        return dict(answer)
    if facet.how in ("interval", "calendarInterval"):
        counts = {bucket["from"]: bucket["count"] for bucket in answer["buckets"] if bucket["count"]}
        return {"counts": counts, "ends": (answer["min"], answer["max"]), "missing": answer["missingCount"]}
    return {"counts": [bucket["count"] for bucket in answer["buckets"]]}
