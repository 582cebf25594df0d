# SPDX-License-Identifier: MIT
"""How pages are answered: what is for people to mend is an answer too, with a status of 400."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import UserError, visible
from .safety import TooMuch


async def heard(page: WebSocket, hear: Callable[[bytes], None]) -> None:
    """Take what a page sends, which is samples, until it is closed."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await page.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes"):
                hear(message["bytes"])


async def body_of(request: Request) -> bytes | Response:
    """Return what a request brings, or what it is answered where that is too much."""
    try:
        return await request.body()
    except TooMuch:
        return refused("that is more than a request may bring; bring smaller files", 413)
    except ClientDisconnect:
        return refused("the page went away")


async def answered(work: Callable[[], Any]) -> Response:
    """Return the answer of some work, which is done in another thread."""
    try:
        return JSONResponse(await run_in_threadpool(work))
    except UserError as error:
        return refused(str(error))
    except OSError as error:
        return refused(f"{error.filename or 'the system'}: {error.strerror or error}; mend that, and try again")


async def brought(request: Request, take: Callable[[str, str, bytes], Any]) -> Response:
    """Return the answer to a file that is brought: what `take` makes of its name, label and bytes."""
    body = await body_of(request)
    if isinstance(body, Response):
        return body
    query = request.query_params
    return await answered(lambda: take(query.get("name", ""), query.get("label", ""), body))


def file_to_keep(path: Path) -> Response:
    """Return a file that training makes, as one to keep."""
    if not path.is_file():
        return refused(f"{path.name}: is not there; train a model first", 404)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


def refused(text: str, status: int = 400) -> Response:
    """Return an answer that says what is wrong."""
    return JSONResponse({"error": visible(text, keep="\n")}, status)
