"""Follows a subscription as a client would: over WebSocket (graphql-transport-ws) or Server-Sent Events."""

import json
from collections.abc import Callable, Generator
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.running import System

Result = dict[str, Any]
Results = Generator[Result, None, None]
Follow = Callable[..., Results]


def over_websocket(system: System, document: str, token: str | None = None, **variables: Any) -> Results:
    """The results until the server completes the subscription; an error that ends it is `{"errors": …}`."""
    url = system.graphql.replace("http", "ws", 1)
    # What it has received is not held back: a close would wait ten seconds for the answer that stands behind it.
    with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], max_queue=None) as socket:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(socket.recv(10))["type"] == "connection_ack"
        operation = {"query": document, "variables": variables}
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": operation}))
        while (message := json.loads(socket.recv(60)))["type"] != "complete":
            if message["type"] == "error":
                yield {"errors": message["payload"]}
                return
            if message["type"] == "next":
                yield message["payload"]


def over_events(system: System, document: str, token: str | None = None, **variables: Any) -> Results:
    """The same over an event stream."""
    headers = {"accept": "text/event-stream"} | ({"authorization": f"Bearer {token}"} if token else {})
    operation = {"query": document, "variables": variables}
    with httpx.stream("POST", system.graphql, json=operation, headers=headers, timeout=60) as stream:
        event = ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            if event == "complete":
                return
            if name == "data" and event == "next":
                yield json.loads(value)
