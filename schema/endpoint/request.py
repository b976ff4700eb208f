"""What a GraphQL-over-HTTP request says: its head and its parameters, checked.

Source: GraphQL over HTTP specification, "Request Parameters", "GET" and "POST".
"""

from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from errors import RequestRefused
from schema.endpoint.json import decode

MAX_REQUEST_ID = 128


class RequestHead(NamedTuple):
    """Who asks: what the context of an operation is made from.

    `headers` has lower-case names; `authorization` is the header's value or, over a WebSocket, that of the
    payload of `connection_init`.
    """

    headers: Mapping[str, str]
    client: str | None
    request_id: str
    authorization: str | None


class Parameters(NamedTuple):
    """One operation that a request asks for, as sent."""

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


def request_head(scope: Mapping[str, Any]) -> RequestHead:
    """The head of the request or WebSocket that an ASGI scope describes."""
    headers = read_headers(scope["headers"])
    client = scope.get("client")
    return RequestHead(
        headers, client[0] if client else None, request_id(headers.get("x-request-id")), headers.get("authorization")
    )


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; repeated ones are joined, as RFC 9110 section 5.3 allows."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        if key in headers:
            text = f"{headers[key]}{'; ' if key == 'cookie' else ', '}{text}"
        headers[key] = text
    return headers


def request_id(given: str | None) -> str:
    """The id that the client gave, if it is printable ASCII of at most 128 characters, else a new one."""
    if given and len(given) <= MAX_REQUEST_ID and given.isascii() and given.isprintable():
        return given
    return f"{getrandbits(128):032x}"


def parameters_of_query_string(query_string: bytes) -> Parameters:
    """The parameters of a GET request; `variables` and `extensions` are JSON texts in it."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise RequestRefused(400, "The query string is not URL-encoded UTF-8.") from None
    fields: dict[str, Any] = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestRefused(400, "A parameter of the query string is given twice.")
    for name in ("variables", "extensions"):
        if text := fields.get(name):
            fields[name] = decode(text, f"The parameter `{name}`")
    # An empty parameter of a form is one that was left out.
    return parameters_of_object({name: value for name, value in fields.items() if value != ""})


def parameters_of_object(body: object) -> Parameters:
    """The parameters of one operation of a POST request; unknown ones are ignored, as the specification asks."""
    if not isinstance(body, dict):
        raise RequestRefused(400, "A GraphQL request is a JSON object.", 'Send {"query": "…"}.')
    query, name = body.get("query"), body.get("operationName")
    variables, extensions = body.get("variables"), body.get("extensions")
    if query is not None and not isinstance(query, str):
        raise RequestRefused(400, "The parameter `query` must be a string.")
    if name is not None and not isinstance(name, str):
        raise RequestRefused(400, "The parameter `operationName` must be a string or null.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused(400, "The parameter `variables` must be an object or null.")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestRefused(400, "The parameter `extensions` must be an object or null.")
    return Parameters(query, name or None, variables, extensions)
