# SPDX-License-Identifier: MIT
"""midge install and midge verify on the emulated board with MicroPython that lacks Midge, and what keeps it off."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from midge import load
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.link import modules as packages
from midge.link.identity import Identity, explain_import_error, identify, require_midge
from midge.link.install import install
from midge.link.transport import BoardError, open_board
from midge.link.upload import upload
from midge.link.verify import replay, vectors
from tests.support import ROOT
from tests.support.boards import Board, started
from tests.support.command import midge, midge_process, processor_seconds

STOCK = ROOT / "build/firmware/qemu-cortex-m4-bare/firmware.elf"


def need_builds() -> None:
    if not STOCK.is_file():
        pytest.skip("not built: make firmware BOARD=qemu-cortex-m4 BARE=1")
    if not (ROOT / "build/natmod/armv7emsp/_midge.mpy").is_file():
        pytest.skip("not built: make natmod ARCH=armv7emsp")


@pytest.fixture
def stock_board(request: pytest.FixtureRequest, emulator: None) -> Callable[..., Board]:
    """A function that starts a board whose MicroPython knows nothing of Midge."""
    need_builds()
    return lambda **options: Board(started(request, "qemu-cortex-m4", firmware=STOCK, **options))


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest, emulator: None) -> Board:
    """A board on which midge install was run."""
    need_builds()
    board = Board(started(request, "qemu-cortex-m4", firmware=STOCK))
    done = midge("install", "--port", board.port)
    assert done.returncode == 0, done.stderr
    return board


@pytest.fixture(scope="module")
def wand(wand_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("install") / "wand.midge"
    labels = wand_tflite.with_name("labels.txt").read_text().split()
    path.write_bytes(convert_model(wand_tflite, labels).blob)
    return path


def quiet(path: str, size: int) -> Callable[[int], None]:
    return lambda done: None


def test_from_stock_firmware_to_the_first_answer_in_20_s(stock_board: Callable[..., Board], wand: Path) -> None:
    """Seconds of a processor, those of both commands and of the emulated board: other tests use the cores as well."""
    before = processor_seconds()
    board = stock_board()
    first = midge_process("install", "--port", board.port)
    second = midge_process("upload", wand, "--port", board.port)
    answer = board.run("import midge; w = midge.load('wand.midge'); print(w([0.0] * 288).label)")
    board.simulator.stop()
    seconds = processor_seconds() - before
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert answer in ("idle", "circle", "wing", "slope", "thrust", "flick")
    print(f"\ninstall, upload and first answer: {seconds:.1f} s of a processor")
    assert seconds < 20


def test_it_says_what_it_did_and_what_is_next(installed: Board) -> None:
    done = midge("install", "--port", installed.port)
    assert done.returncode == 0, done.stderr
    for words in ("Midge is on QEMU Cortex-M4F", "/flash/lib/_midge.mpy, armv7emsp", "there already", "the same bytes",
                  "B free with Midge imported", "next:", "midge upload"):
        assert words in done.stdout, done.stdout


def test_as_json(installed: Board) -> None:
    facts = json.loads(midge("install", "--port", installed.port, "--json").stdout)
    assert facts["arch"] == "armv7emsp"
    assert {file["path"] for file in facts["files"]} >= {"/flash/lib/_midge.mpy", "/flash/lib/midge/__init__.mpy"}
    assert all(file["unchanged"] for file in facts["files"])


def test_a_damaged_file_is_sent_again(installed: Board) -> None:
    installed.run("with open('/flash/lib/midge/stream.mpy', 'r+b') as f: f.seek(60); f.write(b'xx')")
    facts = json.loads(midge("install", "--port", installed.port, "--json").stdout)
    assert [file["path"] for file in facts["files"] if not file["unchanged"]] == ["/flash/lib/midge/stream.mpy"]


def test_source_that_was_put_there_by_hand_gives_way(installed: Board) -> None:
    installed.run("with open('/flash/lib/midge/describe.py', 'w') as f: f.write('1/0')")
    assert midge("install", "--port", installed.port).returncode == 0
    assert "describe.py'" not in installed.run("import os; print(os.listdir('/flash/lib/midge'))")


def test_a_file_of_the_users_that_has_its_name(installed: Board) -> None:
    installed.run("with open('/flash/midge.py', 'w') as f: f.write('answer = 42')")
    done = midge("install", "--port", installed.port)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "/flash/midge.py: `import midge` finds this file of yours" in done.stderr
    installed.run("import os; os.remove('/flash/midge.py')")
    assert midge("install", "--port", installed.port).returncode == 0


def test_it_can_be_removed_again(stock_board: Callable[..., Board], wand: Path) -> None:
    board = stock_board()
    for command in (("install",), ("upload", wand)):
        assert midge(*command, "--port", board.port).returncode == 0
    board.run("with open('/flash/lib/mine.py', 'w') as f: f.write('x = 1')")
    done = midge("uninstall", "--port", board.port)
    assert done.returncode == 0 and "Midge is off QEMU Cortex-M4F" in done.stdout, done.stdout + done.stderr
    assert board.run("import os; print(os.listdir('/flash/lib'), os.listdir('/flash'))").startswith("['mine.py'] ")
    assert board.run("import os; print('wand.midge' in os.listdir('/flash'))") == "True"
    assert "was not on its file system" in midge("uninstall", "--port", board.port).stdout


def test_a_board_without_midge(stock_board: Callable[..., Board], wand: Path) -> None:
    done = midge("upload", wand, "--port", stock_board().port)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "the board has no Midge; run midge install, or flash firmware with Midge" in done.stderr


def test_firmware_with_midge_needs_the_package_only(new_board: Callable[..., Board]) -> None:
    board = new_board()
    with open_board(board.port) as opened:
        done = install(opened, quiet)
    assert done.identity.core == "firmware"
    assert {Path(file.path).name for file in done.uploads} == {Path(name).name for name in packages.device_package()}
    assert "_midge.mpy" not in board.run("import os; print(os.listdir('/flash/lib'))")


# What keeps Midge off a board: one line each.


def test_a_module_for_another_core(stock_board: Callable[..., Board]) -> None:
    wrong = ROOT / "build/natmod/x64/_midge.mpy"
    if not wrong.is_file():
        pytest.skip("not built: make natmod ARCH=x64")
    board = stock_board()
    with open_board(board.port) as opened:
        opened.ask("import os\nos.mkdir('/flash/lib')")
        upload(opened, wrong.read_bytes(), "/flash/lib/_midge.mpy", lambda done: None)
        assert identify(opened).core.startswith("!ValueError")
        words = "the _midge.mpy there is for another core or MicroPython; this board takes armv7emsp: run midge install"
        with pytest.raises(UserError, match=words):
            require_midge(opened)
        install(opened, quiet)  # and that mends it
        require_midge(opened)


def test_a_module_that_is_not_what_its_folder_says() -> None:
    content = (ROOT / "build/natmod/x64/_midge.mpy").read_bytes()
    packages.check_native(content, "x64", "x")
    with pytest.raises(UserError, match=r"_midge.mpy: holds code for x64, wanted armv6m; run: make natmod ARCH=armv6m"):
        packages.check_native(content, "armv6m", "_midge.mpy")
    with pytest.raises(UserError, match=r"_midge.mpy: no .mpy file; build it again: make natmod ARCH=x64"):
        packages.check_native(b"<html>", "x64", "_midge.mpy")


def test_a_module_that_nobody_built() -> None:
    with pytest.raises(UserError, match=r"no _midge.mpy for rv64imc is built here; run: make natmod ARCH=rv64imc"):
        packages.native_module("rv64imc")


def test_an_esp8266_is_told_how_to_make_room() -> None:
    mpy = 9 << 10 | 0x306
    facts = ["micropython", (1, 25, 0), "ESP module with ESP8266", mpy, "esp8266", 35000, ["/lib"], "", "", "/"]
    words = r"ESP8266, MicroPython 1\.25\.0: no room for its code; .* in boot\.py .*: import esp; esp\.set_native_code"
    error = BoardError("MemoryError('memory allocation failed, allocating 17972 bytes for native code',)")
    with pytest.raises(UserError, match=words):
        raise explain_import_error(error, Identity(*facts))  # type: ignore[arg-type]
    error = BoardError("MemoryError('memory allocation failed, allocating 63448 bytes',)")
    with pytest.raises(UserError, match=r"too little RAM .*, or build .*: make natmod ARCH=xtensa OPS_FROM=MODEL"):
        raise explain_import_error(error, Identity(*facts))  # type: ignore[arg-type]


class Pretender:
    """The emulated board, giving itself out for another: what it says of itself is changed on the way."""

    def __init__(self, board, **changed: object):
        self.board, self.changed, self.port, self.retries = board, changed, board.port, 0

    def restart(self) -> None:
        self.board.restart()

    def ask(self, code: str, data: bytes = b"", **options: float) -> str:
        answer = self.board.ask(code, data, **options)
        if "sys.implementation" in code:
            names = ("name", "version", "machine", "mpy", "platform", "free_ram")
            facts = json.loads(answer)
            facts[: len(names)] = [self.changed.get(name, fact) for name, fact in zip(names, facts, strict=False)]
            return json.dumps(facts)
        return answer


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": [1, 22, 2]}, r"MicroPython 1.22.2 is too old; Midge needs 1.23 or newer: midge flash"),
        ({"name": "circuitpython"}, r"runs circuitpython; Midge needs MicroPython 1.23 or newer"),
        ({"mpy": 7 << 10 | 6}, r"loads native modules of \.mpy format 6\.0, Midge's are of 6\.3; flash Micro"),
        ({"mpy": 6}, r"this firmware loads no native modules; flash one with Midge in it"),
    ],
)
def test_firmware_that_will_not_do(installed: Board, changed: dict[str, object], words: str) -> None:
    with open_board(installed.port) as opened, pytest.raises(UserError, match=words) as error:
        install(Pretender(opened, **changed), quiet)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_what_is_no_micropython_is_named_where_midge_is_wanted(stock_board: Callable[..., Board]) -> None:
    with open_board(stock_board().port) as opened:
        board = Pretender(opened, name="circuitpython")
        with pytest.raises(UserError, match=r"runs circuitpython; Midge needs MicroPython 1.23 or newer: midge flash"):
            require_midge(board)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="the board has no Midge; run midge install"):
            require_midge(opened)


def test_too_little_ram(stock_board: Callable[..., Board]) -> None:
    board = stock_board(heap_bytes=40_000)
    done = midge("install", "--port", board.port)
    assert done.returncode == 1
    assert "B of RAM as files, " in done.stderr and "flash firmware with Midge in it" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_small_module_for_a_model_where_the_whole_one_has_no_room(
    stock_board: Callable[..., Board], wand: Path
) -> None:
    if not (ROOT / "build/natmod/armv7emsp/networks/_midge.mpy").is_file():
        pytest.skip("not built: make natmod ARCH=armv7emsp SET=networks")
    board = stock_board(heap_bytes=64_000)
    refused = midge("install", "--port", board.port)
    assert refused.returncode == 1 and "midge install --for MODEL" in refused.stderr
    done = midge("install", "--port", board.port, "--for", wand)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()[0]
    said = re.search(r"native module 'networks' and the package, .* take about (\d+) kB of the (\d+) kB of RAM", told)
    assert said and int(said[2]) < 64, told
    before = int(board.run("import gc; gc.collect(); print(gc.mem_free())", fresh=True))
    taken = before - int(board.run("import midge; gc.collect(); print(gc.mem_free())"))
    assert abs(taken - 1000 * int(said[1])) < 1500 and taken < 24_000, taken
    assert midge("upload", wand, "--port", board.port).returncode == 0
    assert board.run("import midge; print(midge.load('wand.midge')([0, 0, 1] * 96).label)") == "idle"
    facts = json.loads(midge("install", "--port", board.port, "--for", wand, "--json").stdout)
    assert facts["plan"]["module"] == "networks" and all(file["unchanged"] for file in facts["files"])


def test_too_little_flash(stock_board: Callable[..., Board]) -> None:
    board = stock_board()
    board.run("import os; s = os.statvfs('/flash'); z = bytes(4096)\n"
              "with open('filler', 'wb') as f:\n for i in range(s[3] - 9): f.write(z)", timeout_s=60)
    done = midge("install", "--port", board.port)
    assert done.returncode == 1
    assert "Midge needs" in done.stderr and "B of flash there, " in done.stderr and "remove files" in done.stderr
    assert done.stderr.count("\n") == 1


# midge verify.


def test_verify_compares_every_byte(installed: Board, wand: Path) -> None:
    done = midge("verify", wand, "--port", installed.port, "--runs", "8")
    assert done.returncode == 0, done.stderr
    for words in ("48 B of outputs", "us per inference", "every byte is the same"):
        assert words in done.stdout
    assert "_verify.midge" not in installed.run("import os; print(os.listdir())")


def test_verify_takes_recorded_vectors(installed: Board, wand: Path, tmp_path: Path) -> None:
    raw = tmp_path / "x.npy"
    np.save(raw, np.random.default_rng(0).integers(-128, 128, (3, 96, 1, 3)).astype(np.int8))
    facts = json.loads(midge("verify", wand, "--port", installed.port, "--vectors", raw, "--json").stdout)
    assert facts["runs"] == 3 and facts["compared"] == 18 and facts["differences"] == []
    assert facts["median_microseconds"] > 0


def test_verify_finds_one_wrong_byte(installed: Board, wand: Path) -> None:
    """The board runs a model that differs in one weight, under the name of the one that is verified."""
    blob = wand.read_bytes()
    inputs = vectors(blob, None, 4)
    candidates = (damage(blob, back) for back in range(100, 4000, 100))
    other = next(made for made in candidates if len(found := host(made, inputs)) == 4 and found != host(blob, inputs))
    with open_board(installed.port) as opened:

        class Swapping(Pretender):
            def ask(self, code: str, data: bytes = b"", **options: float) -> str:
                if "ld(" in code and "def ld" in code:
                    upload(opened, other, "_verify.midge", lambda done: None)
                return self.board.ask(code, data, **options)

        result = replay(Swapping(opened), blob, "not-there.midge", inputs, lambda n: None)
    assert result.differences
    first = result.differences[0]
    assert first.found != first.wanted and first.output == "scores"


def damage(blob: bytes, back: int) -> bytes:
    """Change one bit, `back` bytes before the end, and the checksum with it."""
    other = bytearray(blob)
    other[-back] ^= 0x40
    other[12:16] = crc32(other[16:]).to_bytes(4, "little")
    return bytes(other)


def host(blob: bytes, inputs: list[list[bytes]]) -> list[bytes]:
    """What this machine's core answers; nothing where it refuses the model."""
    try:
        model = load(blob)
    except ValueError:
        return []
    out = bytearray(6)
    return [model.run(x, out=out) or bytes(out) for x in inputs]


