"""Who may read and write what: grants by role, rules on records, properties that only some may see."""

import json
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.acceptance.conftest import Viewers
from tests.acceptance.test_metrics import samples
from tests.running import System

FIELDS = "id key revision title status owner fee notes"
ALL = "{ articles(first: 100, orderBy: [{slug: ASC}]) { totalCount nodes { slug fee notes } } }"
ONE = "query($key: String) { article(key: $key) { id fee notes } }"
FAR, PAST = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"

ARTICLES = [
    {"slug": "open", "status": "published", "title": "Open water", "fee": 12, "notes": "secretly dull"},
    {"slug": "past", "status": "published", "title": "Past embargo", "embargo": PAST, "about": "open"},
    {"slug": "later", "status": "published", "title": "Later water", "embargo": FAR, "about": "open"},
    {"slug": "draft", "status": "draft", "title": "Draft water", "fee": 34, "owner": "ann"},
    {"slug": "other", "status": "draft", "title": "Other water", "owner": "ben", "about": "draft"},
]


@pytest.fixture(scope="module", autouse=True)
def articles(kinds: System, admin: Api) -> dict[str, str]:
    """The articles of these tests, by slug their ids."""
    lines = "".join(json.dumps(article) + "\n" for article in ARTICLES)
    done = kinds.command("import", "Article", "-", "--wait-searchable", stdin=lines.encode())
    assert done.returncode == 0, done.stderr
    nodes = admin.ask("{ articles(first: 1000) { nodes { id key } } }")["articles"]["nodes"]
    return {node["key"]: node["id"] for node in nodes}


def seen_by(viewer: Api) -> list[str]:
    found = viewer.ask(ALL)["articles"]
    slugs = [node["slug"] for node in found["nodes"]]
    assert found["totalCount"] == len(slugs)
    return slugs


def writer(viewer: Api) -> Writer:
    return Writer(viewer, "Article", "articles", FIELDS)


def test_each_viewer_finds_what_the_grants_let_them_read(viewers: Viewers, admin: Api) -> None:
    assert seen_by(viewers()) == ["open", "past"]
    assert seen_by(viewers("ann", "author")) == ["draft", "open", "past"]
    assert seen_by(viewers("ben", "author")) == ["open", "other", "past"]
    assert seen_by(viewers("eve", "editor")) == ["draft", "later", "open", "other", "past"]
    assert seen_by(admin) == ["draft", "later", "open", "other", "past"]
    assert seen_by(viewers("guest", "nobody-special")) == ["open", "past"]


def test_answers_that_are_kept_are_given_only_to_who_may_have_them(kinds: System, viewers: Viewers, admin: Api) -> None:
    people = [admin, viewers(), viewers("ann", "author"), viewers("ben", "author"), viewers("eve", "editor")]
    first = [viewer.ask(ALL) for viewer in people]
    assert len({json.dumps(answer) for answer in first}) == 4, "only what the editor sees is what the admin sees"
    before = samples(kinds)
    for _ in range(3):
        assert [viewer.ask(ALL) for viewer in people] == first
    after = samples(kinds)
    kept = [after[name, source] - before.get((name, source), 0) for name, source in after if source == "memory"]
    assert max(kept, default=0) >= 3, "what depends on no time was kept"


def test_what_may_not_be_read_is_absent_everywhere(viewers: Viewers, articles: dict[str, str]) -> None:
    document = """query($id: ID!) {
      article(key: "draft") { id } byId: article(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id }
      articles(search: "water") { totalCount facets {
        status { buckets { value count } otherCount missingCount }
        owner { buckets { value } missingCount }
        title(contains: "draft") { buckets { value } otherCount }
      } }
      open: article(key: "open") { mentions { totalCount nodes { slug } } }
      other: articles(filter: {subject: {title: {eq: "Draft water"}}}) { totalCount }
    }"""
    assert viewers().ask(document, id=articles["draft"]) == {
        "article": None,
        "byId": None,
        "node": None,
        "nodes": [None],
        "articles": {
            "totalCount": 1,
            "facets": {
                "status": {"buckets": [{"value": "published", "count": 1}], "otherCount": 0, "missingCount": 0},
                "owner": {"buckets": [], "missingCount": 1},
                "title": {"buckets": [], "otherCount": 0},
            },
        },
        "open": {"mentions": {"totalCount": 1, "nodes": [{"slug": "past"}]}},
        "other": {"totalCount": 0},
    }


