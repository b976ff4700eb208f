"""Lines are read from files of any size and in any state."""

import gzip
import io
import os
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lines import HEAD, Batch, Limits, Line, LineReader


def read(data: bytes, limits: Limits = Limits()) -> list[Batch]:  # noqa: B008  frozen
    return list(LineReader(io.BytesIO(data), limits).batches())


def texts(data: bytes, limits: Limits = Limits()) -> list[tuple[int, bytes]]:  # noqa: B008  frozen
    return [(line.number, line.text) for batch in read(data, limits) for line in batch.lines]


NOISE = random.Random(1).randbytes(200_000).hex().encode()
LINES = [NOISE[n * 100 : n * 100 + 100] for n in range(4_000)]


def test_blank_lines_are_skipped_and_numbered() -> None:
    assert texts(b"a\n\n  \r\nb\r\nc") == [(1, b"a"), (4, b"b\r"), (5, b"c")]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert texts(b"\xef\xbb\xbf{}\n") == [(1, b"{}")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_has_no_lines(data: bytes) -> None:
    assert read(data) == []


def test_gzip_is_known_by_its_first_bytes_and_may_have_several_parts() -> None:
    data = gzip.compress(b"a\nb") + gzip.compress(b"c\n") + b"\0" * 100
    assert texts(data) == [(1, b"a"), (2, b"bc")]


@given(st.lists(st.binary(max_size=5).filter(lambda text: b"\n" not in text)), st.integers(1, 4), st.booleans())
def test_all_lines_come_whatever_the_sizes_of_the_batches(lines: list[bytes], records: int, packed: bool) -> None:
    lines = [b"x" + line for line in lines]  # neither blank, nor gzip, nor a byte order mark
    data = b"\n".join(lines)
    batches = read(gzip.compress(data) if packed else data, Limits(records=records, bytes=7))
    assert [line.text for batch in batches for line in batch.lines] == lines
    assert all(0 < len(batch.lines) <= records for batch in batches)


def test_a_batch_ends_when_it_is_full_of_records_or_of_bytes() -> None:
    batches = read(b"".join(line + b"\n" for line in LINES), Limits(records=300, bytes=10_000, seconds=60))
    assert {len(batch.lines) for batch in batches} == {100}


def test_a_line_that_is_too_long_is_skipped_and_the_next_one_is_whole() -> None:
    data = b"a\n" + b"x" * 500_000 + b"\nb\n" + b"y" * 2_000
    (batch,) = read(data, Limits(line=1_000))
    assert batch.lines == [
        Line(1, b"a"),
        Line(2, b"x" * HEAD, too_long=True),
        Line(3, b"b"),
        Line(4, b"y" * 2_000, too_long=True),
    ]


def test_a_line_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b"\n{}\n")
    tracemalloc.start()
    with path.open("rb") as source:
        (batch,) = LineReader(source, Limits(line=1_000_000)).batches()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(line.number, line.too_long) for line in batch.lines] == [(1, True), (2, False)]
    assert peak < 12_000_000


def test_of_a_truncated_gzip_file_all_whole_lines_are_read() -> None:
    data = gzip.compress(b"\n".join(LINES))
    *_, last = batches = read(data[: len(data) // 2])
    lines = [line.text for batch in batches for line in batch.lines]
    assert 1_900 < len(lines) < 2_100
    assert lines == LINES[: len(lines)]
    assert last.broken == Line(len(lines) + 1, b"the gzip data ends too early")


def test_of_a_damaged_gzip_file_all_lines_before_the_damage_are_read() -> None:
    data = bytearray(gzip.compress(b"\n".join(LINES)))
    middle = len(data) // 2
    data[middle : middle + 64] = os.urandom(64)
    *_, last = batches = read(bytes(data))
    lines = [line.text for batch in batches for line in batch.lines]
    assert len(lines) > 1_900
    assert lines[:1_900] == LINES[:1_900]
    assert last.broken is not None
    assert last.broken.number > len(lines)


def test_what_follows_a_gzip_file_is_reported() -> None:
    (batch,) = read(gzip.compress(b"a\nb\n") + b"garbage")
    assert [line.text for line in batch.lines] == [b"a", b"b"]
    assert batch.broken == Line(3, b"the gzip data is damaged from here on")


def test_a_pipe_that_fails_is_a_broken_file() -> None:
    class Failing(io.RawIOBase):
        answers = iter([b"a\nb"])

        def read(self, size: int = -1) -> bytes:
            for answer in self.answers:
                return answer
            raise OSError(5, "Input/output error")

    (batch,) = LineReader(Failing(), Limits()).batches()  # type: ignore[arg-type]
    assert batch.lines == [Line(1, b"a")]
    assert batch.broken == Line(2, b"can't be read: Input/output error")