def test_edges_come_first(wand: Path) -> None:
    made = vectors(wand.read_bytes(), None, 6)
    assert set(made[0][0]) == {0x80} and set(made[1][0]) == {0x7F} and made[2][0][:2] == b"\x7f\x80"
    assert len(made) == 6 and made[4] != made[5]


# mpremote mip install, from a web server on this machine.


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_mip_installs_it_from_a_web_server(
    stock_board: Callable[..., Board], web: tuple[Path, str], wand: Path, venv_bin: Path
) -> None:
    folder, address = web
    board = stock_board()
    packages.write_mip(folder, "armv7emsp")
    board.run("import os; os.mkdir('/flash/lib')")
    done = subprocess.run([venv_bin / "mpremote", "connect", board.port, "mip", "install", f"{address}/armv7emsp/"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Done" in done.stdout, done.stdout + done.stderr
    with open_board(board.port) as opened:
        mine = install(opened, quiet)  # proves it, and finds nothing left to send
    assert all(file.unchanged for file in mine.uploads)
    assert midge("verify", wand, "--port", board.port, "--runs", "4").returncode == 0


def test_mip_installs_the_driver_of_a_sensor(
    new_board: Callable[..., Board], web: tuple[Path, str], venv_bin: Path
) -> None:
    folder, address = web
    board = new_board()
    written = {path.name for path in packages.write_drivers(folder)}
    assert {"lsm9ds1.json", "bmi270.json"} < written and "fifo_sensor.json" not in written
    board.run("import os; os.mkdir('/flash/lib')")
    done = subprocess.run(
        [venv_bin / "mpremote", "connect", board.port, "mip", "install", f"{address}/drivers/lsm6ds.json"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0 and "Done" in done.stdout, done.stdout + done.stderr
    assert board.run("import os, lsm6ds\nprint(sorted(os.listdir('/flash/lib')))") == "['fifo_sensor.py', 'lsm6ds.py']"
