# SPDX-License-Identifier: MIT
"""A board at its raw REPL, over a line that may lose bytes, repeat them, fall silent or carry other output.

Code goes over in raw-paste mode (MicroPython's docs/reference/repl.rst), whose flow control keeps a board with a small
buffer from being overrun. Each request is answered whole or not at all (agent.py); one without a whole answer is asked
again, from a fresh prompt, so what is asked must do no harm when it is done twice.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from time import monotonic, sleep

from ...errors import UserError
from .agent import FORGET, find_reply, install_line, request_line
from .connection import BoardError
from .line import Line, Vanished

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
_RAW_PASTE = b"\x05A\x01"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_WINDOW = re.compile(rb"R\x01(..)", re.DOTALL)
_LACKS = re.compile(rb"ImportError: no module named '(hashlib|binascii)'")
_RECENT = 4096  # bytes of what a board prints in which its reply is looked for
_ANSWER_S = 2.0  # in which a board at its prompt answers
_ROM_LOADER = re.compile(rb"waiting for download|ets (Jun|Jul|Jan|Feb|Mar)|boot:0x|DOWNLOAD\(")


class Fault(Exception):
    """An exchange came to nothing; asking again may help."""


class ReplBoard:
    """A board that answers requests; whatever program it ran is interrupted.

    patience_s  how long to go on trying while the board says nothing useful
    interrupt   False: only look whether a prompt is there, and raise Running where there is none
    """

    def __init__(self, port: str, *, patience_s: float = 30.0, interrupt: bool = True) -> None:
        self.port = port
        self.patience_s = patience_s
        self.retries = 0
        self._number = self._calls = 0
        self._agent = self._prompt = False
        self._heard = b""
        self._can_paste = self._entered = False
        self._line = Line(port)
        try:
            if not interrupt:
                self._expect_prompt()
            self.ask("", patience_s=min(10.0, patience_s))
        except BaseException:
            self.close()
            raise

    def ask(self, code: str, data: bytes = b"", *, silence_s: float = 3.0, patience_s: float | None = None) -> str:
        """Run `code` there and return what it left in r, a text of one line. It finds `data` as d.

        silence_s: how long the code itself may take. Raises BoardError with the exception that the code raised, and
        UserError when the board does not answer or its port vanishes.
        """
        deadline = monotonic() + max(self.patience_s if patience_s is None else patience_s, 2 * silence_s)
        pause_s = 0.02
        while True:
            try:
                return self._ask_once(code, data, silence_s)
            except Fault as fault:
                self.retries += 1
                if monotonic() > deadline:
                    raise self._explain_silence(str(fault)) from fault
            sleep(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    def execute(self, code: str, timeout_s: float = 10) -> str:
        """Run `code` once and return what it printed; timeout_s is how long it may be silent. Raises BoardError."""
        with self._as_user_errors():
            if not self._prompt:
                self._enter()
            output = self._paste(code, timeout_s, endless=True)
        _, printed, trace, _ = output.rsplit(_CTRL_D, 3) if output.count(_CTRL_D) > 2 else (b"", b"", b"damaged", b"")
        if trace:
            raise BoardError((trace.decode(errors="replace").strip().splitlines() or ["nothing"])[-1])
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def watch(self, code: str, hear: Callable[[bytes], bool], *, silence_s: float = 5.0) -> str:
        """Run `code` once, hand what it prints to `hear` as it comes, and return what it left in r.

        hear is called at least every 100 ms, with b"" where nothing came; once it returns True, the board gets Ctrl-C.
        silence_s: how long the board may print nothing. Raises BoardError with the exception that the code raised,
        which is KeyboardInterrupt where the Ctrl-C found it ending, and Fault where the line is bad or the board has
        gone away from the code, as a reset does.
        """
        self._get_ready()
        recent = self._begin(request_line(self._number, code, b""))
        hear(recent)
        heard, stopped = monotonic(), False
        while find_reply(self._number, recent) is None:
            if stopped and b"KeyboardInterrupt" in recent and recent.endswith(_CTRL_D + b">"):
                self._prompt = True
                raise BoardError("KeyboardInterrupt")
            if monotonic() - heard > silence_s or recent.endswith((_CTRL_D + b">", b">>> ")):
                self._prompt = self._agent = False
                raise Fault("the board has been reset" if b"MicroPython" in recent else "no answer comes")
            said = self._line.read(0.1)
            recent = (recent + said)[-_RECENT:]
            self._heard = recent[-400:]
            if said:
                heard = monotonic()
            if hear(said) and not stopped:
                self._line.write(_CTRL_C)
                stopped = True
        recent = self._read_until(lambda out: out.endswith(_CTRL_D + b">"), _ANSWER_S, recent)
        self._prompt = recent.endswith(_CTRL_D + b">")
        return self._reply(recent)

    def restart(self) -> None:
        """Have the board start afresh, its RAM free; its main.py does not run."""
        for _ in range(3):
            with contextlib.suppress(Fault):
                if not self._prompt:
                    self._enter()
                self._prompt = self._agent = False
                self._line.write(_CTRL_D)
                if _BANNER in self._read_until(lambda out: _BANNER in out, 10.0):
                    break
        self.ask("")

    def close(self) -> None:
        """Leave the board at its ordinary prompt."""
        with contextlib.suppress(Fault, UserError):
            if self._prompt and self._agent:
                self._paste(FORGET, 0.5)
        if self._entered:
            with contextlib.suppress(UserError):
                self._line.write(b"\r" + _CTRL_C + _CTRL_B)
        self._line.close()

    def _get_ready(self) -> None:
        """Have the agent wait at the prompt, and number the next request."""
        if not self._prompt:
            self._enter()
        if not self._agent:
            if found := _LACKS.search(self._paste(install_line(), _ANSWER_S)):
                raise UserError(f"{self.port}: its firmware has no {found[1].decode()}, as that of the micro:bit; "
                                "Midge needs MicroPython 1.23 or newer that loads native modules: midge boards")
            self._agent = True
        self._number += 1

    def _ask_once(self, code: str, data: bytes, silence_s: float) -> str:
        self._get_ready()
        return self._reply(self._paste(request_line(self._number, code, data), silence_s, self._number))

    def _reply(self, output: bytes) -> str:
        """Return the text of the reply to the latest request. Raises BoardError, Fault."""
        reply = find_reply(self._number, output)
        if reply is None:
            if b"MemoryError" in output:
                raise BoardError("MemoryError: no room for a request")
            self._agent = False  # a reset may have taken it
            raise Fault("answers are damaged")
        if reply.kind == "?":
            raise Fault("requests arrive damaged")
        if reply.kind == "!":
            raise BoardError(reply.text)
        return reply.text

    def _expect_prompt(self) -> None:
        self._line.read_now()
        self._line.write(b"\r")
        if b">" not in self._read_until(lambda out: out.endswith((b">>> ", b">")), 0.5):
            raise Running(self.port)

    def _enter(self) -> None:
        """Go to the raw REPL from wherever the board is: a program, a prompt, the middle of a paste."""
        self._entered = True
        self._line.read_now()
        # A line that swallows a stretch of bytes must not swallow every call: each is longer than the one before.
        self._line.write(b"\r" + _CTRL_C * min(2 << self._calls, 64))
        self._calls += 1
        self._read_until(lambda out: out.endswith((b">>> ", b">")), 0.3)
        self._line.write(b"\r" + _CTRL_A)
        if _BANNER not in self._read_until(lambda out: _BANNER in out, _ANSWER_S):
            raise Fault("no prompt comes")
        # Several attempts may be answered at once after a pause.
        end = monotonic() + 0.5
        while self._line.read(0.02) and monotonic() < end:
            pass
        self._prompt, self._calls = True, 0

    def _paste(self, text: str, silence_s: float, number: int | None = None, endless: bool = False) -> bytes:
        """Send `text` in raw-paste mode and return what the board printed, up to its next prompt."""
        output = self._begin(text)
        output = self._read_until(lambda out: out.endswith(_CTRL_D + b">"), silence_s, output, endless)
        self._prompt = output.endswith(b"\x04>")
        if not self._prompt and not (number is not None and find_reply(number, output)):
            raise Fault("no answer comes")
        return output

    def _begin(self, text: str) -> bytes:
        """Send `text` in raw-paste mode and return what the board has printed when it begins to run it."""
        self._prompt = False
        self._line.read_now()
        self._line.write(_RAW_PASTE)
        answer = self._read_until(
            lambda out: _WINDOW.search(out) is not None or b"R\x00" in out or out.endswith(_BANNER), _ANSWER_S
        )
        found = _WINDOW.search(answer)
        if found is None:
            if not self._can_paste and self._is_old():
                raise UserError(
                    f"{self.port}: MicroPython there is too old to take pasted code; flash 1.23 or newer (midge flash)"
                )
            raise Fault("no paste mode comes")
        self._can_paste = True
        window = int.from_bytes(found[1], "little")
        return self._send(text.encode(), window, window + window * answer[found.end() :].count(_CTRL_A), _ANSWER_S)

    def _is_old(self) -> bool:
        """Tell whether code that is typed runs where pasted code does not: so it was before MicroPython 1.14."""
        self._line.write(b"print('typed', 6 * 7)" + _CTRL_D)
        return b"OKtyped 42" in self._read_until(lambda out: out.endswith(_CTRL_D + b">"), _ANSWER_S)

    def _send(self, data: bytes, window: int, free: int, silence_s: float) -> bytes:
        """Send what the board has room for at a time; return what else it said meanwhile."""
        output = b""
        at = 0
        while at < len(data):
            said = self._line.read(_ANSWER_S) if free <= 0 else self._line.read_now()
            if free <= 0 and not said:
                raise Fault("no room is made for more")
            output += said
            if _CTRL_D in said:  # it has given up on this text
                break
            free += window * said.count(_CTRL_A)
            part = data[at : at + free] if free > 0 else b""
            self._line.write(part)
            at += len(part)
            free -= len(part)
        self._line.write(_CTRL_D)
        return output

    def _read_until(
        self, done: Callable[[bytes], bool], timeout_s: float, out: bytes = b"", endless: bool = False
    ) -> bytes:
        """Read until `done` says so of everything read, or nothing more comes for `timeout_s`.

        Unless `endless`, it may take three times as long in all: a board that prints on and on must not keep us here.
        """
        end = monotonic() + (math.inf if endless else 3 * timeout_s)
        while not done(out):
            said = self._line.read(timeout_s)
            out += said
            if not said or monotonic() > end:
                break
        self._heard = (self._heard + out)[-400:]
        return out

    @contextlib.contextmanager
    def _as_user_errors(self) -> Iterator[None]:
        try:
            yield
        except Fault as fault:
            raise self._explain_silence(str(fault)) from fault

    def _explain_silence(self, fault: str) -> UserError:
        if _ROM_LOADER.search(self._heard):
            return UserError(
                f"{self.port}: the board is in its ROM boot loader; press its reset button without holding BOOT, "
                "or write firmware with midge flash"
            )
        heard = self._heard.decode(errors="replace").split()
        words = f"it says '{' '.join(heard)[-60:]}'" if heard else "it says nothing"
        if b"MicroPython" in self._heard or b"raw REPL" in self._heard or b"\x02" in self._heard:
            return UserError(f"{self.port}: the line to the board is too bad ({fault}); try another cable or USB port")
        return UserError(
            f"{self.port}: no MicroPython answers ({words}); reset the board, or put MicroPython on it with midge flash"
        )


class Running(UserError):
    """A program is running that was not to be interrupted."""

    def __init__(self, port: str) -> None:
        super().__init__(f"{port}: a program is running there")


__all__ = ["Fault", "ReplBoard", "Running", "Vanished"]
