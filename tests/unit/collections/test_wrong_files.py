"""A wrong collection file is refused with all of its errors, each with its line and what would be right."""

from pathlib import Path

import pytest

from models.collections.loading import load_catalog
from tests.unit.collections.files import ARTIST, WORK, problems, with_properties


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a: {type: strng}", "type 'strng' is not known (did you mean string?)"),
        ('a: {type: [intger, "null"]}', "type 'intger' is not known (did you mean integer?)"),
        ("a: {typ: string}", "keyword 'typ' is not known (did you mean type?)"),
        ("a: {type: string, x-serch: {}}", "keyword 'x-serch' is not known (did you mean x-search?)"),
        ("a: {type: string, x-search: {txt: english}}", "x-search key 'txt' is not known (did you mean text?)"),
        ("a: {type: string, x-search: {suggest: often}}", "suggest must be true or false"),
        ("a: {type: integer, x-search: {text: english}}", "only strings can be full text; a is Int"),
        (
            "a: {type: string, x-search: {facet: {interval: 10}}}",
            "interval does not fit a, which is String; String allows terms",
        ),
        ("a: {type: string, pattern: '['}", 'this is not JSON Schema: "[" is not a "regex"'),
        ("a: {type: string, enum: []}", "enum must list at least one value: nothing could ever be stored"),
        ("a: {type: string, x-name: id}", "every record has a field id already: give another name"),
        (
            "a: {type: string, x-link: {collection: Work, as: history}}",
            "every record has a field history already: give another name",
        ),
        ("a: {$ref: '#Part'}", "#Part points to nothing in this schema"),
        ("a: {$ref: 'http://127.0.0.1:9/part'}", "http://127.0.0.1:9/part points to nothing in this schema"),
        ("a: {type: string, minLength: -1}", "this is not JSON Schema: -1 is less than the minimum of 0"),
        ("and: {type: string}", "'and' is an operator of filters: name the property with x-name"),
        ("日本: {type: string}", "nothing of '日本' can be a GraphQL name: give one with x-name"),
        ("a: {type: string, x-name: 1a}", "x-name must be a GraphQL name (letters, digits and _)"),
        ("a: {type: string, x-link: {collection: Wrk}}", "there is no collection 'Wrk' (did you mean Work?)"),
        (
            "a: {type: string, x-link: {collection: Work, include: [numbr]}}",
            "Work has no property 'numbr' to include (did you mean number?)",
        ),
        (
            "a: {type: string, x-link: {collection: Work, reverse: revision}}",
            "Work has a field revision already: name another",
        ),
        (
            "a: {type: string, format: uri, x-search: {text: english}}",
            "only strings can be full text; a is URI: leave out the text or the format",
        ),
        (
            "a: {type: string, x-search: false, x-link: {collection: Work, reverse: works}}",
            "reverse needs searches, which x-search: false leaves a out of",
        ),
        (
            "a: {x-search: false, properties: {b: {type: string, x-link: {collection: Work, include: [number]}}}}",
            "include needs searches, which x-search: false leaves b out of",
        ),
    ],
)
def test_what_is_wrong_with_a_property_is_said_at_its_line(tmp_path: Path, line: str, problem: str) -> None:
    assert f"work.yaml:8: {problem}" in problems(tmp_path, work_yaml=with_properties(line))


@pytest.mark.parametrize(
    ("unsearched", "why"),
    [("{type: string, x-search: false}", "x-search: false leaves it out of searches"), ("{}", "it is JSON")],
)
def test_what_is_not_searched_can_t_be_included(tmp_path: Path, unsearched: str, why: str) -> None:
    link = "b: {type: string, x-link: {collection: Work, as: work, include: [a]}}"
    assert problems(tmp_path, work_yaml=with_properties(f"a: {unsearched}", link)) == [
        f"work.yaml:9: a of Work can't be searched by: {why}"
    ]


def test_a_key_that_not_everybody_may_read_is_refused(tmp_path: Path) -> None:
    guarded = WORK.replace("number: {type: string", "number: {type: string, x-access: {read: hr}")
    assert problems(tmp_path, work_yaml=guarded) == [
        "work.yaml:2: key 'number' names a record to everybody, so that x-access.read can't hide it"
    ]
    writable = WORK.replace("number: {type: string", "number: {type: string, x-access: {write: hr}")
    (tmp_path / "work.yaml").write_text(writable)
    assert load_catalog(tmp_path)["Work"].key


def test_two_properties_that_orders_would_call_the_same_are_refused(tmp_path: Path) -> None:
    lines = ("relevance: {type: string}", "workRelevance: {type: string}")
    assert problems(tmp_path, work_yaml=with_properties(*lines)) == [
        "work.yaml:8: relevance is workRelevance in orders, which is a property too: name one with x-name"
    ]


