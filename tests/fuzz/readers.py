# SPDX-License-Identifier: MIT
"""Feed damaged files to the converter and to each reader, and say in one line what came of it.

    python -m tests.fuzz.readers [--seconds 20] [--each 50000] [--seed 0] [--only onnx,csv] [--more ../shared/onnx]

Every file has to be read, or refused with a UserError of one line, within SECONDS of a processor's time and MEMORY.
What does neither is kept as build/fuzz/found-<seed>-<number>.<kind>; --first makes the file of a number again.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import json
import random
import sys
import tempfile
import traceback
import wave
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from midge import api
from midge.convert.models import load_any
from midge.convert.pipeline import convert_graph, convert_model
from midge.core.binding import check_file
from midge.errors import UnsupportedModel, UserError
from midge.graph import Tensor
from midge.importers.keras.reader import load_keras
from midge.samples.datasets import read_dataset, read_vectors
from midge.samples.faults import Faults
from midge.samples.labels import read_labels
from midge.samples.recordings import read_recording
from midge.samples.takes import read_takes
from tests.fuzz.make_seeds import FAMILIES  # each fills SEEDS
from tests.fuzz.seeds import SEEDS
from tests.support import WAND_MODEL
from tests.support.mutation import mutate, mutate_archive, mutate_json, mutate_midge

SECONDS, MEMORY, HANG = 10, 2 << 30, 300
SMALL = 16 << 10  # bytes of files of a folder that are damaged
RAM_DISK = Path("/dev/shm")  # a file per try, thousands in a minute
FOUND = Path("build/fuzz")
INPUT = [Tensor("x", (1, 8, 8, 1), "float32")]


def to_midge(path: Path) -> None:
    """Convert a model; what comes of it has to be a file that the core takes."""
    check_file(convert_model(path).blob, str(path))


def as_midge(path: Path) -> None:
    """Look at a .midge file as the commands do."""
    load_any(path)
    api.inspect(path)


def as_samples(path: Path) -> None:
    """Read a file as samples in every way there is."""
    for read in (lambda: read_dataset(path, INPUT), lambda: read_vectors(path, INPUT)):
        attempt(read)


def in_a_folder(path: Path) -> None:
    """Read a file as the only one of its class."""
    read_dataset(path.parent, INPUT, pixels="0..1")


def as_table(path: Path) -> None:
    """Read a text as samples, a recording, a take and labels."""
    for read in (lambda: as_samples(path), lambda: read_recording(path), lambda: read_takes(path.parent.parent),
                 lambda: read_labels(str(path))):
        attempt(read)


def as_takes(path: Path) -> None:
    """Read a file as a take among others."""
    read_takes(path.parent.parent)


def attempt(read: Callable[[], object]) -> None:
    """Read, or be refused in one line, of several files in one for each."""
    try:
        read()
    except UserError as error:
        lines = error.faults if isinstance(error, Faults) else [str(error)]
        if any("\n" in line for line in lines) and not isinstance(error, UnsupportedModel):
            raise AssertionError(f"more than a line: {error}") from error


def small_onnx() -> bytes:
    """A network of many ops."""
    from tests.host.importers.test_onnx_bad_input import small

    return bytes(small().SerializeToString())


def small_keras() -> list[bytes]:
    """Networks of many layers, as Keras saves them."""
    keras = load_keras()
    a = keras.Input((8, 8, 2))
    x = keras.layers.Conv2D(3, 3, activation="relu")(a)
    x = keras.layers.MaxPooling2D()(keras.layers.BatchNormalization()(x))
    x = keras.layers.DepthwiseConv2D(2, padding="same")(x)
    x = keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(x))
    b = keras.Input((6, 3))
    y = keras.layers.LSTM(3, return_sequences=True)(b)
    y = keras.layers.Bidirectional(keras.layers.GRU(2))(keras.layers.Conv1D(3, 2)(y))
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for model in (keras.Model(a, x), keras.Model(b, keras.layers.Dense(2)(y))):
            model.save(f"{folder}/net.keras")
            found.append(Path(folder, "net.keras").read_bytes())
    return found


def small_midge() -> list[bytes]:
    """Files that together use every op, and one with labels."""
    assert FAMILIES
    graphs = {name: make() for name, make in SEEDS.items()}
    return [convert_model(WAND_MODEL, labels=tuple("abcdef")).blob,
            *(convert_graph(g, g.labels, name, 0).blob for name, g in graphs.items())]


def array(save: Callable[..., object]) -> bytes:
    """Sixty-four numbers, as numpy saves them."""
    out = io.BytesIO()
    save(out, np.arange(64, dtype=np.float32).reshape(1, 64))
    return out.getvalue()


def sound() -> bytes:
    """Sixty-four samples of sound."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.arange(64, dtype=np.int16).tobytes())
    return out.getvalue()


