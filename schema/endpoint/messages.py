"""What a client may send over a WebSocket: the messages of graphql-transport-ws.

Source: the protocol's page in the repository of graphql-ws, "Message types".
"""

from collections.abc import Mapping
from typing import Any

_OPTIONAL = (("operationName", str), ("variables", dict), ("extensions", dict))


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
        and isinstance(payload.get("query"), str)
        and all(isinstance(payload.get(name), kind | None) for name, kind in _OPTIONAL)
    )
