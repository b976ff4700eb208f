"""Values are taken as they are, or refused with the path at which they stand."""

from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.running import System


def nested(levels: int) -> Any:
    value: Any = "core"
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


@pytest.mark.parametrize(
    "value", [nested(150), {"a": {"": [None, 0.1, "\u2028"]}}, [[[]]], 2**63], ids=["deep", "a", "b", "c"]
)
def test_json_is_kept_as_it_is(admin: Api, value: Any) -> None:
    specimens = Writer(admin, "Specimen", "specimens", "anything")
    payload = specimens.upsert({"specimenId": "json", "anything": value}, wait="SEARCHABLE")[0]
    assert payload == {"record": {"anything": value}, "errors": []}
    document = '{ specimens(filter: {specimenId: {eq: "json"}}) { nodes { anything } } }'
    assert admin.ask(document)["specimens"]["nodes"] == [{"anything": value}]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"anything": nested(201)}, ["anything"]),
        ({"anything": [2**64]}, ["anything", "0"]),
        ({"large": str(2**63)}, ["large"]),
        ({"large": str(-(2**63) - 1)}, ["large"]),
        ({"matrix": [[1], 2]}, ["matrix", "1"]),
        ({"matrix": [["x"]]}, ["matrix", "0", "0"]),
        ({"mixed": 1.5}, ["mixed"]),
        ({"level": 4}, ["level"]),
        ({"twins": "ab"}, ["twins"]),
        ({"place": {"lat": 90.5, "lon": 0}}, ["place", "lat"]),
        ({"link": "urn:bad%zz"}, ["link"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_value_of_its_kind_is_refused_with_its_path(admin: Api, given: Any, path: list[str]) -> None:
    refused = Writer(admin, "Specimen", "specimens").create(specimenId="refused", **given)
    assert [(code, where[: len(path)]) for code, where in errors_of(refused)] == [("VALIDATION", path)]


@pytest.mark.parametrize(
    "given",
    [
        {"small": 2**31},
        {"large": "1.5"},
        {"real": "1"},
        {"day": "2023-02-29"},
        {"day": "now/d"},
        {"at": "2024-01-01T25:00:00Z"},
        {"link": "no address"},
        {"mail": "nobody"},
        {"uuid": "123"},
        {"grade": "A+"},
        {"groesse": "x"},
    ],
    ids=str,
)
def test_what_the_types_can_not_read_is_bad_input(admin: Api, given: Any) -> None:
    document = "mutation($i: SpecimenInput!) { createSpecimen(input: $i) { record { key } } }"
    assert admin.refusal(document, i={"specimenId": "refused", **given}) == "BAD_USER_INPUT"


def test_an_import_reports_each_line_that_is_no_value_of_its_kind_and_takes_the_others(kinds: System) -> None:
    lines = (
        b'{"id": "import-1", "large": 9223372036854775808}',
        b'{"id": "import-2", "anything": 123456789012345678901234567890}',
        b'{"id": "import-3", "small": 2147483648}',
        b'{"id": "import-4", "real": 1e400}',
        b'{"id": "import-5", "real": 123456789012345678901234567890, "at": "2016-12-31T23:59:60Z"}',
    )
    done = kinds.command("import", "Specimen", "-", stdin=b"\n".join(lines))
    assert done.returncode == 1
    assert "1 created" in done.stdout + done.stderr
    for line in (
        "line 1 (import-1): large",
        "line 2 (import-2): anything",
        "line 3 (import-3): small",
        "line 4: is not",
    ):
        assert line in done.stdout + done.stderr
    with kinds.client(kinds.token) as client:
        document = '{ specimen(key: "import-5") { id real at } }'
        specimen = Api(client).ask(document)["specimen"]
        Writer(Api(client), "Specimen", "specimens").delete(specimen["id"])
    assert (specimen["real"], specimen["at"]) == (123456789012345678901234567890.0, "2016-12-31T23:59:60Z")
