"""The forms in which a link may name a key: any key at all has one, and only numbers have two."""

import orjson
import pytest

from models.links import _forms


@pytest.mark.parametrize(
    "key", ["A1", "", "²", "--5", "-", "٣", "007", "1e9", "NaN", "1.", ".5", "5\n", '"', "9" * 100]
)
def test_a_key_that_is_no_number_is_named_as_text(key: str) -> None:
    assert _forms(key) == [orjson.dumps(key)]


@pytest.mark.parametrize("key", ["0", "38", "-5", "1.5", "-0.25", "9223372036854775807"])
def test_a_key_that_is_a_number_is_named_by_it_too(key: str) -> None:
    assert _forms(key) == [orjson.dumps(key), key.encode()]
