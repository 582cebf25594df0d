# SPDX-License-Identifier: MIT
"""A simulated board: QEMU with Midge's firmware at a serial port that mpremote and ampy can open.

>>> with Simulator("qemu-cortex-m4") as board:  # doctest: +SKIP
...     print(board.port)
/dev/pts/3

The board's main memory is a file of the host's, shared with QEMU. So flash and ROMFS images are written into it
before the start, survive `machine.reset()`, and are read back at the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np

from ..errors import UserError
from ..files import write_whole
from ..resources import built_firmware, firmware_remedy, is_checkout, stock_firmware
from ..samples.recordings import Recording
from ..samples.sound_files import Sound
from ..targets.boards import Board, Qemu, load_board
from .confine import confined
from .romfs import build_romfs

_PR_SET_PDEATHSIG = 1
_SOUND = struct.Struct("<II")  # rate, samples: what machine_i2s.c reads
_QEMU_PACKAGES = {"arm": "qemu-system-arm", "riscv": "qemu-system-misc"}  # of Debian, by Qemu.tools
_ROMFS_MAGIC = b"\xd2\xcd\x31"


class Simulator:
    """Run a simulated board while the context is open.

    board        a board's name or row; it must have a [qemu] table
    firmware     the ELF file; by default what came with the package, or what `make firmware BOARD=<name>` built
    stock        by default rather firmware without Midge, to install it
    romfs        what to show under /rom: an image file, a folder, or files as {path: content}
    flash        the image of /flash: read at the start if it exists, written at the end
    sensor       what the simulated IMU measures, [rows, 3 or 6] as read_recording() gives it; None: there is none
    mic          what the simulated microphone hears over and over, as read_sound() gives it; None: silence
    heap_bytes   size of Python's heap, by default the board's own
    icount       let each instruction take 2**icount ns of the board's time: slower, but time is repeatable
    timeout_s    how long the REPL's prompt may take
    wait         whether to wait for that prompt; a board whose main.py never ends gives none

    Raises UserError when QEMU or the firmware is missing, an image does not fit, or the board does not answer.
    """

    def __init__(
        self,
        board: str | Board = "qemu-cortex-m4",
        *,
        firmware: Path | None = None,
        stock: bool = False,
        romfs: Path | Mapping[str, bytes] | None = None,
        flash: Path | None = None,
        sensor: Recording | None = None,
        mic: Sound | None = None,
        heap_bytes: int | None = None,
        icount: int | None = None,
        timeout_s: float = 20.0,
        wait: bool = True,
    ) -> None:
        self.board = load_board(board) if isinstance(board, str) else board
        if self.board.qemu is None:
            raise UserError(f"{self.board.name} is not simulated; choose a board whose name starts with qemu-")
        self.qemu: Qemu = self.board.qemu
        _check_flash(flash)
        _check_romfs(romfs)
        self._named, self._stock = firmware is not None, stock
        self.firmware = firmware or (stock_firmware if stock else built_firmware)(self.board.name, self.board.firmware)
        self.romfs = romfs
        self.flash = flash
        self.sensor = sensor
        self.mic = mic
        self.heap_bytes = heap_bytes
        self.icount = icount
        self.timeout_s = timeout_s
        self.wait = wait
        self.port = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start QEMU and return when the board answers."""
        if sys.platform == "win32":
            raise UserError("emulated boards need pseudo-terminals, which Windows lacks; run midge in WSL for them")
        system = shutil.which(self.qemu.system)
        if system is None:
            raise UserError(f"{self.qemu.system} is not installed; run: {_install_qemu(self.qemu)}")
        if not self.firmware.is_file():
            if self._named:
                raise UserError(f"{self.firmware}: no such file; name the firmware's ELF file, or none")
            kind = "MicroPython without Midge" if self._stock else "firmware"
            raise UserError(f"{self.board.name}: there is no {kind} for it here; "
                            f"{firmware_remedy(self.board.name, self._stock)}")
        try:
            self._start(system)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int | None:
        """End exactly the QEMU that was started, keep the flash image, and return QEMU's exit status."""
        process, self._process = self._process, None
        status = None
        if process is not None:
            process.terminate()
            try:
                status = process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
            if self.flash is not None:
                content = self.read_memory("flash")
                write_whole(self.flash, lambda aside: aside.write_bytes(content))
        self._open.close()
        return status

    def wait_exit(self, timeout_s: float = 10.0) -> tuple[int, str]:
        """Wait until the board itself ends QEMU: a fault, or qemu.exit(). Return exit status and fault report."""
        assert self._process is not None, "not started"
        out, _ = self._process.communicate(timeout=timeout_s)
        return self._process.returncode, out.decode(errors="replace").strip()

    def wait_until_it_ends(self) -> str:
        """Wait as long as the board runs; return what went wrong there, or "" where it left by qemu.exit(0)."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status, text = self.wait_exit(timeout_s=1)
                return f"the board ended with status {status}: {text or 'it said nothing'}" if status else ""

    def read_memory(self, region: str) -> bytes:
        """Return what one of the row's regions inside the main memory holds now."""
        start, end = self._span(region)
        return self._memory[start:end]

    def play(self, sensor: Recording) -> None:
        """Have the simulated IMU of a board that runs play another recording from now on. Raises UserError."""
        rows, columns = sensor.shape
        self._write_memory("sensor", struct.pack("<II", rows, columns) + sensor.astype("<f4").tobytes())
        self.sensor = sensor

    def hear(self, mic: Sound) -> None:
        """Have the simulated microphone of a board that runs hear another sound from now on. Raises UserError."""
        self._write_memory("sound", _sound_image(mic, self.qemu.memory["sound"].bytes))
        self.mic = mic

    def _start(self, system: str) -> None:
        import termios  # here: Windows has neither, and all else of this package runs there
        import tty

        memory = self._make_memory()
        main = self.qemu.memory["main"]
        command = [
            system, "-machine", f"{self.qemu.machine},memory-backend=main",
            "-object", f"memory-backend-file,id=main,mem-path=/dev/fd/{memory},size={main.bytes},share=on",
            "-kernel", str(self.firmware), "-serial", "pty",
            "-display", "none", "-monitor", "none", "-semihosting", *self.qemu.options,
        ]
        if self.icount is not None:
            command += ["-icount", f"shift={self.icount}"]
        confine = confined(system, [self.firmware], memory)

        def in_child() -> None:
            _die_with_parent()
            _stay_on_one_core()
            confine()

        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=[memory], start_new_session=True, preexec_fn=in_child,
        )
        self._process = process
        assert process.stdout is not None
        self._open.enter_context(process.stdout)
        deadline = time.monotonic() + self.timeout_s
        said = _read_until(process.stdout.fileno(), rb"redirected to (\S+).*\n", deadline)
        if said is None:
            raise UserError(f"QEMU did not start: {_last_words(process)}")
        self.port = said[1].decode()

        # As long as one side is open QEMU sees the line as connected. Without it, QEMU would look for
        # a new client only once a second, and drop what the board prints meanwhile.
        terminal = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        self._open.callback(os.close, terminal)
        tty.setraw(terminal)
        if self.wait and _read_until(terminal, rb">>> $", deadline, nudge=b"\r") is None:
            raise UserError(f"{self.board.name} gave no prompt in {self.timeout_s:g} s: {_last_words(process)}")
        termios.tcflush(terminal, termios.TCIFLUSH)

    def _make_memory(self) -> int:
        """Return an open file without a name that holds the main memory, with the images and the boot page in it."""
        size = self.qemu.memory["main"].bytes
        file = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        file.truncate(size)
        self._memory = self._open.enter_context(mmap.mmap(file.fileno(), size))
        if self.flash is not None and self.flash.exists():
            self._write_memory("flash", self.flash.read_bytes())
        if self.romfs is not None:
            if isinstance(self.romfs, Path) and self.romfs.is_file():
                image = self.romfs.read_bytes()
            else:
                image = build_romfs(self.romfs)
            self._write_memory("romfs", image)
        if self.sensor is not None:
            self.play(self.sensor)
        if self.mic is not None:
            self.hear(self.mic)
        if self.heap_bytes is not None:
            most = self.qemu.memory["data"].bytes
            if not 16384 <= self.heap_bytes < most:
                raise UserError(f"heap of {self.heap_bytes} B; {self.board.name} takes 16384 to about {most} B")
            self._write_memory("boot", struct.pack("<I", self.heap_bytes))
        return file.fileno()

    def _span(self, region: str) -> tuple[int, int]:
        place = self.qemu.memory[region]
        start = place.address - self.qemu.memory["main"].address
        return start, start + place.bytes

    def _write_memory(self, region: str, content: bytes) -> None:
        start, end = self._span(region)
        if len(content) > end - start:
            raise UserError(f"{len(content)} B for {region}; {self.board.name} has room for {end - start} B")
        self._memory[start : start + len(content)] = content


