# SPDX-License-Identifier: MIT
"""Transcripts in the documents: what a page shows is typed again, and what it prints compared with the page.

    ```console                      a block of this language is a transcript
    $ midge convert wand.tflite     a command, typed into bash; \\ at its end goes on in the next line
    wand.tflite -> wand.midge       what it prints, errors too
      flash   ... B                 ... stands for anything within a line
    ...                             alone, for any number of lines
    ```

    ```pycon                        the same for what is typed at Python's prompt, here or on a board
    >>> import midge
    ```

Commands run in a folder that looks like the repository's root, with a build/ of its own. The files of FILES are there
wherever a command names them, and on a board under /rom. Blocks of a page follow one another in the same folder. A
comment before a block says more, as in <!-- transcript: board=qemu-cortex-m4, numbers=vary -->:

    board=NAME      an emulated board is plugged in, the only one; NAME-bare is one whose firmware knows no Midge.
                    Blocks of a page with the same board share it, and a folder
    sensor=NAME     the file of FILES that the board's sensor plays, in the first block of that board
    mic=NAME        the file of FILES that the board's microphone hears, in the same way
    numbers=vary    numbers need not be those of the page, as of times and sizes
    exit=CODE       the last command ends with it; others end with 0
    skip=REASON     shown only

To see what differs, or to have what is printed put in place of what a page shows:

    python -m tests.support.transcripts [--write] FILE ...
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any

from midge.errors import UserError
from midge.link.modules import driver_files
from midge.link.simulator import Simulator
from midge.samples.recordings import Recording, read_recording
from midge.samples.sound_files import Sound, read_sound
from tests.support import ROOT
from tests.support.transcript_files import FILES

TIMEOUT_S = 300
COLUMNS = 120
KEYS = {"board", "exit", "mic", "numbers", "sensor", "skip"}

# The command of a transcript: no board but the emulated one is there, so that none on a developer's desk is touched.
COMMAND = """#!{python}
from types import SimpleNamespace
from serial.tools import list_ports
ports = {ports!r}
list_ports.comports = lambda: [SimpleNamespace(device=p, vid=1, product="", description="") for p in ports]
from midge.cli.main import main
main()
"""

# Types a line at the prompt, in this Python and in MicroPython.
PROMPT = """
import sys
def _typed(source, names=globals()):
    try:
        exec(compile(source, "<stdin>", "single"), names)
    except Exception as error:
        if hasattr(sys, "print_exception"):
            sys.print_exception(error)
        else:
            import traceback
            traceback.print_exception(error.with_traceback(error.__traceback__.tb_next), file=sys.stdout)
"""


@dataclass
class Step:
    """A command or a line of Python, and what a page says that it prints."""

    source: str
    first: int  # line of the page, counted from 0, where its output begins
    expected: list[str]
    numbers_vary: bool = False

    def prints(self, found: list[str]) -> bool:
        """Tell whether what was printed is what the page shows."""
        if self.numbers_vary:
            return matches([*map(_without_numbers, self.expected)], [*map(_without_numbers, found)])
        return matches(self.expected, found)


@dataclass
class Block:
    """A transcript, at a line of a page counted from 1."""

    line: int
    language: str
    options: dict[str, str]
    steps: list[Step]


@dataclass
class Session:
    """Blocks that share a folder."""

    page: Path
    blocks: list[Block] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page.name}:{self.blocks[0].line}"

    @property
    def board(self) -> str | None:
        """The name of the board that is plugged in, or None."""
        return self.blocks[0].options.get("board")

    @property
    def sensor(self) -> Recording | None:
        """What the board's sensor plays, or None for no sensor."""
        return self._played("sensor", ".csv", read_recording)

    @property
    def mic(self) -> Sound | None:
        """What the board's microphone hears, or None for silence."""
        return self._played("mic", ".wav", read_sound)

    def _played(self, option: str, suffix: str, read: Callable[[Path], Any]) -> Any:
        name = self.blocks[0].options.get(option)
        if name is None:
            return None
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(FILES[name].content())
            file.flush()
            return read(Path(file.name))

    @property
    def files(self) -> dict[str, str]:
        """Map the paths of the files that the session speaks of to their names in FILES."""
        words = {word for block in self.blocks for step in block.steps for word in re.findall(r"[\w./-]+", step.source)}
        return {word: name for word in sorted(words) if (name := Path(word).name) in FILES
                and str(Path(word).parent) in (".", "build", "/rom")}