def test_one_link_whose_schema_is_used_twice_has_one_reverse_field(tmp_path: Path) -> None:
    link = "{type: string, x-link: {collection: Work, as: work, reverse: works}}"
    twice = with_properties("a: {$ref: '#/$defs/Part'}", "b: {$ref: '#/$defs/Part'}")
    (tmp_path / "work.yaml").write_text(f"{twice}  $defs:\n    Part: {{properties: {{c: {link}}}}}\n")
    assert len(list(load_catalog(tmp_path).links_to("Work"))) == 2
    assert problems(tmp_path, work_yaml=with_properties(f"a: {link}", f"b: {link.replace('work,', 'other,')}")) == [
        "work.yaml:9: Work has a field works already: name another"
    ]


def test_all_errors_of_all_files_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        work_yaml=with_properties("a: {typ: string}", "b: {type: array, item: {}}").replace(
            "key: number", "key: numbr"
        ),
        artist_json='{"name": "Artist", "nme": "x", "schema": {"type": "object", "properties": {"id": {"typ": "x"}}}}',
    )
    assert found == [
        "artist.json:1: collection key 'nme' is not known (did you mean name?)",
        "artist.json:1: keyword 'typ' is not known (did you mean type?)",
        "work.yaml:2: key 'numbr' is not among the properties (did you mean number?)",
        "work.yaml:8: keyword 'typ' is not known (did you mean type?)",
        "work.yaml:9: keyword 'item' is not known (did you mean items?)",
    ]


def test_what_is_no_json_schema_hides_no_other_error_and_is_said_once(tmp_path: Path) -> None:
    lines = ("a: {type: strng}", "b: {type: string, pattern: '['}", "c: null", "d: {required: [1]}", "e: {$ref: '#/x'}")
    assert problems(tmp_path, work_yaml=with_properties(*lines, "f: {typ: string}") + "defaultOrdr: []\n") == [
        "work.yaml:8: type 'strng' is not known (did you mean string?)",
        'work.yaml:9: this is not JSON Schema: "[" is not a "regex"',
        'work.yaml:10: this is not JSON Schema: null is not of types "boolean", "object"',
        'work.yaml:11: this is not JSON Schema: 1 is not of type "string"',
        "work.yaml:12: #/x points to nothing in this schema",
        "work.yaml:13: keyword 'typ' is not known (did you mean type?)",
        "work.yaml:14: collection key 'defaultOrdr' is not known (did you mean defaultOrder?)",
    ]


def test_a_wrong_name_hides_no_other_error(tmp_path: Path) -> None:
    assert problems(tmp_path, work_yaml=with_properties("a: {typ: string}").replace("Work", "my works")) == [
        "work.yaml:1: name must be letters and digits, such as Artwork: it names the GraphQL type",
        "work.yaml:8: keyword 'typ' is not known (did you mean type?)",
    ]


def test_a_reference_is_read_like_the_address_that_it_is(tmp_path: Path) -> None:
    text = with_properties("a: {$ref: '#/$defs/a%20part'}") + "  $defs:\n    a part: {type: integer}\n"
    (tmp_path / "work.yaml").write_text(text)
    assert load_catalog(tmp_path)["Work"].shape.properties["a"].kind.name == "Int"


def test_a_reference_to_nothing_names_the_nearest_definition(tmp_path: Path) -> None:
    text = with_properties('a: {$ref: "#/$defs/Foo"}') + "  $defs:\n    Food: {type: object}\n"
    assert "work.yaml:8: #/$defs/Foo points to nothing in this schema (did you mean #/$defs/Food?)" in problems(
        tmp_path, work_yaml=text
    )


def test_two_properties_of_one_name_are_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, work_yaml=with_properties("a b: {type: string}", "aB: {type: string}")) == [
        "work.yaml:9: 'aB' and 'a b' are both aB: name one with x-name"
    ]


def test_a_link_called_as_its_property_is_told_to_be_the_link(tmp_path: Path) -> None:
    link = "{type: string, x-link: {collection: Work, as: madeBy}}"
    assert problems(tmp_path, work_yaml=with_properties(f"made-by: {link}")) == [
        "work.yaml:8: the link of 'made-by' and 'made-by' are both madeBy: name the link with as"
    ]


def test_two_links_may_not_give_their_target_one_reverse_field(tmp_path: Path) -> None:
    link = "{type: string, x-link: {collection: Artist, reverse: works}}"
    text = with_properties(f"aId: {link}", f"bId: {link}")
    assert problems(tmp_path, work_yaml=text, artist_yaml=ARTIST) == [
        "work.yaml:9: Artist has a field works already: name another"
    ]