def _sound_image(sound: Sound, size: int) -> bytes:
    """Return what the simulated microphone plays, as it finds it in memory. Raises UserError where it is too long."""
    samples = np.round(sound.mono * 32768).clip(-32768, 32767).astype("<i2")
    most = (size - _SOUND.size) // 2
    if len(samples) > most:
        raise UserError(f"{len(samples) / sound.rate_hz:.1f} s of sound at {sound.rate_hz} Hz; the microphone holds "
                        f"{most / sound.rate_hz:.1f} s: cut it, or bring it to 16000 Hz")
    return _SOUND.pack(sound.rate_hz, len(samples)) + samples.tobytes()


def _install_qemu(qemu: Qemu) -> str:
    if is_checkout():
        return f"ports/toolchain.sh {qemu.tools}"
    return "brew install qemu" if sys.platform == "darwin" else f"apt-get install {_QEMU_PACKAGES[qemu.tools]}"


def _die_with_parent() -> None:
    """Have the kernel end QEMU when the thread that started it dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stay_on_one_core() -> None:
    """Keep QEMU's two threads on one core, where there is a way to: they hand each byte of the line over."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})


def _read_until(fd: int, pattern: bytes, deadline: float, nudge: bytes = b"") -> re.Match[bytes] | None:
    """Read `fd` until `pattern` is found; None at its end or at the deadline. After each silent 100 ms send `nudge`."""
    seen = b""
    while time.monotonic() < deadline:
        readable, _, _ = select.select([fd], [], [], 0.1)
        if readable:
            try:
                chunk = os.read(fd, 4096)
            except OSError:  # QEMU closed the pty
                return None
            if not chunk:
                return None
            seen += chunk
            if match := re.search(pattern, seen):
                return match
        elif nudge:
            os.write(fd, nudge)
    return None


def _last_words(process: subprocess.Popen[bytes]) -> str:
    process.kill()
    out, _ = process.communicate()
    return out.decode(errors="replace").strip() or "it said nothing"


def _check_flash(path: Path | None) -> None:
    if path is None:
        return
    if path.is_dir():
        raise UserError(f"{path}: a folder; --flash wants a file, --romfs takes folders")
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path}: no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise UserError(f"{path}: not writable; choose another file for --flash")


def _check_romfs(files: Path | Mapping[str, bytes] | None) -> None:
    if not isinstance(files, Path) or files.is_dir():
        return
    if not files.is_file():
        raise UserError(f"{files}: no such file or folder; --romfs wants a folder, or a ROMFS image")
    with files.open("rb") as file:
        if file.read(len(_ROMFS_MAGIC)) != _ROMFS_MAGIC:
            raise UserError(f"{files}: no ROMFS image; make one with: mpremote romfs build <folder>, "
                            "or name the folder")
