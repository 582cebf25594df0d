# SPDX-License-Identifier: MIT
"""Replay inputs on a board and compare every byte of every output with the host's core."""

from __future__ import annotations

import contextlib
import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import load
from ..core.batch import to_raw
from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import decode, load_file
from ..fileformat.spec import OUTSIDE
from ..graph.sight import UNITS
from ..progress import Advance, Stage, silent
from ..samples.camera_pictures import view_of
from ..samples.datasets import read_vectors
from .identity import identify, require_midge
from .transport import BoardError, Connection, as_number, open_board, understood
from .upload import fingerprint, hashes, upload

_PIECE = 2048  # bytes of an input in one request
_TEMPORARY = "_verify.midge"
_DTYPES = {"bool": "uint8"}  # as numpy sees their bytes

# ld(path): load, with a buffer for each input and output. see(at, rows): a picture's rows, which have none.
# run(): returns microseconds and the hash of each output.
_ON_BOARD = """
import midge,time,hashlib,binascii,gc
def ld(p,xs,ys):
 global m,x,y,done,seen
 m=x=y=None;done=-1;seen=0
 gc.collect()
 m=midge.load(p);x=[bytearray(n) for n in xs];y=[bytearray(n) for n in ys]
 m.reset()
def see(at,d):
 global seen
 if seen==at:m.rows(d);seen+=len(d)
def run():
 global seen
 seen=0;t=time.ticks_us();m.run(x or None,out=y);t=time.ticks_diff(time.ticks_us(),t)
 return '%d '%t+' '.join([binascii.hexlify(hashlib.sha256(v).digest()).decode() for v in y])
"""


@dataclass(frozen=True)
class Difference:
    """Where an output of the board is not that of the host."""

    run: int
    output: str
    index: int  # of the first byte
    found: int
    wanted: int
    bytes: int  # how many differ


