"""JSON in and out, against the standard library as the oracle; and that no bytes at all break the endpoint."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import RequestRefused
from schema.endpoint.json import decode, encode
from schema.endpoint.negotiation import OFFERED, check_content_type, negotiate
from tests.unit.endpoint_app import App, Client

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
surrogates = st.text(st.characters(categories=["Cs", "L"]))
values = st.recursive(
    scalars | surrogates | st.integers(2**63 - 2, 2**64 + 2),
    lambda children: st.lists(children) | st.dictionaries(st.text() | surrogates, children),
    max_leaves=10,
)
accepts = st.text(max_size=60) | st.lists(
    st.sampled_from([*OFFERED, "*/*", "application/*", ";q=0", ";q=0.5", ";q=nan", ",", ";", '"', "charset=utf-8"])
).map("".join)


def refuse(name: str) -> object:
    raise ValueError(name)


@given(values)
def test_what_python_writes_is_read_exactly(value: object) -> None:
    assert decode(json.dumps(value).encode(), "It") == value


@given(values)
def test_what_is_written_is_read_back_exactly(value: object) -> None:
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_a_number_beyond_all_numbers_is_refused_and_does_not_become_null(number: str) -> None:
    with pytest.raises(RequestRefused):
        decode(f'{{"a": {number}}}', "It")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bytes_are_read_as_python_reads_them_or_refused(content: bytes) -> None:
    try:
        expected = json.loads(content.decode(), parse_constant=refuse)
    except ValueError:
        with pytest.raises(RequestRefused):
            decode(content, "It")
    else:
        assert decode(content, "It") == expected


@given(accepts)
def test_any_accept_header_is_understood_or_refused(accept: str) -> None:
    accepted = negotiate(accept)
    assert accepted.best is None or accepted.best in OFFERED


@given(accepts)
def test_any_content_type_is_understood_or_refused(header: str) -> None:
    try:
        check_content_type(header)
    except RequestRefused as error:
        status = error.status
    else:
        status = 415
    assert status == 415


@settings(max_examples=50, deadline=None)
@given(
    st.binary(max_size=60)
    | values.map(json.dumps).map(str.encode)
    | st.binary(max_size=40).map(lambda b: b'{"query":"' + b)
)
def test_any_body_gets_an_answer(content: bytes) -> None:
    response = Client(App()).post("/graphql", content=content, headers={"content-type": "application/json"})
    assert response.status_code in (200, 400)
    assert response.json()["errors"][0]["extensions"]["code"] != "INTERNAL"