def test_a_link_to_what_may_not_be_read_is_null(viewers: Viewers) -> None:
    document = '{ articles(filter: {slug: {eq: "other"}}) { nodes { about subject { slug } } } }'
    assert viewers("ben", "author").ask(document)["articles"]["nodes"] == [{"about": "draft", "subject": None}]
    assert viewers("eve", "editor").ask(document)["articles"]["nodes"] == [
        {"about": "draft", "subject": {"slug": "draft"}}
    ]


def test_nothing_is_found_counted_or_ordered_by_what_a_link_may_not_lead_to(viewers: Viewers) -> None:
    document = """{
      found: articles(filter: {subject: {title: {eq: "Draft water"}}}) { totalCount }
      none: articles(filter: {slug: {eq: "other"}, subject: {exists: false}}) { totalCount }
      counted: articles(filter: {slug: {eq: "other"}}) {
        facets { subject { title { buckets { value } otherCount missingCount } } }
      }
    }"""
    assert viewers("ben", "author").ask(document) == {
        "found": {"totalCount": 0},
        "none": {"totalCount": 1},
        "counted": {"facets": {"subject": {"title": {"buckets": [], "otherCount": 0, "missingCount": 1}}}},
    }
    assert viewers("eve", "editor").ask(document) == {
        "found": {"totalCount": 1},
        "none": {"totalCount": 0},
        "counted": {
            "facets": {
                "subject": {"title": {"buckets": [{"value": "Draft water"}], "otherCount": 0, "missingCount": 0}}
            }
        },
    }
    orders = [
        [node["slug"] for node in viewers("ben", "author").ask(
            f"{{ articles(orderBy: [{{subject: {{title: {way}}}}}]) {{ nodes {{ slug }} }} }}"
        )["articles"]["nodes"]]
        for way in ("ASC", "DESC")
    ]  # fmt: skip
    assert orders == [["open", "other", "past"]] * 2


def test_writing_what_may_not_be_read_is_not_found_and_what_may_is_forbidden(
    viewers: Viewers, articles: dict[str, str]
) -> None:
    for viewer in (viewers(), viewers("ben", "author"), viewers("guest", "nobody-special")):
        hidden, shown = articles["draft"], articles["open"]
        assert errors_of(writer(viewer).update(hidden, {"title": "x"})) == [("NOT_FOUND", [])]
        assert errors_of(writer(viewer).delete(hidden)) == [("NOT_FOUND", [])]
        assert errors_of(writer(viewer).update(shown, {"title": "x"})) == [("FORBIDDEN", [])]
        assert errors_of(writer(viewer).delete(shown)) == [("FORBIDDEN", [])]
        assert errors_of(writer(viewer).delete(shown, expected=99)) == [("FORBIDDEN", [])]
        assert errors_of(writer(viewer).revert(shown, 1)) == [("FORBIDDEN", [])]
    assert errors_of(writer(viewers()).create(slug="mine", status="draft")) == [("FORBIDDEN", [])]


def test_an_update_must_be_allowed_before_and_after(viewers: Viewers, articles: dict[str, str]) -> None:
    ann = writer(viewers("ann", "author"))
    changed = ann.update(articles["draft"], {"title": "Draft water, again"})
    assert (changed["errors"], changed["record"]["title"]) == ([], "Draft water, again")
    assert errors_of(ann.update(articles["draft"], {"status": "published"})) == [("FORBIDDEN", [])]
    assert errors_of(ann.delete(articles["draft"])) == [("FORBIDDEN", [])]
    assert ann.update(articles["draft"], {"title": "Draft water"})["errors"] == []


def test_the_server_writes_the_owner_and_nobody_else_does(viewers: Viewers, admin: Api) -> None:
    made = writer(viewers("ann", "author")).create(slug="made", status="draft")
    assert (made["errors"], made["record"]["owner"]) == ([], "ann")
    refused = viewers("ann", "author").refusal(
        'mutation { createArticle(input: {slug: "x", status: draft, owner: "ben"}) { record { id } } }'
    )
    assert refused == "GRAPHQL_VALIDATION_FAILED"
    assert writer(admin).delete(made["record"]["id"], wait="SEARCHABLE")["errors"] == []


