# SPDX-License-Identifier: MIT
"""Files whose weights would be larger than any memory, in a size that wraps at 2^64 and seems small."""

import struct
import zlib
from pathlib import Path

import pytest

from midge.fileformat.opset import ops
from midge.fileformat.spec import ARENA, DTYPES, HEADER, MAGIC, MAJOR, MAX_RANK, MINOR, NODE, TENSOR, ZEROS
from tests.support import SHARED
from tests.support.command import midge

# Their product is 2^62 + 458: the float32 weights of such a layer wrap to 1,832 bytes.
IN_C, OUT_C, KERNEL_H, KERNEL_W = 39279, 41387, 46226, 61369


def wrapping_file(kernel_h: int, kernel_w: int) -> bytes:
    """Return a file of one CONV_2D_F32 over a single pixel."""
    conv = ops()["CONV_2D_F32"]
    values: dict[str, float] = {field.name: 0 for field in conv.fields}
    values |= dict.fromkeys(("batches", "in_h", "in_w", "out_h", "out_w"), 1)
    values |= dict.fromkeys(("stride_h", "stride_w", "dilation_h", "dilation_w"), 1)
    values |= {"in_c": IN_C, "out_c": OUT_C, "kernel_h": kernel_h, "kernel_w": kernel_w}
    tensors = b"".join(
        TENSOR.pack(DTYPES["float32"], 1, ARENA, 0, offset, 4 * n, 0, 0.0, 0, n, *(1,) * (MAX_RANK - 1), ZEROS)
        for offset, n in ((0, IN_C), (4 * IN_C + 4, OUT_C))
    )
    body = struct.pack("<2H", 0, 1) + conv.pack(values)
    node = NODE.pack(conv.number, NODE.size + len(body), 1, 1, 0, 0, 0, 0) + body
    sections = [tensors, node, struct.pack("<2H", 0, 1), bytes(4), bytes(8 + 4 * OUT_C)]
    file, at = bytearray(HEADER.size), []
    for section in sections:
        file += bytes(-len(file) % 16)
        at.append(len(file))
        file += section
    arena = 4 * (IN_C + OUT_C) + 16 & ~15
    tail = (at[0], at[1], len(node), at[2], at[3], 4, at[4], len(sections[4]), 0, 0, 0)
    for checksum in (0, 1):
        HEADER.pack_into(file, 0, MAGIC, MAJOR, MINOR, len(file), checksum and zlib.crc32(file[16:]), 0, arena,
                         2, 1, 1, 1, 0, 0, *tail)
    return bytes(file)


def refusal(*arguments: object) -> str:
    done = midge(*arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["inspect", "run"])
@pytest.mark.parametrize("window", [(KERNEL_H, KERNEL_W), (1, 1)])
def test_weights_outside_the_file_are_refused(command: str, window: tuple[int, int], tmp_path: Path) -> None:
    path, samples = tmp_path / "wrap.midge", tmp_path / "samples.csv"
    path.write_bytes(wrapping_file(*window))
    samples.write_text("0,0\n")
    text = refusal(command, path, *([samples] if command == "run" else []))
    assert "node 0: a constant ends after the data: offset" in text


@pytest.mark.parametrize("command", ["inspect", "run"])
def test_the_file_that_was_accepted_once(command: str, tmp_path: Path) -> None:
    path, samples = SHARED / "cases" / "hostile" / "wrap.midge", tmp_path / "samples.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name} beside the repository")
    samples.write_text("0,0\n")
    refusal(command, path, *([samples] if command == "run" else []))
