"""What a client may send over a WebSocket: the messages of graphql-transport-ws.

Source: the protocol's page in the repository of graphql-ws, "Message types".
"""

from collections.abc import Mapping
from typing import Any

from schema.endpoint.persisted import PERSISTED

_OPTIONAL = (("operationName", str), ("variables", dict), ("extensions", dict))


class SentQuery(str):
    """The text of an operation with the `extensions` that came with it, which Strawberry's handler leaves behind."""

    __slots__ = ("extensions",)
    extensions: dict[str, Any]


def with_extensions(message: Any) -> Any:
    """A message of a known shape, the extensions of its operation in the query."""
    payload = message.get("payload")
    if message["type"] != "subscribe" or not payload.get("extensions"):
        return message
    query = SentQuery(payload.get("query") or "")
    query.extensions = payload["extensions"]
    return {**message, "payload": {**payload, "query": query}}


def is_message(value: object) -> bool:
    """Whether a decoded text is a message of a known shape. Of an unknown type it is one too: its type is refused."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return False
    match value["type"]:
        case "subscribe":
            return _names(value) and _is_operation(value.get("payload"))
        case "complete":
            return _names(value)
        case "connection_init" | "ping" | "pong":
            return isinstance(value.get("payload"), dict | None)
        case _:
            return True


def _names(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("id"), str) and message["id"] != ""


def _is_operation(payload: object) -> bool:
    return (
        isinstance(payload, dict)
        and all(isinstance(payload.get(name), kind | None) for name, kind in _OPTIONAL)
        and (isinstance(payload.get("query"), str) or _names_a_document(payload))
    )


def _names_a_document(payload: Mapping[str, Any]) -> bool:
    return payload.get("query") is None and (payload.get("extensions") or {}).get(PERSISTED) is not None