def picture() -> bytes:
    """Eight pixels by eight."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("L", (8, 8), 128).save(out, "png")
    return out.getvalue()


def take() -> bytes:
    """A take as Edge Impulse keeps it."""
    return json.dumps({"protected": {"ver": "v1"}, "payload": {
        "device_name": "a", "interval_ms": 10, "sensors": [{"name": n, "units": "g"} for n in ("ax", "ay", "az")],
        "values": np.arange(60).reshape(20, 3).tolist()}}).encode()


TABLE = "ax,ay,az\n" + "\n".join(f"{i},{i / 2},-{i}e-3" for i in range(40))


@dataclass(frozen=True)
class Kind:
    """What files of a name are made of, what reads them, and how they are damaged."""

    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], None]
    damage: Callable[[bytes, random.Random], bytes] = mutate


KINDS = {
    "tflite": Kind(lambda: [WAND_MODEL.read_bytes()], to_midge),
    "onnx": Kind(lambda: [small_onnx()], to_midge),
    "keras": Kind(small_keras, to_midge, mutate_archive),
    "midge": Kind(small_midge, as_midge, mutate_midge),
    "csv": Kind(lambda: [TABLE.encode(), TABLE.replace(".", "#").replace(",", ";").replace("#", ",").encode("utf-16")],
                as_table),
    "json": Kind(lambda: [take()], as_takes, mutate_json),
    "npy": Kind(lambda: [array(np.save)], as_samples),
    "npz": Kind(lambda: [array(np.savez_compressed)], as_samples, mutate_archive),
    "wav": Kind(lambda: [sound()], in_a_folder),
    "png": Kind(lambda: [picture()], in_a_folder),
}


def main() -> None:
    """Run it; the exit code is 1 where it found something."""
    parser = argparse.ArgumentParser(description="Feed damaged files to the converter and the readers.")
    parser.add_argument("--seconds", type=int, default=20, help="of a processor's time, for all kinds together")
    parser.add_argument("--each", type=int, default=0, help="files of each kind, however long they take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(KINDS), help="kinds of files")
    parser.add_argument("--more", type=Path, nargs="+", help="folders, whose files of up to 16 kB are damaged as well")
    parser.add_argument("--first", type=int, default=1, help="the number of the first file, to see one found again")
    options = parser.parse_args()
    limit_memory()
    kinds, counts, found = options.only.split(","), Counter[str](), list[str]()
    for kind in kinds:
        with tempfile.TemporaryDirectory(dir=RAM_DISK if RAM_DISK.is_dir() else None) as folder:
            mutants = Mutants(kind, options.seed, seeds_of(kind, options.more or []), Path(folder))
            end = process_time() + options.seconds / len(kinds)
            while counts[kind] < options.each if options.each else process_time() < end:
                number = options.first + counts[kind]
                counts[kind] += 1
                problem = try_one(KINDS[kind].read, mutants.make(number))
                if problem:
                    FOUND.mkdir(parents=True, exist_ok=True)
                    kept = FOUND / f"found-{options.seed}-{number}.{kind}"
                    kept.write_bytes(mutants.path.read_bytes())
                    found.append(f"{kept}: {problem}")
    print("\n".join(found[:20]))
    print(f"{', '.join(f'{n} .{kind}' for kind, n in counts.items())}: {len(found) or 'nothing'} found")
    sys.exit(bool(found))


def seeds_of(kind: str, folders: list[Path]) -> list[bytes]:
    """The seeds of a kind, and the small files of its name in folders."""
    paths = [p for folder in folders for p in sorted(folder.rglob(f"*.{kind}"))]
    return KINDS[kind].seeds() + [p.read_bytes() for p in paths if p.is_file() and p.stat().st_size <= SMALL]


class Mutants:
    """Damaged files of one kind, each made anew from its number, in a folder of their own."""

    def __init__(self, kind: str, seed: int, seeds: list[bytes], folder: Path) -> None:
        self.kind, self.seed, self.seeds = kind, seed, seeds
        self.path = folder / "class" / f"mutant.{kind}"
        self.path.parent.mkdir()
        self.path.write_bytes(seeds[0])
        other = folder / "other"  # takes are of two classes at least
        other.mkdir()
        (other / self.path.name).write_bytes(seeds[0])
        attempt(partial(KINDS[kind].read, self.path))

    def make(self, number: int) -> Path:
        """Write the file of a number."""
        rng = random.Random(f"{self.kind} {self.seed} {number}")
        self.path.write_bytes(KINDS[self.kind].damage(rng.choice(self.seeds), rng))
        return self.path


def try_one(read: Callable[[Path], None], path: Path) -> str:
    """Return what is wrong with how a file is read, "" for nothing."""
    start = process_time()
    faulthandler.dump_traceback_later(HANG, exit=True)  # what even Ctrl-C does not end
    try:
        attempt(lambda: read(path))
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:100]!r} at {Path(at.filename).name}:{at.lineno}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    took = process_time() - start
    return f"{took:.0f} s" if took > SECONDS else ""


def limit_memory() -> None:
    """Let what asks for more memory than there may be fail."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))


if __name__ == "__main__":
    main()
