# SPDX-License-Identifier: MIT
"""Who may talk to the studio: pages that this studio served, on this machine, to whoever had the address of its start.

A page of another site cannot: its Origin is another, and a name that was made to lead here (DNS rebinding) is another
Host. Other users of this machine cannot: they lack the token, which is good once and becomes a cookie.
"""

from __future__ import annotations

import secrets
from threading import Lock
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 1 << 20  # bytes of a request
_TOKENS = 20  # that wait to be used

_POLICY = ("default-src 'none'; script-src 'self'{core}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
           "media-src 'self'; connect-src 'self' {line}://{host}; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'; "
           "require-trusted-types-for 'script'; trusted-types 'none'")
_HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), accelerometer=(self), gyroscope=(self), geolocation=()",
}
USED = ("This address was used already, or is of an earlier studio. In the terminal where midge studio runs, press "
        "Enter for a new one.\n")


class Keys:
    """Tokens that are good once, and the cookie that they become."""

    def __init__(self, port: int) -> None:
        self.cookie = f"midge_studio_{port}"  # cookies know no ports
        self.secret = secrets.token_urlsafe(32)
        self._tokens: list[str] = []
        self._lock = Lock()

    def new(self) -> str:
        """Return a new token."""
        with self._lock:
            self._tokens = [*self._tokens, secrets.token_urlsafe(24)][-_TOKENS:]
            return self._tokens[-1]

    def use(self, token: str) -> bool:
        """Tell whether a token is good, which it is not any more then."""
        with self._lock:
            found = [known for known in self._tokens if secrets.compare_digest(known.encode(), token.encode())]
            for known in found:
                self._tokens.remove(known)
            return bool(found)

    def open(self, headers: Headers) -> bool:
        """Tell whether a request carries the cookie."""
        found = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return secrets.compare_digest(found.encode(), self.secret.encode())


class Guard:
    """Let through to an application what may pass. hosts: names and ports by which it is reached.

    limits: the most bytes of a body by path, where it is another than MOST_BODY. scheme: http or https.
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, hosts: list[str], limits: dict[str, int], scheme: str = "http"
    ) -> None:
        self.app, self.keys, self.hosts, self.limits, self.scheme = app, keys, hosts, limits, scheme

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refused is None:
                await self.app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 4403})
            return
        send = self._with_headers(send, headers.get("host", ""))
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self.app(scope, _limited(receive, self._limit(scope)), send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return what is answered instead, None where all is well."""
        if headers.get("host", "") not in self.hosts:
            return _no("This is not an address of the studio; open the one that its terminal shows.\n", 421)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        origins = [f"{self.scheme}://{host}" for host in self.hosts]
        origin = headers.get("origin")
        if (changes or origin is not None) and origin not in origins:
            return _no("Only the studio's own page may ask for this.\n", 403)
        entering = scope["path"] == "/" and headers.get("sec-fetch-mode", "navigate") == "navigate"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not entering:
            return _no("Only the studio's own page may ask for this.\n", 403)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and token:
            if self.keys.use(token):
                return self._welcome()
            return RedirectResponse("/", 303) if self.keys.open(headers) else _no(USED, 401)
        if not self.keys.open(headers):
            return _no(USED, 401)
        if scope["type"] == "http" and int(headers.get("content-length") or "0") > self._limit(scope):
            return _no(f"That is more than {self._limit(scope) >> 20} MB; bring smaller files.\n", 413)
        return None

    def _welcome(self) -> Response:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self.keys.cookie, self.keys.secret, httponly=True, samesite="strict", path="/",
                          secure=self.scheme == "https")
        return answer

    def _limit(self, scope: Scope) -> int:
        return self.limits.get(scope["path"], MOST_BODY)

    def _with_headers(self, send: Send, host: str) -> Send:
        line = self.scheme.replace("http", "ws")
        core = " 'wasm-unsafe-eval'" if self.scheme == "https" else ""  # on a phone the core answers, as WebAssembly
        policy = _POLICY.format(core=core, line=line, host=host if host in self.hosts else self.hosts[0])

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = {**_HEADERS, "content-security-policy": policy}
                there = {key.lower() for key, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((key.encode(), value.encode())
                                      for key, value in added.items() if key.encode() not in there)]
            await send(message)

        return sent


class TooMuch(Exception):
    """A body that goes on beyond its limit."""


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a receive that gives no more than so many bytes, whatever the request said of its length."""
    came = 0

    async def received() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > limit:
            raise TooMuch
        return message

    return received


def _no(text: str, status: int) -> Response:
    return PlainTextResponse(text, status)
