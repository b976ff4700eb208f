"""What is offered while one types, searches across collections, corrections, explanations, and what outranks what."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer
from tests.acceptance.conftest import token_of
from tests.running import System, beside

COLLECTIONS = Path(__file__).parent / "reading"
BOOKS: list[dict[str, Any]] = [
    {"code": "light", "title": "Lighthouses of the north", "keywords": ["Lamps", "Éclair"]},
    {"code": "keeper", "title": "The lighthouse keeper", "chapters": [{"heading": "Lightning"}, {"heading": "Fog"}]},
    {"code": "exact", "title": "Light"},
    {"code": "house", "title": "A house by the sea", "notes": "dull lantern"},
    {"code": "turner", "title": "Turner in Venice"},
    {"code": "draft", "title": "Lighted obelisk", "status": "draft", "chapters": [{"heading": "Zeppelin"}]},
    {"code": "quince", "title": "Quince jelly"},
    {"code": "studies", "title": "Studies of water"},
]
PEOPLE = [
    {"code": "exact", "notes": "A tale of one quince, told at length, with much that is said twice and more besides."},
    {"code": "prefix", "name": "Quincewood"},
    {"code": "near", "name": "Quinxe quinxe"},
    {"code": "horse", "name": "A horse"},
    {"code": "jelly", "notes": "quince jelly lantern"},
]
SUGGESTIONS = "query($p: String!, $n: Int) { found: bookSuggestions(prefix: $p, first: $n) { text } }"
JOINT = """query($s: String!, $c: [CollectionName!], $n: Int, $a: String) {
  search(search: $s, collections: $c, first: $n, after: $a) {
    totalCount counts { collection count }
    edges { cursor score highlights { path fragments } node { __typename key ... on Book { title } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


@pytest.fixture(scope="module")
def reading(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with these records, all of which searches see."""
    with beside(system, tmp_path_factory.mktemp("reading") / "data", COLLECTIONS) as started:
        load(started, "Book", [{"status": "published", **book} for book in BOOKS])
        load(started, "Person", PEOPLE)
        load(started, "Secret", [{"code": "one", "text": "quince vault"}])
        yield started


def load(system: System, name: str, records: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in records)
    done = system.command("import", name, "-", "--wait-searchable", stdin=lines.encode())
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def apis(reading: System) -> Iterator[dict[str, Api]]:
    """The anonymous viewer, an editor, and the administrator."""
    tokens = {"anyone": None, "editor": token_of(reading, "eve", "editor"), "admin": reading.token}
    with ExitStack() as stack:
        yield {name: Api(stack.enter_context(reading.client(token))) for name, token in tokens.items()}


@pytest.fixture
def anyone(apis: dict[str, Api]) -> Api:
    return apis["anyone"]


@pytest.fixture
def editor(apis: dict[str, Api]) -> Api:
    return apis["editor"]


@pytest.fixture
def admin(apis: dict[str, Api]) -> Api:
    return apis["admin"]


def offered(api: Api, prefix: str, first: int | None = None) -> list[str]:
    found = api.ask(SUGGESTIONS, p=prefix, **({} if first is None else {"n": first}))["found"]
    return [one["text"] for one in found]


def test_the_whole_value_comes_first_then_what_begins_so_then_what_has_such_a_word(anyone: Api) -> None:
    best, *begin, within = offered(anyone, "light")
    assert (best, within) == ("Light", "The lighthouse keeper")
    assert begin == ["Lighthouses of the north", "Lightning"]
    assert offered(anyone, "light", 1) == ["Light"]
    assert offered(anyone, "the light") == ["The lighthouse keeper", "Lighthouses of the north"]
    assert offered(anyone, "keeper lig") == ["The lighthouse keeper"]


@pytest.mark.parametrize("prefix", ["eclair", "ÉCL", "écl", "e\u0301cl"])
def test_case_and_accents_do_not_matter_while_one_types(anyone: Api, prefix: str) -> None:
    assert offered(anyone, prefix) == ["Éclair"]


def test_typing_errors_are_forgiven_from_the_fourth_letter_on(anyone: Api) -> None:
    assert offered(anyone, "Trun") == ["Turner in Venice"]
    assert offered(anyone, "Urne") == ["Turner in Venice"]
    assert offered(anyone, "turner vneice") == ["Turner in Venice"]
    assert offered(anyone, "Tru") == []
    near = offered(anyone, "lihgthouse")
    assert near == ["Lighthouses of the north", "The lighthouse keeper"]


def test_near_misses_come_behind_what_was_typed_rightly(anyone: Api) -> None:
    assert offered(anyone, "house")[0] == "A house by the sea"


def test_only_what_the_viewer_may_read_is_offered(anyone: Api, editor: Api) -> None:
    assert offered(anyone, "lighted") == []
    assert offered(editor, "lighted") == ["Lighted obelisk"]
    assert offered(anyone, "zepp") == []
    assert offered(editor, "zepp") == ["Zeppelin"]
    assert offered(anyone, "dull") == []
    assert offered(editor, "dull") == ["dull lantern"]
    secrets = '{ secretSuggestions(prefix: "quince") { text } }'
    assert anyone.ask(secrets)["secretSuggestions"] == []
    assert editor.ask(secrets)["secretSuggestions"] == [{"text": "quince vault"}]


def test_of_a_list_only_the_values_that_fit_are_offered(anyone: Api) -> None:
    assert offered(anyone, "lamp") == ["Lamps"]
    assert offered(anyone, "fog") == ["Fog"]


@pytest.mark.parametrize("prefix", ["", "   ", "?!", "🙂", "\x00"])
def test_nothing_is_offered_for_no_word(anyone: Api, prefix: str) -> None:
    assert offered(anyone, prefix) == []


@pytest.mark.parametrize(
    "prefix", ['.*"', "(light", "light)" * 300, "a" * 5000, "~light", "\ud800light", "l*", "#@&<>"]
)
def test_anything_may_be_typed(anyone: Api, prefix: str) -> None:
    answer = anyone.answer(SUGGESTIONS, {"p": prefix})
    assert "errors" not in answer


def test_as_many_are_offered_as_asked_for(anyone: Api) -> None:
    assert offered(anyone, "light", 0) == []
    assert len(offered(anyone, "light", 2)) == 2
    for first in (-1, 1001):
        assert anyone.refusal(SUGGESTIONS, p="light", n=first) == "BAD_USER_INPUT"


def test_what_was_deleted_is_offered_no_more(anyone: Api, admin: Api) -> None:
    books = Writer(admin, "Book", "books")
    made = books.create(code="gone", status="published", title="Xylophone", wait="SEARCHABLE")["record"]
    assert offered(anyone, "xylo") == ["Xylophone"]
    assert books.update(made["id"], {"title": "Yodel"}, wait="SEARCHABLE")["errors"] == []
    assert (offered(anyone, "xylo"), offered(anyone, "yod")) == ([], ["Yodel"])
    assert books.delete(made["id"], wait="SEARCHABLE")["errors"] == []
    assert offered(anyone, "yod") == []


def found(api: Api, text: str, **variables: Any) -> dict[str, Any]:
    result: dict[str, Any] = api.ask(JOINT, s=text, **variables)["search"]
    return result


def names(result: dict[str, Any]) -> list[str]:
    return [f"{edge['node']['__typename']} {edge['node']['key']}" for edge in result["edges"]]


def test_a_search_finds_across_collections_what_the_viewer_may_read(anyone: Api, editor: Api) -> None:
    result = found(anyone, "quince")
    assert set(names(result)) == {"Book quince", "Person exact", "Person jelly", "Person prefix", "Person near"}
    assert result["totalCount"] == 5
    assert result["counts"] == [{"collection": "Book", "count": 1}, {"collection": "Person", "count": 4}]
    assert result["edges"][0]["node"] == {"__typename": "Book", "key": "quince", "title": "Quince jelly"}
    assert {"collection": "Secret", "count": 1} in found(editor, "quince")["counts"]


def test_the_scores_of_several_collections_compare(anyone: Api) -> None:
    """What has the word outranks what begins with it, and that a near miss, whatever the collections are."""
    result = found(anyone, "quince")
    ranked = names(result)
    assert ranked[-2:] == ["Person prefix", "Person near"]
    scores = [edge["score"] for edge in result["edges"]]
    assert scores == sorted(scores, reverse=True)
    assert ranked[0] == "Book quince"


def test_a_search_can_be_kept_to_some_collections(anyone: Api) -> None:
    result = found(anyone, "quince", c=["Book"])
    assert names(result) == ["Book quince"]
    assert result["counts"] == [{"collection": "Book", "count": 1}]
    for none in ([], ["Secret"]):
        nothing = found(anyone, "quince", c=none)
        assert (nothing["edges"], nothing["totalCount"], nothing["counts"]) == ([], 0, [])
    assert found(anyone, "lamp", c=["Person"])["counts"] == [{"collection": "Person", "count": 0}]


def test_a_property_that_is_hidden_in_one_collection_is_neither_searched_nor_marked(anyone: Api, editor: Api) -> None:
    assert names(found(anyone, "lantern")) == ["Person jelly"]
    assert set(names(found(editor, "lantern"))) == {"Person jelly", "Book house"}
    marked = {edge["node"]["key"]: edge["highlights"] for edge in found(editor, "lantern")["edges"]}
    assert marked["house"] == [{"path": "notes", "fragments": ["dull <mark>lantern</mark>"]}]
    seen = {edge["node"]["key"]: edge["highlights"] for edge in found(anyone, "house | lantern")["edges"]}
    assert seen["house"] == [{"path": "title", "fragments": ["A <mark>house</mark> by the sea"]}]


def test_pages_of_a_search_across_collections_have_each_record_once(anyone: Api) -> None:
    whole = found(anyone, "quince | light | horse | lighthouse", n=100)
    paged: list[str] = []
    after = None
    while True:
        page = found(anyone, "quince | light | horse | lighthouse", n=2, a=after)
        paged += names(page)
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == names(whole)
    assert len(paged) == whole["totalCount"] > 6


def test_cursors_of_a_search_across_collections_are_its_own(anyone: Api) -> None:
    other = anyone.ask('{ books(search: "light") { pageInfo { endCursor } } }')["books"]["pageInfo"]["endCursor"]
    for cursor in (other, "nonsense"):
        assert anyone.refusal(JOINT, s="quince", a=cursor) == "BAD_USER_INPUT"
    assert anyone.refusal(JOINT, s="quince", n=1001) == "BAD_USER_INPUT"
    assert found(anyone, "quince", n=0)["edges"] == []


def test_a_blank_search_across_collections_finds_everything(anyone: Api) -> None:
    assert found(anyone, "  ")["totalCount"] == len(BOOKS) - 1 + len(PEOPLE)


@pytest.mark.parametrize("text", ['"', "((", "-", "a | | b", "\\", "quince~99999", "+-", "\ud800", "AND OR NOT", "*"])
def test_any_text_may_be_searched_for_across_collections(anyone: Api, text: str) -> None:
    assert "errors" not in anyone.answer(JOINT, {"s": text})


def ranked(api: Api, text: str) -> list[str]:
    nodes = api.ask("query($s: String!) { people(search: $s) { nodes { key } } }", s=text)["people"]["nodes"]
    return [node["key"] for node in nodes]


def test_an_exact_match_outranks_a_beginning_and_that_a_near_miss(anyone: Api) -> None:
    """Also where the exact match is in a long text, and the near miss twice in the property that counts most."""
    assert ranked(anyone, "quince") == ["jelly", "exact", "prefix", "near"]


def test_typing_errors_are_forgiven_whatever_the_stem_is(anyone: Api) -> None:
    assert ranked(anyone, "hosre") == ["horse"]


def test_typing_errors_are_forgiven_only_where_the_collection_says_so(anyone: Api) -> None:
    assert anyone.ask('{ books(search: "lihgthouse") { totalCount } }')["books"]["totalCount"] == 0


def test_words_that_an_analyzer_leaves_out_keep_nothing_from_being_found(anyone: Api) -> None:
    document = "query($s: String!) { books(search: $s) { nodes { key } } }"
    nodes = anyone.ask(document, s="the house by a sea")["books"]["nodes"]
    assert nodes == [{"key": "house"}]
    assert anyone.ask(document, s="the")["books"]["nodes"] == []
    assert anyone.ask(document, s="the of")["books"]["nodes"] == []


@pytest.mark.parametrize(
    "text", ["turner & venice", "turner – venice", "Turner, venice ?", 'turner "in"', 'venice "in the"~3', "turner ,,"]
)
def test_signs_between_words_are_no_words(anyone: Api, text: str) -> None:
    nodes = anyone.ask("query($s: String!) { books(search: $s) { nodes { key } } }", s=text)["books"]["nodes"]
    assert nodes == [{"key": "turner"}]


@pytest.mark.parametrize("text", ["&", "– ?", '"&"', '"&" "in"'])
def test_signs_alone_find_nothing(anyone: Api, text: str) -> None:
    nodes = anyone.ask("query($s: String!) { books(search: $s) { nodes { key } } }", s=text)["books"]["nodes"]
    assert nodes == []


CORRECTED = "query($s: String, $f: BookFilter) { books(search: $s, filter: $f) { didYouMean } }"


def meant(api: Api, text: str, **variables: Any) -> str | None:
    correction: str | None = api.ask(CORRECTED, s=text, **variables)["books"]["didYouMean"]
    return correction


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("lihgthouse", "lighthouse"),
        ("Trner", "Turner"),
        ("lighthouse keepr", "lighthouse keeper"),
        ("lihgthouse keepr", "lighthouse keeper"),
        ('"turner in venise"', '"turner in venice"'),
        ("studeis", "studies"),
    ],
)
def test_a_slip_is_answered_by_what_finds_more(anyone: Api, typed: str, right: str) -> None:
    assert meant(anyone, typed) == right
    assert anyone.ask("query($s: String) { books(search: $s) { totalCount } }", s=right)["books"]["totalCount"] > 0


@pytest.mark.parametrize("typed", ["lighthouse", "", "  ", "xqzwvk", "-lihgthouse", "lihgthouse*"])
def test_nothing_is_corrected_where_no_other_text_finds_more(anyone: Api, typed: str) -> None:
    assert meant(anyone, typed) is None


def test_a_correction_comes_only_from_what_the_viewer_may_read(anyone: Api, editor: Api) -> None:
    assert (meant(anyone, "obelsik"), meant(editor, "obelsik")) == (None, "obelisk")
    assert (meant(anyone, "lantren"), meant(editor, "lantren")) == (None, "lantern")


def test_a_correction_finds_more_under_the_same_filter(anyone: Api) -> None:
    assert meant(anyone, "lihgthouse", f={"code": {"eq": "keeper"}}) == "lighthouse"
    assert meant(anyone, "lihgthouse", f={"code": {"eq": "turner"}}) is None


def test_scores_are_explained_to_the_administrator(admin: Api, editor: Api) -> None:
    document = """{
      books(search: "lighthouse") { edges { score explanation } }
      search(search: "lighthouse") { edges { score explanation } }
    }"""
    explained = admin.ask(document)
    for connection in ("books", "search"):
        for edge in explained[connection]["edges"]:
            assert edge["explanation"]["value"] == pytest.approx(edge["score"])
            assert edge["explanation"]["details"]
        assert {edge["explanation"] for edge in editor.ask(document)[connection]["edges"]} == {None}