def sessions(page: Path) -> list[Session]:
    """Return the transcripts of a page that are to be typed. Raises UserError for a comment that cannot be."""
    found: dict[str | None, Session] = {}
    for block in _blocks(page):
        if "skip" not in block.options:
            found.setdefault(block.options.get("board"), Session(page)).blocks.append(block)
    return list(found.values())


def pages() -> list[Path]:
    """Return the repository's Markdown files that hold transcripts."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.is_file() and any(_blocks(file))]


def _blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        opened = re.fullmatch(r"(```+)(console|pycon)", lines[at])
        if opened is None:
            at += 1
            continue
        if opened[1] not in lines[at + 1 :]:
            raise UserError(f"{page}:{at + 1}: the block has no end; close it with {opened[1]}")
        end = lines.index(opened[1], at + 1)
        steps = (_commands if opened[2] == "console" else _inputs)(lines, at + 1, end)
        before = next((line for line in reversed(lines[:at]) if line), "")
        options = _options(before, f"{page}:{at}")
        for step in steps:
            step.numbers_vary = options.get("numbers") == "vary"
        yield Block(at + 1, opened[2], options, steps)
        at = end + 1


def _options(line: str, where: str) -> dict[str, str]:
    comment = re.fullmatch(r"<!-- transcript: (.*) -->", line)
    if comment is None:
        return {}
    options = dict(part.strip().partition("=")[::2] for part in comment[1].split(","))
    if unknown := options.keys() - KEYS:
        raise UserError(f"{where}: unknown {', '.join(sorted(unknown))}; known: {', '.join(sorted(KEYS))}")
    return options


def _commands(lines: list[str], at: int, end: int) -> list[Step]:
    steps: list[Step] = []
    while at < end:
        if lines[at].startswith("$ "):
            source = [lines[at][2:]]
            while source[-1].endswith("\\"):
                at += 1
                source.append(lines[at].removeprefix("> "))
            steps.append(Step("\n".join(source), at + 1, []))
        elif steps:
            steps[-1].expected.append(lines[at])
        at += 1
    return steps


def _inputs(lines: list[str], at: int, end: int) -> list[Step]:
    steps: list[Step] = []
    for number in range(at, end):
        line = lines[number]
        if line.startswith(">>> "):
            steps.append(Step(line[4:], number + 1, []))
        elif steps and line.startswith("... ") and steps[-1].first == number:
            steps[-1] = Step(f"{steps[-1].source}\n{line[4:]}", number + 1, [])
        elif steps:
            steps[-1].expected.append(line)
    return steps


def matches(expected: list[str], found: list[str]) -> bool:
    """Tell whether what was printed is what a page shows."""
    pattern = "".join(r"(?:[^\n]*\n)*?" if line.strip() == "..." else _line(line) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in found)) is not None


def _line(expected: str) -> str:
    """A pattern for a line; columns move where what stands in them varies."""
    parts = [re.escape(part) for part in expected.rstrip().split("...")]
    return r"[^\n]*".join(re.sub(r"(?:\\ )+", r"\\ +", part) if len(parts) > 1 else part for part in parts)


def _without_numbers(line: str) -> str:
    return re.sub(r" +", " ", re.sub(r"\d[\d,.]*", "#", line))


def missing(session: Session) -> str:
    """Say what a session lacks on this machine, or nothing."""
    for name in session.files.values():
        if reason := FILES[name].missing():
            return reason
    if session.board:
        firmware, name = _firmware(session.board), session.board.removesuffix("-bare")
        if not firmware.is_file():
            bare = "" if session.board == name else " BARE=1"
            return f"no {firmware.relative_to(ROOT)}; run: make firmware BOARD={name}{bare}"
        if not shutil.which("qemu-system-arm"):
            return "qemu-system-arm is missing: ports/toolchain.sh arm"
    return ""


def _firmware(board: str) -> Path:
    return ROOT / "build/firmware" / board / "firmware.elf"


@contextmanager
def _plugged(session: Session) -> Iterator[Simulator | None]:
    """Start the session's board, with its files under /rom."""
    if session.board is None:
        yield None
        return
    files = {name: FILES[name].content() for name in session.files.values()}
    if not session.board.endswith("-bare"):
        files |= {f"lib/midge/{path.name}": path.read_bytes() for path in (ROOT / "mpy_lib/midge").glob("*.py")}
    if "camera.bin" in files:  # as midge sim --camera brings it
        files |= {f"lib/{name}": content for name, content in driver_files("file_camera").items()}
    name = session.board.removesuffix("-bare")
    with Simulator(name, firmware=_firmware(session.board), romfs=files, sensor=session.sensor,
                   mic=session.mic) as simulator:
        yield simulator


