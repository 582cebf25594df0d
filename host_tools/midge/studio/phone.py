# SPDX-License-Identifier: MIT
"""A phone as a sensor: a page for it alone, over HTTPS on the local network, with a certificate of this project's own.

Browsers give movements, microphone and camera to secure pages only. The certificate is in .studio/, for the address of
this computer in its network; no authority knows it, so the phone asks once whether to go on. The address that the QR
code holds has a token that is good once, as the studio's own page has.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import ipaddress
import json
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import UserError
from ..files import write_whole
from ..optional import need
from .asking import brought, file_to_keep, heard
from .feeds import Feed, motion_source, sound_source
from .kinds import PICTURE, SOUND
from .safety import Guard, Keys
from .shelf import MOST_IMPORTED
from .static_files import STATIC, can_answer, static_files
from .studio import Studio

_DAYS, _LEFT_DAYS = 397, 7  # for which phones take a certificate, and before whose end another is made
_PURPOSE = "a phone as a sensor"
_TELL_S = 0.3  # between two tellings of how things are
_MOST_MESSAGE = 1 << 16


def lan_address() -> str:
    """Return this computer's address in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("10.255.255.255", 1))  # of UDP: only the route is looked up
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def certificate(path: Path, address: str) -> Path:
    """Return a file with a certificate for an address and its key, which is made where there is none that does.

    Raises UserError where cryptography is missing.
    """
    x509 = need("cryptography.x509", "studio", _PURPOSE)
    ec = need("cryptography.hazmat.primitives.asymmetric.ec", "studio", _PURPOSE)
    hashes = need("cryptography.hazmat.primitives.hashes", "studio", _PURPOSE)
    form = need("cryptography.hazmat.primitives.serialization", "studio", _PURPOSE)
    now = datetime.now(timezone.utc)
    with contextlib.suppress(OSError, ValueError, x509.ExtensionNotFound):
        known = x509.load_pem_x509_certificate(path.read_bytes())
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        own = names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(address)]
        if own and known.not_valid_after_utc > now + timedelta(days=_LEFT_DAYS):
            return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Midge studio")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=_DAYS))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .sign(key, hashes.SHA256()))
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())

    def write(aside: Path) -> None:
        os.chmod(aside, 0o600)
        aside.write_bytes(made.public_bytes(form.Encoding.PEM) + secret)

    write_whole(path, write)
    return path


class PhoneDoor:
    """Where a phone reaches the studio. address: of this computer. Raises UserError where no port is free there."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.here = address or lan_address()
        self.certificate = certificate(folder / "phone.pem", self.here)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.socket.bind((self.here, 0))
        except OSError as error:
            self.socket.close()
            raise UserError(f"{self.here}: {error.strerror or error}; join a network that the phone is in") from error
        self.port = self.socket.getsockname()[1]
        self.keys = Keys(self.port)
        self.hosts = [f"{self.here}:{self.port}"]

    def address(self) -> str:
        """Return an address that is good once."""
        return f"https://{self.hosts[0]}/?token={self.keys.new()}"


def _qr(address: str) -> Any:
    """Return the QR code of an address. Raises UserError where segno is missing."""
    return need("segno", "studio", _PURPOSE).make(address, error="m", micro=False)


def qr_text(address: str) -> str:
    """Return the QR code of an address as lines of blocks, for a terminal. Raises UserError where segno is missing."""
    text = io.StringIO()
    _qr(address).terminal(text, compact=True)
    return text.getvalue()


def qr_svg(address: str) -> bytes:
    """Return the QR code of an address as a picture, dark on white in any theme."""
    file = io.BytesIO()
    _qr(address).save(file, kind="svg", scale=6, border=3, dark="#101418", light="#ffffff")
    return file.getvalue()


def phone_application(studio: Studio, door: PhoneDoor) -> ASGIApp:
    """Return the application that a phone sees: its page, a line for samples, and a place for pictures."""
    line = _Line(studio)
    routes = [
        Route("/", lambda request: FileResponse(STATIC / "phone.html")),
        Route("/picture", line.picture, methods=["POST"]),
        Route("/model", lambda request: file_to_keep(studio.project.model_file())),
        WebSocketRoute("/live", line.live),
        *static_files(),
    ]
    return Guard(Starlette(routes=routes), door.keys, door.hosts, {"/picture": MOST_IMPORTED}, "https")


@contextlib.contextmanager
def serving_phone(studio: Studio, door: PhoneDoor) -> Iterator[None]:
    """Serve a phone from a thread as long as the context is open."""
    config = uvicorn.Config(phone_application(studio, door), log_level="critical", lifespan="off",
                            ws="websockets-sansio", ws_max_size=_MOST_MESSAGE, timeout_graceful_shutdown=1,
                            server_header=False, date_header=False, ssl_certfile=str(door.certificate))
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([door.socket],), name="studio phone", daemon=True)
    studio.phone = door.address
    thread.start()
    try:
        yield
    finally:
        studio.phone = None
        server.should_exit = True
        thread.join(5)


class _Line:
    """What a phone sends and is told."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def picture(self, request: Request) -> Response:
        """Take in a picture as a take."""
        return await brought(request, self.studio.bring)

    async def live(self, phone: WebSocket) -> None:
        """Take samples, and tell what is recorded, until the phone goes."""
        await phone.accept()
        studio, bench = self.studio, self.studio.bench
        kind = studio.shelf.kind()
        feed = Feed((sound_source if kind == SOUND else motion_source)("The phone"))
        bench.join_phone(feed)
        listener = asyncio.create_task(heard(phone, feed.put))
        told = ""
        try:
            while not listener.done():
                now = json.dumps({"kind": kind, "labels": list(studio.shelf.labels()),
                                  "side": studio.project.settings.side, "taking": bench.facts.taking,
                                  "chosen": bench.source() == "phone",
                                  "answers": kind != PICTURE and can_answer(studio.project.model_file())})
                if now != told:
                    await phone.send_text(told := now)
                await asyncio.wait([listener], timeout=_TELL_S)
        except (WebSocketDisconnect, RuntimeError):
            pass  # it was closed
        finally:
            listener.cancel()
            bench.leave_phone(feed)
