# SPDX-License-Identifier: MIT
"""Feed damaged files to the converter and to each reader, and say in one line what came of it.

    python -m tests.fuzz.readers [--seconds 20] [--each 50000] [--seed 0] [--only onnx,csv]

Every file has to be read, or refused with a UserError of one line, within SECONDS of a processor's time and MEMORY.
What does neither is kept as build/fuzz/found-*; the same seed finds it again.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import traceback
import wave
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from midge import api
from midge.convert.models import load_any
from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UnsupportedModel, UserError
from midge.graph import Tensor
from midge.samples.datasets import read_dataset, read_vectors
from midge.samples.labels import read_labels
from midge.samples.recordings import read_recording
from midge.samples.takes import read_takes
from tests.support import WAND_MODEL
from tests.support.mutation import mutate

SECONDS, MEMORY = 10, 2 << 30
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
    """Read, or be refused in one line."""
    try:
        read()
    except UserError as error:
        if "\n" in str(error) and not isinstance(error, UnsupportedModel):
            raise AssertionError(f"more than a line: {error}") from error


def small_onnx() -> bytes:
    """A network of many ops."""
    from tests.host.importers.test_onnx_bad_input import small

    return bytes(small().SerializeToString())


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

# What a file is named and the seed it is made of, and what reads it.
KINDS: dict[str, tuple[Callable[[], bytes], Callable[[Path], None]]] = {
    "tflite": (WAND_MODEL.read_bytes, to_midge),
    "onnx": (small_onnx, to_midge),
    "midge": (lambda: convert_model(WAND_MODEL, labels=tuple("abcdef")).blob, as_midge),
    "csv": (TABLE.encode, as_table),
    "json": (take, as_takes),
    "npy": (lambda: array(np.save), as_samples),
    "npz": (lambda: array(np.savez_compressed), as_samples),
    "wav": (sound, in_a_folder),
    "png": (picture, in_a_folder),
}


def main() -> None:
    """Run it; the exit code is 1 where it found something."""
    parser = argparse.ArgumentParser(description="Feed damaged files to the converter and the readers.")
    parser.add_argument("--seconds", type=int, default=20, help="of a processor's time, for all kinds together")
    parser.add_argument("--each", type=int, default=0, help="files of each kind, however long they take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(KINDS), help="kinds of files")
    options = parser.parse_args()
    limit_memory()
    kinds, counts, found = options.only.split(","), Counter[str](), list[str]()
    for kind in kinds:
        seed, read = KINDS[kind]
        data, rng = seed(), random.Random(f"{kind} {options.seed}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "class" / f"mutant.{kind}"
            path.parent.mkdir()
            path.write_bytes(data)
            other = Path(folder) / "other"  # takes are of two classes at least
            other.mkdir()
            (other / path.name).write_bytes(data)
            attempt(partial(read, path))
            end = process_time() + options.seconds / len(kinds)
            while counts[kind] < options.each if options.each else process_time() < end:
                path.write_bytes(mutate(data, rng))
                counts[kind] += 1
                problem = try_one(read, path)
                if problem:
                    FOUND.mkdir(parents=True, exist_ok=True)
                    kept = FOUND / f"found-{options.seed}-{counts[kind]}.{kind}"
                    kept.write_bytes(path.read_bytes())
                    found.append(f"{kept}: {problem}")
    print("\n".join(found[:20]))
    print(f"{', '.join(f'{n} .{kind}' for kind, n in counts.items())}: {len(found) or 'nothing'} found")
    sys.exit(bool(found))


def try_one(read: Callable[[Path], None], path: Path) -> str:
    """Return what is wrong with how a file is read, "" for nothing."""
    start = process_time()
    try:
        attempt(lambda: read(path))
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:100]!r} at {Path(at.filename).name}:{at.lineno}"
    took = process_time() - start
    return f"{took:.0f} s" if took > SECONDS else ""


def limit_memory() -> None:
    """Let what asks for more memory than there may be fail."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))


if __name__ == "__main__":
    main()
