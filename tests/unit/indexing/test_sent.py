"""Elasticsearch sends what is read of its answers, and names it in the first line of a request."""

from indexing.fields import stored
from indexing.sent import AGGREGATIONS, LISTED_VALUES, MAX_LENGTH, PLACE, STATE, filter_path, of_source


def test_what_tells_whether_an_answer_is_whole_is_always_sent() -> None:
    assert filter_path(((),)) == ",".join(STATE)


def test_of_several_answers_each_is_asked_for_what_some_query_reads() -> None:
    title, year = of_source((stored("title"),)), of_source((stored("year"), stored("title")))
    paths = filter_path((title, year, (AGGREGATIONS, LISTED_VALUES)), above="responses.").split(",")
    assert len(paths) == len(set(paths))
    assert {*title, *year, AGGREGATIONS} <= {path.removeprefix("responses.") for path in paths}
    assert [path for path in paths if not path.startswith("responses.")] == [LISTED_VALUES]


def test_names_with_characters_that_mean_something_are_patterns() -> None:
    assert [stored(name) for name in ("a.b", "x,y&z", "größe", "-*", "日本")] == [
        "data.a*b",
        "data.x*y*z",
        "data.gr*e",
        "data.-*",
        "data.*",
    ]


def test_documents_come_whole_where_their_properties_are_too_many_to_name() -> None:
    fields = of_source(stored(f"property{number}") for number in range(200))
    paths = filter_path(((PLACE, *fields),))
    assert paths.split(",") == [*STATE, PLACE, "hits.hits._source"]
    assert len(filter_path(((PLACE, *fields[:60]),), above="responses.")) <= MAX_LENGTH
