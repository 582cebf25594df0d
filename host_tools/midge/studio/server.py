# SPDX-License-Identifier: MIT
"""The studio's server: the page's files, what it asks for, and what it is told, on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import UserError
from ..samples.sound_files import Sound
from .asking import answered, body_of, brought, file_to_keep, heard, refused
from .here import see
from .kinds import MEDIA, wav_bytes
from .phone import qr_svg
from .safety import Guard, Keys
from .shelf import MOST_IMPORTED, MOST_LISTED
from .static_files import STATIC, static_files
from .studio import Studio

HOST = "127.0.0.1"
_KEEP_OPEN_S = 15.0  # between two signs of life


class Door:
    """Where the studio is reached: a socket that is open already, and the addresses of its page."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind((HOST, port))
        except OSError as error:
            self.socket.close()
            raise UserError(f"port {port}: {error.strerror or error}; choose another with --port, or none") from error
        self.port = self.socket.getsockname()[1]
        self.keys = Keys(self.port)
        self.hosts = [f"{HOST}:{self.port}", f"localhost:{self.port}"]

    def address(self) -> str:
        """Return an address that is good once."""
        return f"http://{self.hosts[0]}/?token={self.keys.new()}"


def application(studio: Studio, keys: Keys, hosts: list[str]) -> ASGIApp:
    """Return the application that serves a studio to those who may see it."""
    asking = _Asking(studio)
    routes = [
        Route("/", lambda request: FileResponse(STATIC / "index.html")),
        Route("/api/state", asking.get(lambda query: studio.state())),
        Route("/api/takes", asking.get(lambda query: studio.shelf.takes(
            query.get("label", ""), _number(query.get("start"), 0), _number(query.get("count"), MOST_LISTED)))),
        Route("/api/file", asking.file),
        Route("/api/take", asking.get(lambda query: studio.shelf.picture(query.get("take", "")))),
        Route("/api/phone", asking.phone),
        Route("/api/misses", asking.get(lambda query: studio.bench.nearly())),
        Route("/api/miss", asking.miss),
        Route("/api/report", asking.get(lambda query: studio.project.report())),
        Route("/api/bring", asking.bring, methods=["POST"]),
        Route("/api/front", asking.front, methods=["POST"]),
        Route("/api/see", asking.see, methods=["POST"]),
        Route("/api/do/{action}", asking.act, methods=["POST"]),
        Route("/report", asking.report),
        Route("/model", asking.model),
        WebSocketRoute("/live", asking.live),
        *static_files(),
    ]
    return Guard(Starlette(routes=routes), keys, hosts, {"/api/bring": MOST_IMPORTED, "/api/front": MOST_IMPORTED})


def serve(studio: Studio, door: Door, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C, or until the process is told to end. ready: called once pages can be opened."""
    config = uvicorn.Config(application(studio, door.keys, door.hosts), log_level="critical", lifespan="off",
                            ws="websockets-sansio", ws_max_size=1 << 16, timeout_graceful_shutdown=1,
                            server_header=False, date_header=False)
    server = _Server(config, ready)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[door.socket])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._ready()


class _Asking:
    """What pages ask, answered; what is for people to mend is an answer too, with a status of 400."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def get(self, answer: Callable[[Any], Any]) -> Callable[[Request], Any]:
        """Return the endpoint of a question that changes nothing."""

        async def endpoint(request: Request) -> Response:
            return await answered(lambda: answer(request.query_params))

        return endpoint

    async def act(self, request: Request) -> Response:
        """Do what is asked."""
        body = await body_of(request)
        if isinstance(body, Response):
            return body
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return refused("this is no request of the page's; reload it")
        return await answered(lambda: self.studio.act(request.path_params["action"], given))

    async def bring(self, request: Request) -> Response:
        """Take in a file."""
        return await brought(request, self.studio.bring)

    async def file(self, request: Request) -> Response:
        """Give a take as it is, for a player or to look at."""
        try:
            path = await run_in_threadpool(lambda: self.studio.shelf.path_of(request.query_params.get("take", "")))
        except UserError as error:
            return refused(str(error), 404)
        return FileResponse(path, media_type=MEDIA.get(path.suffix.lower(), "application/octet-stream"))

    async def phone(self, request: Request) -> Response:
        """Give a QR code whose address is good once, for a phone."""
        if self.studio.phone is None:
            return refused("no phone is waited for; start the studio with: midge studio --phone", 404)
        return Response(qr_svg(self.studio.phone()), media_type="image/svg+xml")

    async def miss(self, request: Request) -> Response:
        """Give the sound of a near miss, for a player."""
        try:
            found = self.studio.bench.miss(request.query_params.get("id", ""))
        except UserError as error:
            return refused(str(error), 404)
        return Response(wav_bytes(Sound(found.values[:, None], found.rate_hz)), media_type="audio/wav")

    async def front(self, request: Request) -> Response:
        """Take in a network on whose front pictures are trained."""
        body = await body_of(request)
        if isinstance(body, Response):
            return body
        return await answered(lambda: self.studio.bring_front(request.query_params.get("name", ""), body))

    async def see(self, request: Request) -> Response:
        """Answer to a picture, as the board would."""
        body = await body_of(request)
        if isinstance(body, Response):
            return body
        return await answered(lambda: see(self.studio.project.model_file(), body))

    async def report(self, request: Request) -> Response:
        """Give the report as a file to keep."""
        return file_to_keep(self.studio.project.report_file("html"))

    async def model(self, request: Request) -> Response:
        """Give the model as a file to keep."""
        return file_to_keep(self.studio.project.model_file())

    async def live(self, page: WebSocket) -> None:
        """Tell a page what goes on, until it is closed."""
        await page.accept()
        queue = self.studio.hub.open()
        listener = asyncio.create_task(heard(page, lambda said: self.studio.bench.hear("browser", said)))
        try:
            await page.send_json({"kind": "state", "state": await run_in_threadpool(self.studio.state)})
            while not listener.done():
                try:
                    message = await asyncio.wait_for(queue.get(), _KEEP_OPEN_S)
                except asyncio.TimeoutError:
                    message = {"kind": "alive"}
                if message is None:
                    break
                await page.send_json(message)
            await page.close(4000)
        except (WebSocketDisconnect, RuntimeError):
            pass  # it was closed
        finally:
            listener.cancel()
            self.studio.hub.close(queue)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else otherwise
