"""What a document gives as a literal is taken as it stands, or refused."""

import pytest
from graphql import parse_value

from errors import BadUserInput
from schema.scalars import JSON


@pytest.mark.parametrize("text", ["1e400", "[1, {a: -1e999}]", "{a: {b: [1e400]}}"])
def test_a_number_beyond_all_numbers_is_refused_wherever_it_stands_in_json(text: str) -> None:
    with pytest.raises(BadUserInput, match="beyond all that JSON can hold"):
        JSON.parse_literal(parse_value(text))


def test_any_other_json_is_taken_as_it_stands() -> None:
    text = '{a: [1, 2.5, 1e308, "1e400", null, true], b: {}}'
    assert JSON.parse_literal(parse_value(text)) == {"a": [1, 2.5, 1e308, "1e400", None, True], "b": {}}
