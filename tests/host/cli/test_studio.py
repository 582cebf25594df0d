# SPDX-License-Identifier: MIT
"""midge studio: the address that it prints, that it has its project for itself, and that it ends."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
from pathlib import Path
from urllib import request
from urllib.error import HTTPError

import pytest

from tests.support.command import MIDGE, refusal


def test_a_studio_opens_and_closes(tmp_path: Path) -> None:
    command = [*MIDGE, "studio", str(tmp_path / "project"), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL) as opened:
        assert opened.stdout is not None
        lines = [opened.stdout.readline() for _ in range(2)]
        found = re.fullmatch(r"  page     http://127\.0\.0\.1:(\d+)/\?token=[\w-]{32}\n", lines[1])
        assert lines[0].startswith("  project  ") and found, lines
        told = refusal("studio", tmp_path / "project", "--no-browser")
        assert f"is open in another studio (http://127.0.0.1:{found[1]}); go on there, or end it with Ctrl-C" in told
        assert f"port {found[1]}: Address already in use; choose another" in refusal(
            "studio", tmp_path / "other", "--no-browser", "--port", found[1])
        with socket.create_connection(("127.0.0.1", int(found[1])), 5) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 421")
        opened.send_signal(signal.SIGINT)
        said, faults = opened.communicate(timeout=20)
    assert opened.returncode == 0 and not faults, faults
    assert "the studio is closed; everything is in" in said
    assert sorted(path.name for path in (tmp_path / "project").iterdir()) == [".studio", "data", "models", "reports"]


def test_a_phone_gets_an_address_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("segno")
    command = [*MIDGE, "studio", str(tmp_path / "project"), "--no-browser", "--phone"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                          stdin=subprocess.DEVNULL) as opened:
        assert opened.stdout is not None
        seen = ""
        while "  page " not in seen and (line := opened.stdout.readline()):
            seen += line
        found = re.search(r"  phone  (https://[\d.]+:\d+)/\?token=([\w-]{32})\n", seen)
        assert found and "\u2588" in seen, seen
        pem = tmp_path / "project/.studio/phone.pem"
        assert pem.stat().st_mode & 0o077 == 0
        trusted = ssl.create_default_context(cafile=str(pem))  # which checks that it is for this address
        with pytest.raises(HTTPError, match="401"):  # it sent us on with a cookie, which we did not keep
            request.urlopen(f"{found[1]}/?token={found[2]}", context=trusted, timeout=10)
        opened.send_signal(signal.SIGINT)
        _, faults = opened.communicate(timeout=20)
    assert opened.returncode == 0 and not faults, faults


def test_what_it_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    assert "midge studio needs the package uvicorn" in refusal("studio", tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/data").write_text("")
    assert "name a folder that can be written to" in refusal("studio", tmp_path / "project", "--no-browser")