def test_an_upsert_sets_the_owner_of_a_new_record_and_keeps_that_of_another(viewers: Viewers, admin: Api) -> None:
    ann, eve = writer(viewers("ann", "author")), writer(viewers("eve", "editor"))
    (made,) = ann.upsert({"slug": "upserted", "status": "draft"})
    assert (made["errors"], made["record"]["owner"]) == ([], "ann")
    (changed,) = eve.upsert({"slug": "upserted", "status": "draft", "title": "Seen"})
    assert (changed["errors"], changed["record"]["owner"], changed["record"]["title"]) == ([], "ann", "Seen")
    assert writer(admin).delete(made["record"]["id"], wait="SEARCHABLE")["errors"] == []


def test_a_property_that_may_not_be_read_is_null_and_unknown_to_search(viewers: Viewers) -> None:
    assert viewers().ask(ONE, key="open")["article"] | {"id": ""} == {"id": "", "fee": None, "notes": None}
    assert viewers("eve", "editor").ask(ONE, key="open")["article"] | {"id": ""} == {
        "id": "",
        "fee": 12,
        "notes": "secretly dull",
    }
    assert [node["fee"] for node in viewers("ann", "author").ask(ALL)["articles"]["nodes"]] == [None] * 3
    searched = '{ articles(search: "dull") { totalCount edges { highlights { path } } } }'
    assert viewers().ask(searched)["articles"]["totalCount"] == 0
    assert viewers("eve", "editor").ask(searched)["articles"] == {
        "totalCount": 1,
        "edges": [{"highlights": [{"path": "notes"}]}],
    }


@pytest.mark.parametrize(
    ("arguments", "finds_open"),
    [
        ("filter: {fee: {gt: 1}}", True),
        ("filter: {not: {fee: {exists: true}}}", False),
        ("orderBy: [{fee: ASC}]", True),
        ('filter: {or: [{notes: {eq: "x"}}]}', False),
    ],
)
def test_a_property_that_may_not_be_read_may_not_be_searched_by(
    viewers: Viewers, arguments: str, *, finds_open: bool
) -> None:
    document = f"{{ articles({arguments}) {{ totalCount nodes {{ slug }} }} }}"
    assert viewers().refusal(document) == "FORBIDDEN"
    found = viewers("eve", "editor").ask(document)["articles"]["nodes"]
    assert ({"slug": "open"} in found) is finds_open


def test_a_property_that_may_not_be_read_has_no_facet(viewers: Viewers) -> None:
    document = "{ articles { facets { fee { min max } } } }"
    assert viewers().refusal(document) == "FORBIDDEN"
    assert viewers("eve", "editor").ask(document)["articles"]["facets"]["fee"] == {"min": 12, "max": 34}


def test_a_property_is_written_by_its_own_roles_only(viewers: Viewers, admin: Api, articles: dict[str, str]) -> None:
    ann, eve = writer(viewers("ann", "author")), writer(viewers("eve", "editor"))
    assert errors_of(ann.update(articles["draft"], {"notes": "mine"})) == [("FORBIDDEN", ["notes"])]
    assert errors_of(eve.update(articles["draft"], {"fee": 5, "notes": "x"})) == [("FORBIDDEN", ["fee"])]
    assert eve.update(articles["draft"], {"notes": "checked"})["errors"] == []
    assert writer(admin).update(articles["draft"], {"notes": None, "fee": 34})["errors"] == []


def test_a_revert_changes_only_properties_that_its_viewer_may_write(viewers: Viewers, admin: Api) -> None:
    eve, all_powerful = writer(viewers("eve", "editor")), writer(admin)
    made = all_powerful.create(slug="reverted", status="draft", fee=1)["record"]["id"]
    assert all_powerful.update(made, {"fee": 2})["errors"] == []
    assert eve.update(made, {"title": "Kept"})["errors"] == []
    assert errors_of(eve.revert(made, 1)) == [("FORBIDDEN", [])]
    assert eve.revert(made, 2)["record"]["title"] is None
    assert all_powerful.revert(made, 1)["record"]["fee"] == 1
    assert all_powerful.delete(made, wait="SEARCHABLE")["errors"] == []


