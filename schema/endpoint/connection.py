"""A connection that lasts: who opened it, and how it is ended when its token is."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket

from metrics import swallowed
from schema.endpoint.request import RequestHead

FORBIDDEN = 4403
PATIENCE = 1.0
"""Seconds that a client has to take what is on its way to it, before it is cut off."""


@dataclass(slots=True, eq=False)
class Connection:
    """A WebSocket or event stream; the view fills in `connection_params` once the client has said who it is."""

    opened_by: RequestHead
    socket: WebSocket | None = None
    connection_params: dict[str, object] | None = None
    ended: bool = False
    abandoned: bool = False
    reader: "asyncio.Task[Any] | None" = None
    """What reads the results of an event stream."""
    _serving: "asyncio.Task[Any] | None" = field(default_factory=asyncio.current_task)

    @property
    def head(self) -> RequestHead:
        """The head for its operations, with the `authorization` of the payload of `connection_init`, if any."""
        for name, value in (self.connection_params or {}).items():
            if name.lower() == "authorization" and isinstance(value, str):
                return self.opened_by._replace(authorization=value)
        return self.opened_by

    async def end(self) -> None:
        """Close a socket with 4403, end a stream with an error; cut off who does not take either."""
        if self.ended:
            return
        self.ended = True
        if self.socket is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.socket.close(FORBIDDEN, "Forbidden")
            except (TimeoutError, RuntimeError) as error:  # it may have been closed meanwhile
                swallowed("the end of a connection", error)
        elif self.reader is not None:
            self.reader.cancel()
        if self._serving is not None:
            await asyncio.wait([self._serving], timeout=PATIENCE)
            self._serving.cancel()

    def abandon(self) -> None:
        """End an event stream wherever it is, without a word: its client comes back, to another server or later."""
        if self.socket is None and self._serving is not None:
            self.abandoned = True
            self._serving.cancel()

    def was_cut_off(self) -> bool:
        """Whether the cancellation of the current task is ours; it is over then."""
        task = asyncio.current_task()
        return (self.ended or self.abandoned) and task is not None and task.uncancel() == 0