@dataclass
class Verification:
    """What came out of it."""

    board: str
    on_board: bool = False  # whether the model was there already
    runs: int = 0
    compared: int = 0  # bytes
    differences: list[Difference] = field(default_factory=list)
    microseconds: list[int] = field(default_factory=list)

    @property
    def median_us(self) -> int:
        """Microseconds of an inference on the board."""
        return int(statistics.median(self.microseconds)) if self.microseconds else 0

    def require_equal(self) -> None:
        """Raise UserError, naming the first byte that differs, unless all bytes are the same."""
        if self.differences:
            first = self.differences[0]
            raise UserError(
                f"{len(self.differences)} outputs differ; in run {first.run} {first.output} has {first.bytes} other "
                f"bytes, the first at {first.index}: {first.found} on the board, {first.wanted} here"
            )

    def facts(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        return asdict(self) | {"median_microseconds": self.median_us}


def verify_model(
    model: Path, port: str | None = None, given: str | None = None, runs: int = 12, seed: int = 0,
    stage: Stage = silent, on: str | None = None,
) -> Verification:
    """Compare a board with this machine on one .midge file.

    port: serial port of the board, None for the only one there. given, runs, seed: the inputs, see vectors.
    stage: told of the runs. on: where the file is on the board, its name by default, or a copy where that is another
    file. Raises UserError for a file that the core refuses, inputs that do not fit, a board that cannot run it, and
    another file at `on`.
    """
    blob = load_file(model)
    check_file(blob, str(model))
    inputs = vectors(blob, given, runs, seed)
    with open_board(port) as board:
        if on is not None:
            board.restart()
            if (found := hashes(board, [on])[on]) != fingerprint(blob):
                what = "no such file" if found == "-" else f"another file, of {found.partition(' ')[0]} B"
                raise UserError(f"{on}: {what} on the board; upload {model} there, or leave out --on")
        return replay(board, blob, on or model.name, inputs, stage("verifying", len(inputs)))



def vectors(blob: bytes, given: str | Path | None, runs: int, seed: int = 0) -> list[list[bytes]]:
    """Return inputs for a model: raw bytes for each input, for each run.

    given: .npy, .npz or .csv, or pictures; quantised values where its dtype is the input's, else real ones. Without it
    the edges of the dtype come first (all lowest, all highest, alternating, the zero point), then random ones. Raises
    UserError.
    """
    file = decode(blob)
    inputs = [file.tensors[i] for i in file.inputs]
    if given is None:
        rng = np.random.default_rng(seed)
        return [[_edge_or_random(t.dtype, t.shape, t.zero_point, run, rng) for t in inputs] for run in range(runs)]
    columns = []
    for x, t in zip(read_vectors(given, inputs, view_of(file.metadata), file.metadata.get(UNITS)), inputs, strict=True):
        raw = x if x.dtype == _DTYPES.get(t.dtype, t.dtype) else to_raw(x, t.dtype, t.scale, t.zero_point)
        columns.append([sample.tobytes() for sample in raw])
    return [list(run) for run in zip(*columns, strict=True)]


def _edge_or_random(dtype: str, shape: Sequence[int], zero_point: int, run: int, rng: np.random.Generator) -> bytes:
    kind = np.dtype(_DTYPES.get(dtype, dtype))
    low, high = _range(dtype, kind)
    if run == 0:
        values = np.full(shape, low)
    elif run == 1:
        values = np.full(shape, high)
    elif run == 2:
        values = np.where(np.arange(int(np.prod(shape))).reshape(shape) % 2, low, high)
    elif run == 3:
        values = np.full(shape, zero_point)
    elif kind.kind == "f":
        values = rng.normal(0, 1, tuple(shape))
    else:
        return rng.integers(low, high, tuple(shape), kind, endpoint=True).tobytes()
    return np.asarray(values).astype(kind).tobytes()


def _range(dtype: str, kind: np.dtype) -> tuple[int, int]:
    if dtype == "bool":
        return 0, 1
    if kind.kind == "f":
        return -100, 100
    return int(np.iinfo(kind).min), int(np.iinfo(kind).max)


def replay(
    board: Connection, blob: bytes, path: str, inputs: Sequence[Sequence[bytes]], progress: Advance
) -> Verification:
    """Run a model on a board for each of `inputs`, and compare with the host's core.

    path: where the model may be on the board already; otherwise a copy is put there for the time being.
    progress: told of each run. Raises UserError when the board cannot run it.
    """
    board.restart()
    require_midge(board)
    file = decode(blob)
    result = Verification(identify(board).title)
    outputs = [file.tensors[i] for i in file.outputs]
    there = hashes(board, [path])[path] == fingerprint(blob)
    result.on_board, place = there, path if there else _TEMPORARY
    if not there:
        upload(board, blob, place, lambda done: None)
    try:
        here = load(blob)
        here.reset()
        picture = next((t for i in file.inputs if (t := file.tensors[i]).place == OUTSIDE), None)
        row = picture.size // picture.shape[0] if picture else 0
        sizes = [] if row else [len(x) for x in inputs[0]], [t.size for t in outputs]
        _ask(board, f"{_ON_BOARD}ld({place!r},{sizes[0]},{sizes[1]})\n", silence_s=20)
        for run, xs in enumerate(inputs):
            wanted = [bytearray(n) for n in sizes[1]]
            here.run(list(xs), out=wanted)
            _send(board, xs, row)
            _compare(board, result, run, wanted, [t.name for t in outputs])
            progress(1)
    finally:
        code = "m=x=y=None\n" if there else f"m=x=y=None\nimport os\ntry:os.remove({place!r})\nexcept OSError:pass\n"
        with contextlib.suppress(UserError):
            board.ask(code)
    return result


def _ask(board: Connection, code: str, data: bytes = b"", silence_s: float = 3.0) -> str:
    try:
        return board.ask(code, data, silence_s=silence_s)
    except BoardError as error:
        if "MemoryError" in error.text:
            raise UserError(f"too little RAM on the board for this model ({error.text}); "
                            "put it in ROMFS, or choose a board with more") from error
        raise


def _send(board: Connection, xs: Sequence[bytes], row: int) -> None:
    """Put the inputs into their buffers; row: bytes of a picture's, which has none, 0 for other inputs."""
    size = max(_PIECE // row, 1) * row if row else _PIECE
    for i, x in enumerate(xs):
        for at in range(0, len(x), size):
            piece = x[at : at + size]
            _ask(board, f"see({at},d)" if row else f"x[{i}][{at}:{at + len(piece)}]=d", piece)


def _compare(
    board: Connection, result: Verification, run: int, wanted: Sequence[bytearray], names: Sequence[str]
) -> None:
    # Asked twice, a model with state would move on twice: the number of the run makes it run once.
    answer = _ask(board, f"if done!={run}:last=run();done={run}\nr=last", silence_s=120)
    time_us, digests = understood(answer, lambda text: _times_and(len(wanted), text))
    result.microseconds.append(time_us)
    result.runs += 1
    for i, (digest, mine) in enumerate(zip(digests, wanted, strict=True)):
        result.compared += len(mine)
        if digest != hashlib.sha256(mine).hexdigest():
            result.differences.append(_difference(board, run, i, names[i], mine))


def _times_and(count: int, answer: str) -> tuple[int, list[str]]:
    time_us, *digests = answer.split()
    if len(digests) != count:
        raise ValueError
    return as_number(time_us), digests


def _difference(board: Connection, run: int, i: int, name: str, mine: bytearray) -> Difference:
    """Fetch the board's output and find what differs."""
    theirs = b""
    for at in range(0, len(mine), 512):
        answer = board.ask(f"import binascii\nr=binascii.hexlify(y[{i}][{at}:{at + 512}]).decode()")
        theirs += understood(answer, bytes.fromhex)
    if len(theirs) != len(mine):
        raise UserError(f"{name}: the board answered {len(theirs):,} B of its output, not {len(mine):,}; reset it")
    places = [k for k, (a, b) in enumerate(zip(theirs, mine, strict=True)) if a != b]
    first = places[0] if places else 0
    return Difference(run, name, first, theirs[first], mine[first], len(places))