def _furnish(folder: Path, session: Session) -> None:
    """Have a folder look like the repository's root, with the session's files."""
    for place in ROOT.iterdir():
        if place.is_dir() and place.name != "build" and not place.name.startswith("."):
            (folder / place.name).symlink_to(place)
    (folder / "build").mkdir()
    for path, name in session.files.items():
        if not path.startswith("/"):
            (folder / path).write_bytes(FILES[name].content())


def typed(session: Session, folder: Path) -> Iterator[tuple[Step, list[str], str]]:
    """Type a session in an empty folder: give each step, the lines that it printed, and what is wrong with its end."""
    _furnish(folder, session)
    with _plugged(session) as simulator, tempfile.TemporaryDirectory() as tools:
        command = Path(tools, "midge")
        command.write_text(COMMAND.format(python=sys.executable, ports=[simulator.port] if simulator else []))
        command.chmod(0o755)
        path = os.pathsep.join([tools, str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = os.environ | {"PATH": path, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb"}
        for block in session.blocks:
            if block.language == "pycon":
                yield from _at_the_prompt(block, simulator, folder)
                continue
            for step in block.steps:
                done = subprocess.run(["bash", "-c", step.source], cwd=folder, env=environment, text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      timeout=TIMEOUT_S)
                wanted = int(block.options.get("exit", 0)) if step is block.steps[-1] else 0
                wrong = "" if done.returncode == wanted else f"it ended with {done.returncode}, wanted {wanted}"
                yield step, _lines(done.stdout), wrong


def _lines(text: str) -> list[str]:
    """The lines that a page shows: none that are empty before and after."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _at_the_prompt(block: Block, simulator: Simulator | None, folder: Path) -> Iterator[tuple[Step, list[str], str]]:
    """Type a block of Python, on the board where there is one; each line sees what those before it have set."""
    mark = "--- that was a step ---"
    lines = [PROMPT, *(f"_typed({step.source!r})\nprint({mark!r})" for step in block.steps)]
    if simulator is None:
        done = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=folder, text=True, timeout=TIMEOUT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout
    else:
        from tests.support.boards import Board

        said = Board(simulator).run("\n".join(lines), TIMEOUT_S)
    parts = re.sub(r'  File ".*", line \d+, in _typed\n', "", said).split(mark)
    for step, part in zip(block.steps, parts, strict=False):
        yield step, _lines(part), ""
    for step in block.steps[len(parts) - 1 :]:
        yield step, [], "it was not reached"


def differences(session: Session, folder: Path) -> str:
    """Type a session in an empty folder and say where it prints other things than its page shows."""
    said = []
    for step, found, wrong in typed(session, folder):
        if wrong or not step.prints(found):
            where = f"{session.page.name}:{step.first}"
            said.append("\n".join([f"{where}: {step.source}", *([wrong] if wrong else []),
                                   *unified_diff(step.expected, found, "the page", "now", lineterm="")]))
    return "\n\n".join(said)


def rewritten(page: Path) -> str:
    """Return a page with what its transcripts print now; lines that fit stay, with their placeholders."""
    lines = page.read_text(encoding="utf-8").splitlines()
    changed: list[tuple[Step, list[str]]] = []
    for session in sessions(page):
        if reason := missing(session):
            print(f"{session}: left as it is: {reason}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            changed += [(step, found) for step, found, _ in typed(session, Path(folder)) if not step.prints(found)]
    for step, found in sorted(changed, key=lambda pair: -pair[0].first):
        kept = [next((old for old in step.expected if old.strip() != "..." and matches([old], [new])), new)
                for new in found]
        lines[step.first : step.first + len(step.expected)] = kept
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Check or rewrite pages; see the head of this file."""
    write = arguments[:1] == ["--write"]
    wrong = 0
    for page in map(Path, arguments[write:]):
        if write:
            page.write_text(rewritten(page), encoding="utf-8")
            continue
        for session in sessions(page):
            with tempfile.TemporaryDirectory() as folder:
                said = missing(session) or differences(session, Path(folder))
            wrong += bool(said)
            print(f"{session}: {said or 'as shown'}")
    return int(wrong > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (UserError, OSError) as error:
        sys.exit(f"transcripts: {error}")
