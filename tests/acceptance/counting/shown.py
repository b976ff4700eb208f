"""The entries as the oracle reads them, and its values as the API shows them."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML

from tests.acceptance.counting.made import entries, holders
from tests.acceptance.oracle.shapes import Json, Path, Record, Shape, join

HERE = FilePath(__file__).parent
STATES = {"new": "new", "in-use": "in_use", "2nd hand": "_2nd_hand"}


@cache
def shape() -> Shape:
    files = [YAML(typ="safe").load(HERE / f"{name}.yaml") for name in ("entry", "holder")]
    return Shape.of("Entry", {one["name"]: one for one in files})


@cache
def records() -> list[Record]:
    """Moments are compared as such, whatever their offsets."""
    targets = {"Holder": {one["code"]: one for one in holders()}}
    return [join(one | {"at": _moment(one["at"])}, shape(), targets) for one in entries()]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def shown(path: Path, value: Json) -> Any:
    """A value as text."""
    match value:
        case None:
            return None
        case (int(), str(text)):
            return text  # of a range, which is in the order of its place
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
    return STATES[value] if path == ("state",) else str(value).removesuffix(".0")
