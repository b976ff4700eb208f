"""What is wrong with a line of an import is said in one line, whatever the line holds."""

import io
from pathlib import Path

import pytest

from models.collections.loading import load_catalog
from models.lines import Limits, LineReader
from models.parsing import Parser
from models.seen import SeenKeys
from tests.unit.collections.files import with_properties


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"number": "A", "state": "open"}', 'line 1 (A): state: "open" is not one of "x" or "y"'),
        (b'{"number": "\xc3\xa9", "state": 1}', 'line 1 (é): state: 1 is not one of "x" or "y"'),
        (
            b'{"number": "A", "state": "\\u0000"}',
            (
                "line 1 (A): state: has the character U+0000, which can't be stored;"
                ' state: "\\u0000" is not one of "x" or "y"'
            ),
        ),
        (b'{"number": "A\\u0000"}', 'line 1 ("A\\u0000"): number: has the character U+0000, which can\'t be stored'),
        (b'{"number": "A\\nB", "state": "x\\n"}', 'line 1 ("A\\nB"): state: "x\\n" is not one of "x" or "y"'),
        (b'{"number": "A\\u2028", "state": 1}', 'line 1 ("A\\u2028"): state: 1 is not one of "x" or "y"'),
        (b"[1]", "line 1: is not a JSON object"),
    ],
)
def test_a_bad_line_is_reported_in_one_line(tmp_path: Path, line: bytes, problem: str) -> None:
    (tmp_path / "work.yaml").write_text(with_properties("state: {enum: [x, y]}"))
    collection = load_catalog(tmp_path)["Work"]
    parsed = Parser(collection, LineReader(io.BytesIO(line), Limits()), SeenKeys(), Limits()).next()
    assert parsed
    (failure,) = parsed.failures
    assert str(failure.problem) == problem


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"9223372036854775807", None),
        (b"9223372036854775808", "large: 9223372036854775808 is greater than the maximum of 9223372036854775807"),
        (b"18446744073709551616", "large: is an integer beyond 64 bits"),
        (b"-9223372036854775809", "large: is an integer beyond 64 bits"),
        (b'1, "any": [123456789012345678901234]', "any.0: is an integer beyond 64 bits"),
        (b'1, "any": "123456789012345678901234"', None),
        (b'1, "real": 123456789012345678901234', None),
    ],
)
def test_an_integer_beyond_64_bits_is_reported_and_not_rounded(
    tmp_path: Path, value: bytes, problem: str | None
) -> None:
    lines = ("large: {type: integer, format: int64}", "any: {}", "real: {type: number}")
    (tmp_path / "work.yaml").write_text(with_properties(*lines))
    line = b'{"number": "A", "large": %s}' % value
    parsed = Parser(load_catalog(tmp_path)["Work"], LineReader(io.BytesIO(line), Limits()), SeenKeys(), Limits()).next()
    assert parsed
    assert [failure.problem.message for failure in parsed.failures] == ([problem] if problem else [])
    assert all(failure.problem.key == "A" for failure in parsed.failures)


def test_a_long_key_is_shown_by_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "work.yaml").write_text(with_properties())
    line = b'{"number": "%s"}' % (b"A" * 5_000)
    parsed = Parser(load_catalog(tmp_path)["Work"], LineReader(io.BytesIO(line), Limits()), SeenKeys(), Limits()).next()
    assert parsed
    assert str(parsed.failures[0].problem).startswith(f"line 1 ({'A' * 100}…): number: is a key of 5,000 characters")
