"""Gives out the files of exports over HTTP, to whom may have them."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from errors import CatalographError, NotFound
from indexing.services import Services
from resolvers.exports import exported_file
from resolvers.viewer import viewer_of
from schema.endpoint.request import request_head
from schema.errors import http_status

_HEADERS = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}


def exports(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Answers a request for the file of the export `task`."""

    async def download(request: Request) -> Response:
        head = request_head(request.scope)
        try:
            viewer = await viewer_of(services, head.authorization)
            path, name = await exported_file(services, viewer, request.path_params["task"])
        except CatalographError as error:
            return _refusal(error, head.request_id)
        headers = {**_HEADERS, "x-request-id": head.request_id}
        return FileResponse(path, media_type="application/gzip", filename=name, headers=headers)

    return download


def _refusal(error: CatalographError, request_id: str) -> Response:
    status = 404 if isinstance(error, NotFound) else http_status(error)
    shown = {"message": str(error), "extensions": {"code": error.code, "requestId": request_id}}
    return JSONResponse({"errors": [shown]}, status, {**_HEADERS, "x-request-id": request_id})