def test_a_list_is_not_replaced_where_that_takes_along_what_the_viewer_may_not_write(
    viewers: Viewers, admin: Api
) -> None:
    eve, boss = writer(viewers("eve", "editor")), writer(admin)
    priced = [{"label": "a", "paid": None}, {"label": "b", "paid": 7}]
    made = boss.create(slug="priced", status="draft", prices=priced)["record"]["id"]
    for prices in ([{"label": "a"}, {"label": "b"}], [{"label": "a"}], [], None):
        step = ["1"] if prices and len(prices) > 1 else []
        assert errors_of(eve.update(made, {"prices": prices})) == [("FORBIDDEN", ["prices", *step])], prices
    (upserted,) = eve.upsert({"slug": "priced", "status": "draft", "prices": []})
    assert errors_of(upserted) == [("FORBIDDEN", [])]
    held = "query($id: ID!) { node(id: $id) { ... on Article { revision prices { label paid } } } }"
    assert admin.ask(held, id=made)["node"] == {"revision": 1, "prices": priced}

    assert errors_of(boss.update(made, {"prices": [{"label": "c"}]})) == []
    assert errors_of(eve.update(made, {"prices": [{"label": "d"}, {"label": "e"}]})) == [], "nothing is taken along"
    (upserted,) = eve.upsert({"slug": "priced", "status": "draft", "prices": [{"label": "f"}]})
    assert errors_of(upserted) == []
    assert boss.delete(made, wait="SEARCHABLE")["errors"] == []


def test_the_history_is_for_its_roles(viewers: Viewers, articles: dict[str, str]) -> None:
    document = '{ article(key: "open") { history { nodes { operation data } } } }'
    assert viewers().ask(document)["article"]["history"]["nodes"] == []
    told = viewers("eve", "editor").ask(document)["article"]["history"]["nodes"]
    assert [one["operation"] for one in told] == ["CREATE"]
    assert told[0]["data"]["fee"] == 12
    assert errors_of(writer(viewers("ann", "author")).revert(articles["draft"], 1)) == [("NOT_FOUND", [])]


def test_a_collection_for_the_signed_in_is_empty_for_others(viewers: Viewers) -> None:
    guest, anonymous = viewers("guest", "nobody-special"), viewers()
    memo = Writer(guest, "Memo", "memos", "id key text").create(text="remember", wait="SEARCHABLE")["record"]
    assert memo["key"] is None
    document = 'query($id: ID!) { memo(id: $id) { text } memos(search: "remember") { totalCount nodes { text } } }'
    assert anonymous.ask(document, id=memo["id"]) == {"memo": None, "memos": {"totalCount": 0, "nodes": []}}
    found = guest.ask(document, id=memo["id"])
    assert found["memo"] == {"text": "remember"}
    assert found["memos"]["totalCount"] >= 1
    assert errors_of(Writer(anonymous, "Memo", "memos").delete(memo["id"])) == [("NOT_FOUND", [])]
    assert errors_of(Writer(anonymous, "Memo", "memos").create(text="x")) == [("FORBIDDEN", [])]
    assert Writer(guest, "Memo", "memos").delete(memo["id"])["errors"] == []


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Bearer cg_" + "x" * 43, "Basic YTpi", "Bearer \xe4", "nonsense"]
)
def test_a_token_that_is_none_of_ours_is_unauthenticated_never_anonymous(kinds: System, header: str) -> None:
    with kinds.client() as client:
        sent: Any = {"authorization": header.encode("latin-1")}
        answer = client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=sent)
    assert answer.status_code == 401
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "WWW-Authenticate" in answer.headers


def test_viewers_know_who_they_are(viewers: Viewers, admin: Api) -> None:
    document = "{ viewer { id username roles via } }"
    assert viewers().ask(document) == {"viewer": None}
    ann = viewers("ann", "author").ask(document)["viewer"]
    assert (ann["id"], ann["roles"], ann["via"]) == ("ann", ["author"], "TOKEN")
    assert admin.ask(document)["viewer"]["roles"] == ["admin"]


def test_figures_of_the_collections_are_for_the_administrator(viewers: Viewers, admin: Api) -> None:
    document = "{ collections { name recordCount indexedCount pending lagSeconds indexGeneration health } }"
    for viewer in (viewers(), viewers("eve", "editor")):
        shown = viewer.ask(document)["collections"]
        assert {one["recordCount"] for one in shown} == {None}
    counted = {one["name"]: one for one in admin.ask(document)["collections"]}
    assert set(counted) == {"Article", "Exhibit", "Memo", "Sighting", "Specimen", "Station"}
    assert counted["Article"]["recordCount"] == len(ARTICLES)
