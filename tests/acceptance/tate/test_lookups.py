"""Single records, and the ways from one to another."""

from tests.acceptance.oracle.shapes import Record
from tests.acceptance.tate.catalogue import Tate

CARD = """
fragment Card on Artwork {
  acno title medium acquisitionYear dateRange { startYear endYear } contributors { id fc artist { key fc } }
}
"""
BY_KEY = CARD + "query ByKey($key: String) { artwork(key: $key) { id key ...Card } }"
BY_ID = CARD + "query ById($id: ID!) { artwork(id: $id) { ...Card } node(id: $id) { __typename id ...Card } }"
FOUND = CARD + "query Found($filter: ArtworkFilter) { artworks(filter: $filter) { nodes { ...Card } } }"


def card(record: Record) -> dict[str, object]:
    """What `CARD` selects of a record."""
    spans, people = record["dateRange"], record["contributors"]
    return {
        "acno": record["acno"],
        "title": record["title"],
        "medium": record["medium"],
        "acquisitionYear": record.get("acquisitionYear"),
        "dateRange": spans and {"startYear": spans.get("startYear"), "endYear": spans.get("endYear")},
        "contributors": [
            {
                "id": person["id"],
                "fc": person["fc"],
                "artist": person["artist"] and {"key": str(person["id"]), "fc": person["artist"]["fc"]},
            }
            for person in people
        ],
    }


def without_artist(tate: Tate) -> Record:
    return next(r for r in tate.artworks.records if any(c["artist"] is None for c in r["contributors"]))


def some_records(tate: Tate) -> list[Record]:
    """A few artworks, among them one of several contributors, one without a year, one without its artist."""
    several = next(r for r in tate.artworks.records if len(r["contributors"]) > 2)
    unfinished = next(r for r in tate.artworks.records if "acquisitionYear" not in r)
    vague = next(r for r in tate.artworks.records if isinstance((r["dateRange"] or {}).get("startYear"), str))
    return [tate.artworks.records[0], several, unfinished, vague, without_artist(tate)]


def test_every_record_is_there(tate: Tate) -> None:
    answer = tate.ask("{ artworks(first: 0) { totalCount } artists(first: 0) { totalCount } }")
    assert answer["artworks"]["totalCount"] == len(tate.artworks)
    assert answer["artists"]["totalCount"] == len(tate.artists)


def test_a_record_is_found_by_key_by_id_and_as_a_node(tate: Tate) -> None:
    for record in some_records(tate):
        by_key = tate.ask(BY_KEY, key=record["acno"])["artwork"]
        known = {"id": by_key["id"], "key": record["acno"]}
        assert by_key == known | card(record)
        by_id = tate.ask(BY_ID, id=by_key["id"])
        assert by_id["artwork"] == card(record)
        assert by_id["node"] == {"__typename": "Artwork", "id": by_key["id"], **card(record)}


def test_a_search_gives_the_same_records_as_look_ups(tate: Tate) -> None:
    records = some_records(tate)
    nodes = tate.ask(FOUND, filter={"acno": {"in": [r["acno"] for r in records]}})["artworks"]["nodes"]
    by_key = {node["acno"]: node for node in nodes}
    assert by_key == {record["acno"]: card(record) for record in records}


def test_what_lacks_all_that_is_selected_of_it_keeps_its_place(tate: Tate) -> None:
    given = {"contributors": {"some": {"birthYear": {"exists": False}}}}
    document = """query Gaps($filter: ArtworkFilter) {
        artworks(filter: $filter, first: 1000) { nodes { key contributors { birthYear } catalogueGroup { id } } } }"""
    nodes = tate.ask(document, filter=given)["artworks"]["nodes"]
    assert nodes
    for node in nodes:
        record = tate.artworks.by_key[node["key"]]
        assert node["contributors"] == [{"birthYear": c.get("birthYear")} for c in record["contributors"]]
        assert node["catalogueGroup"] == {"id": record["catalogueGroup"].get("id")}


def test_nodes_keep_their_order_across_collections(tate: Tate) -> None:
    document = '{ artwork(key: "%s") { id } artist(key: "%s") { id } }'
    found = tate.ask(document % (tate.artworks.records[5]["acno"], tate.artists.records[5]["id"]))
    ids = [found["artist"]["id"], found["artwork"]["id"], found["artist"]["id"]]
    nodes = tate.ask("query N($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)["nodes"]
    assert [node["id"] for node in nodes] == ids
    assert [node["__typename"] for node in nodes] == ["Artist", "Artwork", "Artist"]


def test_an_unknown_key_is_null(tate: Tate) -> None:
    assert tate.ask('{ artwork(key: "A0") { title } artist(key: "no number") { fc } }') == {
        "artwork": None,
        "artist": None,
    }


def test_a_link_whose_target_is_missing_is_null(tate: Tate) -> None:
    record = without_artist(tate)
    document = "query A($key: String) { artwork(key: $key) { contributors { artist { fc } } } }"
    artists = [c["artist"] for c in tate.ask(document, key=record["acno"])["artwork"]["contributors"]]
    assert artists == [c["artist"] and {"fc": c["artist"]["fc"]} for c in record["contributors"]]
    assert None in artists


def test_an_artist_has_the_artworks_that_link_to_it(tate: Tate) -> None:
    given = {"classification": {"eq": "painting"}, "acquisitionYear": {"gt": 1900}}
    document = """query Works($key: String, $filter: ArtworkFilter) { artist(key: $key) {
        fc
        all: artworks(first: 0) { totalCount }
        artworks(filter: $filter, orderBy: [{title: ASC}], first: 1000) {
            totalCount nodes { key } facets { classification { buckets { value count } } }
        }
    } }"""
    for name in ("William Blake", "David Hockney", "Dame Barbara Hepworth"):
        artist = next(r for r in tate.artists.records if r["fc"] == name)
        answer = tate.ask(document, key=str(artist["id"]), filter=given)["artist"]
        linking = {"contributors": {"some": {"id": {"eq": artist["id"]}}}}
        expected = tate.artworks.meeting({"and": [linking, given]})
        assert answer["all"]["totalCount"] == len(tate.artworks.meeting(linking))
        assert answer["artworks"]["totalCount"] == len(expected)
        assert {node["key"] for node in answer["artworks"]["nodes"]} == set(tate.artworks.keys(expected))
        paintings = len(expected)
        assert {"value": "painting", "count": paintings} in answer["artworks"]["facets"]["classification"]["buckets"]


def test_ways_lead_there_and_back(tate: Tate) -> None:
    document = """{ artworks(filter: {allArtists: {eq: "Gwen John"}}, first: 3) { nodes {
        key contributors { artist { fc artworks(first: 50) { nodes { key } } } } } } }"""
    nodes = tate.ask(document)["artworks"]["nodes"]
    works = {r["acno"] for r in tate.artworks.meeting({"contributors": {"some": {"fc": {"eq": "Gwen John"}}}})}
    assert len(nodes) == 3
    for node in nodes:
        (contributor,) = node["contributors"]
        assert {work["key"] for work in contributor["artist"]["artworks"]["nodes"]} == works


def test_the_collections_are_counted_in_both_stores(tate: Tate) -> None:
    names = [collection["name"] for collection in tate.ask("{ collections { name } }")["collections"]]
    assert sorted(names) == ["Artist", "Artwork"]