def test_two_links_under_one_name_are_told_apart_by_their_lines(tmp_path: Path) -> None:
    part = "{{type: object, properties: {{id: {{type: string, x-link: {{collection: {}}}}}}}}}"
    text = with_properties(f"a: {part.format('Artst')}", f"b: {part.format('Wrk')}")
    assert problems(tmp_path, work_yaml=text, artist_yaml=ARTIST) == [
        "work.yaml:8: there is no collection 'Artst' (did you mean Artist?)",
        "work.yaml:9: there is no collection 'Wrk' (did you mean Work?)",
    ]


def test_a_link_inside_what_another_collection_includes_is_its_own_alone(tmp_path: Path) -> None:
    born = "born: {type: object, properties: {place: {type: string, x-link: {collection: Place, reverse: births}}}}"
    link = "by: {type: string, x-link: {collection: Artist, include: [born]}}"
    for name, text in {
        "artist": with_properties(born, base=ARTIST),
        "place": WORK.replace("Work", "Place"),
        "work": with_properties(link),
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    assert set(load_catalog(tmp_path).collections) == {"Artist", "Place", "Work"}


def test_two_files_of_one_collection_name_are_an_error_said_once(tmp_path: Path) -> None:
    assert problems(tmp_path, a_yaml=WORK, b_yaml=WORK) == [f"b.yaml:1: name Work is taken by {tmp_path}/a.yaml"]


@pytest.mark.parametrize(
    ("plural", "field"),
    [("works", "works"), ("work", "work"), ("workSuggestions", "workSuggestions"), ("Works", "upsertWorks")],
)
def test_two_collections_may_not_have_one_field(tmp_path: Path, plural: str, field: str) -> None:
    artist = ARTIST.replace("key:", f"plural: {plural}\nkey:")
    assert problems(tmp_path, a_yaml=WORK, b_yaml=artist) == [
        f"b.yaml:2: the field {field} is taken by Work: give another plural"
    ]


@pytest.mark.parametrize("name", ["Query", "String", "UserError", "StringFilter", "PageInfo"])
def test_a_type_of_our_own_is_no_name_for_a_collection(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, work_yaml=WORK.replace("Work", name)) == [
        f"work.yaml:1: {name} is a type of Catalograph's own: take another name"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: T\nschema: {a: [\n", "work.yaml:3: this is not YAML"),
        ("name: T\nname: U\n", 'work.yaml:2: found duplicate key "name"'),
        ("a: *x\n", "work.yaml:1: this is not YAML: found undefined alias"),
        ("- 1\n", "work.yaml:1: a collection file is a mapping with name"),
        ("", "work.yaml:1: a collection file is a mapping with name"),
        (WORK + "---\nx: 1\n", "work.yaml:8: this is not YAML"),
    ],
)
def test_what_is_no_mapping_is_said_in_a_sentence(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, work_yaml=text)
    assert found.startswith(problem)


def test_a_merged_mapping_is_read_like_any_other(tmp_path: Path) -> None:
    lines = ("a: &text {type: string}", "b: {<<: *text, description: Like a.}")
    (tmp_path / "work.yaml").write_text(with_properties(*lines))
    shape = load_catalog(tmp_path)["Work"].shape
    assert shape.properties["b"].kind is shape.properties["a"].kind


def test_a_boolean_with_an_anchor_is_one(tmp_path: Path) -> None:
    lines = ("a: {type: string, x-search: &off false}", "b: {type: string, x-search: *off}")
    (tmp_path / "work.yaml").write_text(with_properties(*lines))
    shape = load_catalog(tmp_path)["Work"].shape
    assert [shape.properties[name].is_indexed for name in ("number", "a", "b")] == [True, False, False]


def test_a_recursion_that_branches_beyond_measure_is_refused_at_once(tmp_path: Path) -> None:
    inner = "".join(f"        c{number}: {{$ref: '#/$defs/Part'}}\n" for number in range(2_001))
    parts = f"  $defs:\n    Part:\n      type: object\n      properties:\n{inner}"
    (found,) = problems(tmp_path, work_yaml=with_properties("a: {$ref: '#/$defs/Part'}") + parts)
    assert found.startswith("work.yaml:3: the schema makes more than 2000 searchable properties")


@pytest.mark.parametrize("kind", ["enum: [a, b]", "type: string, format: date", "type: string, format: uuid"])
def test_every_kind_of_string_can_be_the_key(tmp_path: Path, kind: str) -> None:
    (tmp_path / "work.yaml").write_text(WORK.replace("type: string", kind))
    assert load_catalog(tmp_path)["Work"].key
