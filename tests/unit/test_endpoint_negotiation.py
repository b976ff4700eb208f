"""Content negotiation, by the header's text."""

import pytest

from schema.endpoint.negotiation import EVENTS, GRAPHQL, HTML, JSON, negotiate

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        ("Application/GraphQL-Response+JSON; charset=UTF-8", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, */*", JSON),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON};q=0", None),
        (f"{JSON};charset=utf-16, {GRAPHQL};q=0.1", GRAPHQL),
        ("text/plain", None),
        ("text/html", None),
        (EVENTS, None),
        (",;,", JSON),
        (f"{JSON};q=nonsense", JSON),
        ("x" * 10_000, None),
    ],
)
def test_the_answer_is_in_the_type_that_the_client_likes_best(accept: str | None, answer: str | None) -> None:
    assert negotiate(accept).answer == answer


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (BROWSER, HTML),
        ("text/html", HTML),
        (f"{JSON}, text/html", JSON),
        (f"{JSON}, text/html;q=0.9", JSON),
        (f"{JSON};q=0.9, text/html", HTML),
        (EVENTS, EVENTS),
        (f"{GRAPHQL}, {JSON}, {EVENTS}, multipart/mixed", GRAPHQL),
        ("text/*", None),
        ("*/*", JSON),
    ],
)
def test_pages_and_streams_are_for_those_who_name_them(accept: str, best: str | None) -> None:
    assert negotiate(accept).best == best


def test_a_client_that_takes_streams_beside_answers_is_known() -> None:
    assert negotiate(f"{GRAPHQL}, {EVENTS}").events
    assert not negotiate(f"{GRAPHQL}, {EVENTS};q=0").events
    assert not negotiate("*/*").events
