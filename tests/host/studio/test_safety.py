# SPDX-License-Identifier: MIT
"""Who may talk to the studio, and what it answers to others: no page of another site, no other user, no stray token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from midge.studio.project import Project
from midge.studio.safety import MOST_BODY, Keys
from midge.studio.server import STATIC, application
from midge.studio.studio import Studio

PORT = 4711
HOST = f"127.0.0.1:{PORT}"
HERE = f"http://{HOST}"
LINE = f"ws://{HOST}/live"
OWN = {"origin": HERE}


@pytest.fixture
def keys() -> Keys:
    return Keys(PORT)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(Project(tmp_path))


@pytest.fixture
def stranger(studio: Studio, keys: Keys) -> Iterator[TestClient]:
    with TestClient(application(studio, keys, [HOST, f"localhost:{PORT}"]), HERE, follow_redirects=False) as client:
        yield client


@pytest.fixture
def page(stranger: TestClient, keys: Keys) -> TestClient:
    """A page that came in by the address that the terminal showed."""
    answer = stranger.get(f"/?token={keys.new()}")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and f"midge_studio_{PORT}=" in cookie
    return stranger


def test_a_token_is_good_once(page: TestClient, studio: Studio, keys: Keys) -> None:
    assert page.get("/").status_code == 200
    token = keys.new()
    others = [TestClient(application(studio, keys, [HOST]), HERE, follow_redirects=False) for _ in range(2)]
    assert others[0].get(f"/?token={token}").status_code == 303
    late = others[1].get(f"/?token={token}")
    assert late.status_code == 401 and "press Enter for a new one" in late.text
    assert others[1].get("/").status_code == others[1].get("/api/state").status_code == 401
    assert page.get(f"/?token={token}").headers["location"] == "/"  # who is in already stays in


def test_a_token_expires_when_many_newer_ones_wait(stranger: TestClient, keys: Keys) -> None:
    first, *others = (keys.new() for _ in range(21))
    assert stranger.get(f"/?token={first}").status_code == 401
    assert stranger.get(f"/?token={others[0]}").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "%00", "\u00fc", "x" * 5000])
def test_a_token_that_is_none(stranger: TestClient, token: str) -> None:
    assert stranger.get("/", params={"token": token}).status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/takes", "/api/take", "/api/report", "/report", "/model",
                                  "/static/app.js", "/static/../server.py", "/nothing"])
def test_nothing_is_told_without_the_cookie(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert stranger.post(path, headers=OWN).status_code == 401
    stranger.cookies.set(f"midge_studio_{PORT}", "guessed")
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1",
                                  f"127.0.0.1.:{PORT}", ""])
def test_a_name_that_was_made_to_lead_here(page: TestClient, host: str) -> None:
    """DNS rebinding: the browser believes that it talks to evil.example, and sends its name."""
    for path in ("/", "/api/state", "/static/app.js"):
        assert page.get(path, headers={"host": host}).status_code == 421
    assert page.post("/api/do/undo", headers={"host": host, "origin": f"http://{host}"}).status_code == 421


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", f"https://{HOST}",
                                    f"{HERE}.evil.example"])
def test_a_page_of_another_site_changes_nothing(page: TestClient, studio: Studio, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    assert page.post("/api/do/settings", json={"count": 9}, headers=headers).status_code == 403
    assert page.post("/api/bring", content=b"", headers=headers).status_code == 403
    assert studio.project.settings.count == 5
    with pytest.raises(WebSocketDisconnect), page.websocket_connect(LINE, headers=headers):
        pass
    assert page.post("/api/do/settings", json={"count": 9}, headers=OWN).status_code == 200
    assert studio.project.settings.count == 9


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_reads_nothing(page: TestClient, site: str) -> None:
    """Same-site is another port of this machine, whose pages get the cookie sent along."""
    for path in ("/api/state", "/static/app.js", "/api/report"):
        assert page.get(path, headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}).status_code == 403
    entering = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert page.get("/", headers=entering).status_code == 200  # a link in a mail, to a page that asks for nothing


def test_lines_need_cookie_and_origin(page: TestClient, stranger: TestClient) -> None:
    with page.websocket_connect(LINE, headers=OWN) as line:
        assert line.receive_json()["kind"] == "state"
    page.cookies.clear()
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect(LINE, headers=OWN):
        pass


def test_answers_carry_a_policy(page: TestClient) -> None:
    for path in ("/", "/api/state", "/static/app.css", "/nothing", "/api/phone", "/api/file?take=a/b.wav"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer"


def test_nothing_in_the_page_is_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.is_file():
            text = re.sub(r"^\s*//.*", "", path.read_text(), flags=re.MULTILINE)
            assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)) <= {"http://www.w3.org"}, path
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), path


def test_files_are_those_of_the_page(page: TestClient) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd",
                 "/static/"):
        assert page.get(path).status_code in (404, 405), path


def test_networks_that_are_brought_stay_in_their_folder(page: TestClient, studio: Studio) -> None:
    for name, status in (("../../evil.tflite", 200), ("x.exe", 400), ("", 400), ("..", 400)):
        assert page.post("/api/front", params={"name": name}, content=b"1", headers=OWN).status_code == status
    assert [path.name for path in studio.project.models.iterdir()] == ["evil.tflite"]
    assert studio.state()["fronts"] == ["evil.tflite"] and studio.project.settings.front == "evil.tflite"


def test_uploads_have_a_limit(page: TestClient, studio: Studio) -> None:
    declared = page.post("/api/bring?name=x.csv&label=a", headers=OWN | {"content-length": str(4 << 30)}, content=b"1")
    assert declared.status_code == 413 and "bring smaller files" in declared.text
    stream = (b"x" * 65536 for _ in range(300))  # which says nothing of its length
    assert page.post("/api/bring?name=x.csv&label=a", headers=OWN, content=stream).status_code == 413
    assert page.post("/api/do/settings", headers=OWN, content=b" " * (MOST_BODY + 1)).status_code == 413
    assert studio.shelf.labels() == {}


@pytest.mark.parametrize(("action", "body", "words"), [
    ("nothing", b"{}", "cannot do that"), ("close", b"{}", "cannot do that"), ("__init__", b"{}", "cannot do that"),
    ("settings", b"[]", "no request of the page's"), ("settings", b"{", "no request"),
    ("settings", b"\xff", "no request"),
    ("choose", b'{"port": "/dev/ttyS0"}', "no board was found there"), ("choose", b'{"port": 3}', "wanted a text"),
    ("choose", b"{}", "asked in another way"), ("watch", b"{}", "no board is chosen"),
    ("put", b"{}", "no board is chosen"),
    ("move", b'{"movement": "circle"}', "no practice board"), ("delete", b'{"takes": []}', "a list of takes"),
    ("delete", b'{"takes": ["../x.csv"]}', "is no take"),
    ("trim", b'{"take": "a/b.csv", "start": "0", "end": 1}', "whole numbers"),
    ("record", b'{"label": "<script>", "count": 1, "seconds": 1, "countdown": 0, "way": "trigger"}', "wanted 1 to 40"),
    ("record", b'{"label": "a", "count": 1, "seconds": 1, "countdown": 1e9, "way": "countdown"}', "0 to 60 seconds"),
    ("record", b'{"label": "a", "count": 1, "seconds": 1, "countdown": 0, "way": "magic"}', "no board is chosen"),
    ("source", b'{"source": "phone"}', "wanted board"), ("here", b"{}", "only sounds are listened to here"),
    ("keep-miss", b'{"id": "x", "label": "a"}', "not kept any more"),
    ("open-learner", b'{"model": "../x"}', "no network"),
    ("learner", b'{"what": "teach"}', "no learner is open"), ("learner", b'{"what": 1}', "wanted a text"),
    ("undo", b"{}", "nothing to undo"),
    ("settings", b'{"model": "../../x"}', "wanted a letter"), ("settings", b'{"kind": 3}', "wanted a text"),
])
def test_what_is_refused_is_told_in_a_sentence(page: TestClient, action: str, body: bytes, words: str) -> None:
    answer = page.post(f"/api/do/{action}", content=body, headers=OWN)
    assert answer.status_code == 400 and words in answer.json()["error"] and "\n" not in answer.json()["error"]


def test_every_text_is_in_the_catalogue() -> None:
    catalogue = json.loads((STATIC / "text.en.json").read_text())
    used = set()
    for path in STATIC.rglob("*.js"):
        used |= set(re.findall(r'''\btext\(\s*"([\w.]+)"''', path.read_text()))
        used |= set(re.findall(r'''\? "([\w]+\.[\w.]+)" :''', path.read_text()))
    assert used <= set(catalogue), used - set(catalogue)
