"""The command line on a running system: what it prints, what it refuses, and its exit status."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.conftest import KINDS
from tests.running import ROOT, System, run_command

COUNT = "query($f: StationFilter) { stations(filter: $f) { totalCount } }"
MAX_RSS = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "cli", *sys.argv[1:]])
print("rss", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def line(**record: Any) -> bytes:
    return json.dumps(record).encode() + b"\n"


def raw(prefix: str, text: bytes) -> bytes:
    return text.replace(b"PREFIX", prefix.encode())


@pytest.fixture
def prefix() -> str:
    """Begins the keys of one test's records."""
    return f"{uuid4().hex[:8]}-"


def test_each_bad_line_is_reported_and_the_rest_goes_in(kinds: System, admin: Api, tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "stations.ndjson"
    file.write_bytes(
        b"\xef\xbb\xbf"
        + line(code=f"{prefix}line-1")
        + b"{not json\n"
        + b"\n"
        + line(code=5)
        + line(code=f"{prefix}line-5", color="red")
        + line(name="no key")
        + line(code=f"{prefix}line-1", name="again")
        + raw(prefix, b'{"code": "PREFIXline-8", "name": "\xff"}\n')
        + line(code=f"{prefix}line-9", name="nul \0")
        + b"[1, 2]\n"
        + line(code=f"{prefix}line-11", location={"lat": 95, "lon": 0}, name=3)
        + line(code=f"{prefix}line-12")
        + line(code=f"{prefix}line-13", name="x" * 17_000_000)
        + raw(prefix, b'{"code": "PREFIXline-14", "name": "\\ud800"}\n')
        + line(code="")
        + raw(prefix, b'{"code": "PREFIXline-16"}')
    )
    done = kinds.command("import", "Station", str(file), "--wait-searchable")

    assert done.returncode == 1
    reported = dict(report.split(": ", 1) for report in done.stderr.splitlines() if report.startswith("line "))
    for where, what in (
        ("line 2", "is not JSON"),
        ("line 4", "code"),
        (f"line 5 ({prefix}line-5)", "color"),
        ("line 6", "code: is required"),
        (f"line 7 ({prefix}line-1)", "the same key as line 1"),
        ("line 8", "is not UTF-8"),
        (f"line 9 ({prefix}line-9)", "name: has the character U+0000"),
        ("line 10", "is not a JSON object"),
        (f"line 11 ({prefix}line-11)", "location.lat"),
        ("line 13", "is longer than 16,000,000 bytes"),
        ("line 14", "surrogate"),
        ("line 15", "code"),
    ):
        (key,) = (key for key in reported if key == where or key.startswith(f"{where} ("))
        assert what in reported[key], (where, reported[key])
    assert len(reported) == 12
    assert "name" in reported[f"line 11 ({prefix}line-11)"], "all that is wrong with a line is said"
    assert "3 created, 0 updated, 0 unchanged, 12 refused" in done.stdout

    assert admin.ask(COUNT, f={"code": {"startsWith": prefix}})["stations"]["totalCount"] == 3
    again = kinds.command("import", "Station", str(file))
    assert (again.returncode, "0 created, 0 updated, 3 unchanged, 12 refused" in again.stdout) == (1, True)
    letters = {
        one["name"]: one["deadLetters"] for one in admin.ask("{ collections { name deadLetters } }")["collections"]
    }
    assert letters["Station"] >= 12


def test_a_file_that_ends_in_the_middle_is_taken_as_far_as_it_goes(
    kinds: System, admin: Api, tmp_path: Path, prefix: str
) -> None:
    whole = gzip.compress(b"".join(line(code=f"{prefix}{number}") for number in range(3_000)))
    file = tmp_path / "cut.ndjson.gz"
    file.write_bytes(whole[: len(whole) // 2])
    done = kinds.command("import", "Station", str(file), "--wait-searchable")
    assert done.returncode == 1
    assert "the gzip data ends too early" in done.stderr
    taken = admin.ask(COUNT, f={"code": {"startsWith": prefix}})["stations"]["totalCount"]
    assert 0 < taken < 3_000
    assert f"{taken:,} created" in done.stdout


def test_a_line_of_a_hundred_megabytes_costs_no_memory(kinds: System, tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    with file.open("wb") as output:
        output.write(line(code="before"))
        output.write(b'{"code": "')
        for _ in range(100):
            output.write(b"x" * 1_000_000)
        output.write(b'"}\n' + line(code="behind"))
    arguments = ["import", "Station", str(file), "--data", str(kinds.data)]
    done = subprocess.run(
        [sys.executable, "-c", MAX_RSS, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "1 refused" in done.stdout) == (1, True), done.stderr
    assert int(done.stdout.splitlines()[-1].split()[1]) < 300_000, "kilobytes"


def test_an_import_reads_standard_input_and_gzip_there_too(kinds: System, admin: Api) -> None:
    data = gzip.compress(line(code="piped-1")) + gzip.compress(line(code="piped-2"))
    done = kinds.command("import", "Station", "-", "--wait-searchable", stdin=data)
    assert (done.returncode, done.stderr) == (0, "")
    assert admin.ask(COUNT, f={"code": {"startsWith": "piped-"}})["stations"]["totalCount"] == 2


def test_what_is_exported_can_be_imported_and_changes_nothing(kinds: System) -> None:
    exported = kinds.command("export", "Station")
    codes = [json.loads(text)["code"] for text in exported.stdout.splitlines()]
    assert exported.returncode == 0
    assert len(codes) > 1
    assert codes == sorted(codes)
    done = kinds.command("import", "Station", "-", stdin=exported.stdout.encode())
    assert done.returncode == 0
    assert f"0 created, 0 updated, {len(codes):,} unchanged, 0 refused" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["import", "Statoin", "-"], 1, "There is no collection 'Statoin' (did you mean Station?)"),
        (["import", "Station", "/nowhere/at/all"], 1, "/nowhere/at/all"),
        (["export", "station"], 1, "did you mean Station"),
        (["index", "rebuild", "Nothing"], 1, "There is no collection 'Nothing'"),
    ],
)
def test_a_wrong_argument_is_said_in_a_sentence(kinds: System, arguments: list[str], status: int, said: str) -> None:
    done = kinds.command(*arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    done = run_command("index", "status", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "Start `catalograph up` with this --data first." in done.stderr


def test_the_state_of_the_index_is_shown_for_each_collection(kinds: System, admin: Api) -> None:
    done = kinds.command("index", "status")
    assert done.returncode == 0
    rows = {
        cells[0]: cells
        for row in done.stdout.splitlines()
        if len(cells := [c.strip() for c in row.strip("│┃ ").split("│")]) == 8
    }
    shown = admin.ask("{ collections { name recordCount indexedCount } }")["collections"]
    assert set(rows) == {one["name"] for one in shown}
    for one in shown:
        assert rows[one["name"]][1:3] == [f"{one['recordCount']:,}", f"{one['indexedCount']:,}"]


def test_a_rebuild_replaces_the_index_while_it_is_asked(kinds: System, admin: Api) -> None:
    def index_of(name: str) -> str:
        status = kinds.command("index", "status").stdout
        (row,) = (row for row in status.splitlines() if f" {name} " in row)
        return row.strip("│ ").split("│")[-1].strip()

    before, counted = index_of("Station"), admin.ask(COUNT)["stations"]["totalCount"]
    done = kinds.command("index", "rebuild", "Station")
    assert done.returncode == 0, done.stderr
    assert f"Station: {counted:,} records in" in done.stdout
    assert index_of("Station") != before
    assert admin.ask(COUNT)["stations"]["totalCount"] == counted


def test_a_comparison_of_the_stores_finds_what_was_taken_from_the_index_and_mends_it(kinds: System, admin: Api) -> None:
    settings = load_settings(kinds.data, environment={})
    alias = f"{settings.elasticsearch_url}/{settings.index_prefix}-station"
    counted = admin.ask(COUNT)["stations"]["totalCount"]
    hits = httpx.post(f"{alias}/_search", json={"size": 2, "sort": ["seq"]}).json()["hits"]["hits"]
    for hit in hits:
        httpx.delete(f"{alias}/_doc/{hit['_id']}").raise_for_status()
    found = kinds.command("index", "verify", "Station")
    assert (found.returncode, "Station: 2 missing, 0 stale, 0 extra, 0 repaired" in found.stdout) == (1, True)
    mended = kinds.command("index", "verify", "Station", "--repair")
    assert (mended.returncode, "2 missing, 0 stale, 0 extra, 2 repaired" in mended.stdout) == (0, True)
    assert admin.ask(COUNT)["stations"]["totalCount"] == counted


def test_a_rebuild_that_is_only_tried_says_what_would_change(kinds: System) -> None:
    done = kinds.command("index", "rebuild", "--dry-run")
    assert done.returncode == 0
    assert done.stdout == "".join(
        f"{file.stem.capitalize()}: 0 differences; nothing to do\n" for file in sorted(KINDS.glob("*.yaml"))
    )


def test_dead_letters_are_shown_tried_again_and_dropped(kinds: System, tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "stations.ndjson"
    file.write_bytes(line(code=f"{prefix}dead[/a]", color="mauve"))
    assert kinds.command("import", "Station", str(file)).returncode == 1
    shown = kinds.command("index", "dead", "Station").stdout
    (row,) = (row for row in shown.splitlines() if f"{prefix}dead" in row)
    number = row.split("│")[1].strip()
    assert kinds.command("index", "dead", "--retry", number).stdout == "1 tried again, 0 dropped\n"
    (row,) = (row for row in kinds.command("index", "dead").stdout.splitlines() if f"{prefix}dead" in row)
    assert row.split("│")[5].strip() == "2"
    assert kinds.command("index", "dead", "--drop", number).stdout == "0 tried again, 1 dropped\n"
    assert f"{prefix}dead" not in kinds.command("index", "dead").stdout
    gone = kinds.command("index", "dead", "--drop", number)
    assert (gone.returncode, f"There is no dead letter {number}." in gone.stderr) == (1, True)


def test_a_token_is_the_last_line_and_works(kinds: System) -> None:
    done = kinds.command("token", "create", "--role", "editor", "--role", "author", "--name", "tester")
    assert done.returncode == 0
    with kinds.client(done.stdout.splitlines()[-1]) as client:
        viewer = Api(client).ask("{ viewer { id roles via } }")["viewer"]
    assert (viewer["id"], sorted(viewer["roles"]), viewer["via"]) == ("tester", ["author", "editor"], "TOKEN")


def test_a_token_is_listed_until_it_is_revoked_and_then_opens_nothing(kinds: System) -> None:
    done = kinds.command("token", "create", "--role", "editor", "--name", "[leaked]")
    secret, token = done.stdout.splitlines()[-1], done.stdout.split()[1]
    listed = kinds.command("token", "list").stdout
    (row,) = [line for line in listed.splitlines() if token in line]
    assert [cell.strip() for cell in row.split("│")[1:4]] == [token, "[leaked]", "editor"]
    assert secret not in listed
    assert kinds.command("token", "revoke", token).returncode == 0
    assert token not in kinds.command("token", "list").stdout
    with kinds.client(secret) as client:
        assert Api(client).refusal("{ viewer { id } }") == "UNAUTHENTICATED"
    for unknown in (token, "nonsense"):
        again = kinds.command("token", "revoke", unknown)
        assert (again.returncode, f"There is no token {unknown}" in again.stderr) == (1, True)


def test_right_collection_files_are_said_to_be_right() -> None:
    done = run_command("schema", "check", "--collections", str(KINDS))
    assert (done.returncode, done.stderr) == (0, "")
    assert [text.rsplit("/", 1)[-1] for text in done.stdout.splitlines()] == [
        f"{file.name}: {file.stem.capitalize()} is right" for file in sorted(KINDS.glob("*.yaml"))
    ]


def test_wrong_collection_files_are_refused_with_every_error_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text(
        "name: Book\n"
        "kye: isbn\n"
        "schema:\n"
        "  type: object\n"
        "  properties:\n"
        "    isbn: {type: strnig}\n"
        "    pages: {type: integer, x-search: {facett: true}}\n"
        "    author: {type: string, x-link: {collection: Auther, as: writer}}\n"
    )
    (tmp_path / "author.json").write_text(
        '{"name": "Author",\n "key": "nmae",\n "schema": {"properties": {"name": {"type": "string"}}}}\n'
    )
    for command in (["schema", "check"], ["schema", "print"], ["up", "--data", str(tmp_path / "data")]):
        done = run_command(*command, "--collections", str(tmp_path))
        assert done.returncode == 2, command
        assert (done.stdout, "Traceback" in done.stderr) == ("", False)
        errors = [error.removeprefix(f"{tmp_path}/") for error in done.stderr.splitlines()]
        for start, advice in (
            ("author.json:2: ", "did you mean name?"),
            ("book.yaml:2: ", "did you mean key?"),
            ("book.yaml:6: ", "did you mean string?"),
            ("book.yaml:7: ", "did you mean facet?"),
            ("book.yaml:8: ", "did you mean Author?"),
        ):
            (error,) = (error for error in errors if error.startswith(start))
            assert advice in error, error


def test_the_schema_that_is_printed_is_the_one_that_is_served(kinds: System) -> None:
    from graphql import (
        build_client_schema,
        build_schema,
        get_introspection_query,
        lexicographic_sort_schema,
        print_schema,
    )

    printed = run_command("schema", "print", "--collections", str(KINDS))
    assert printed.returncode == 0
    options = {"specified_by_url": True, "schema_description": True, "input_value_deprecation": True}
    with kinds.client() as client:
        served = Api(client).ask(get_introspection_query(**options))
    # Introspection knows no @oneOf, and no order.
    expected = print_schema(lexicographic_sort_schema(build_schema(printed.stdout.replace(" @oneOf", ""))))
    assert print_schema(lexicographic_sort_schema(build_client_schema(served))) == expected  # type: ignore[arg-type]


def test_the_schema_of_collection_files_accepts_the_examples() -> None:
    import jsonschema_rs
    from ruamel.yaml import YAML

    printed = run_command("schema", "jsonschema")
    validator = jsonschema_rs.validator_for(json.loads(printed.stdout))
    files = [*KINDS.glob("*.yaml"), *(ROOT / "examples" / "tate").glob("*.yaml")]
    assert len(files) > 2
    for file in files:
        validator.validate(YAML(typ="safe").load(file.read_text()))
    assert not validator.is_valid({"name": "X", "schema": {"type": "object"}, "kye": "x"})


@pytest.mark.parametrize("command", [[], ["schema"], ["index"], ["token"], ["up"], ["import"], ["index", "rebuild"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    done = run_command(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
