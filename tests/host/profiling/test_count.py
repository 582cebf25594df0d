# SPDX-License-Identifier: MIT
"""midge profile: what is counted is what was executed."""

import shutil
import subprocess
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from midge import load
from midge.convert.pipeline import convert_graph, convert_model
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.graph import Quantization, Tensor
from midge.graph.builder import Builder
from midge.graph.sight import Crop, Picture, blobs
from midge.profiling import count as profiling
from midge.profiling.count import Count, WrongOutputs, count, execute
from midge.profiling.inputs import input_bytes, wanted_crc
from midge.profiling.toolchain import NATIVE, fast_kernels, link
from midge.targets.cores import EmulatedCore, emulated_cores, find_emulated
from tests.support import sight

# What stands between the first two marks, and how it counts. The call of mark, its return and the jump back here
# are the same in every stretch; the empty one is taken off.
THUMB = """
    push {r4, r5, lr}
    bl mark
    bl mark
    ldr r0, [sp]
    ldr r1, [sp, #4]
    str r0, [sp]
    movs r2, #3
1:  subs r2, #1
    bne 1b
    bl mark
    pop {r4, r5, pc}
"""
RISCV = """
    addi sp, sp, -16
    sw ra, 12(sp)
    call mark
    call mark
    lw a0, 0(sp)
    lw a1, 4(sp)
    sw a0, 0(sp)
    li a2, 3
1:  addi a2, a2, -1
    bnez a2, 1b
    mul a0, a0, a1
    mulhu a0, a0, a1
    divu a0, a0, a1
    call mark
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
"""
WIDE = """
    push {r4-r9, lr}
    bl mark
    bl mark
    movs r0, #7
    ldrd r4, r5, [sp]
    ldm sp, {r4-r6}
    ldrb.w r9, [sp, #3]
    strd r4, r5, [sp]
    smull r4, r5, r0, r0
    udiv r4, r0, r0
    mul r4, r0, r0
    bl mark
    pop {r4-r9, pc}
"""
LISTINGS = [
    ("cortex-m0plus", THUMB, Count(10, loads=2, paired_loads=1, stores=1, taken=2)),
    ("cortex-m4", THUMB, Count(10, loads=2, paired_loads=1, stores=1, taken=2)),
    ("cortex-m4", WIDE, Count(8, loads=6, paired_loads=2, stores=2, long_multiplies=1, divisions=1)),
    ("cortex-m55", WIDE, Count(8, loads=6, paired_loads=2, stores=2, long_multiplies=1, divisions=1)),
    ("rv32", RISCV, Count(13, loads=2, paired_loads=1, stores=1, long_multiplies=1, divisions=1, taken=2)),
]


def counted(target: EmulatedCore, listing: str, folder: Path) -> Count:
    body = "".join(f'"{line.strip()}\\n"' for line in listing.strip().splitlines())
    source, unified = folder / "listing.c", "" if target.isa.name == "riscv" else '".syntax unified\\n"'
    source.write_text(
        '#include "board.h"\n__attribute__((naked, used)) void mark(void) {'
        f'__asm__("{"ret" if target.isa.name == "riscv" else "bx lr"}"); }}\n'
        f"__attribute__((naked)) void program(void) {{ __asm__({unified}{body}); }}\n"
    )
    _, rows = execute(link(target, [source], ("-O1",)), target, timeout_s=20)
    return rows[2] - rows[1]


@pytest.mark.emulator
@pytest.mark.parametrize(("name", "listing", "wanted"), LISTINGS)
def test_instructions_are_counted_by_class(name: str, listing: str, wanted: Count, tmp_path: Path) -> None:
    assert counted(find_emulated(name), listing, tmp_path) == wanted


def test_what_is_compiled_for_speed_are_kernels() -> None:
    core = NATIVE / "core"
    fast = {core / "kernels/linear/conv_i8.c", core / "kernels/linear/patch.c"}
    assert fast <= fast_kernels() <= set(core.rglob("*.c"))


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
def test_cmake_compiles_the_same_kernels_for_speed(tmp_path: Path) -> None:
    lines = (NATIVE / "micropython.cmake").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("file(READ"))
    last = next(i for i, line in enumerate(lines) if line.startswith("list(TRANSFORM MIDGE_FAST"))
    script = lines[first:last]
    text = "\n".join([*script, 'message("${MIDGE_FAST}")']).replace("${CMAKE_CURRENT_LIST_DIR}", str(NATIVE))
    (tmp_path / "list.cmake").write_text(text)
    done = subprocess.run(["cmake", "-P", str(tmp_path / "list.cmake")], capture_output=True, text=True, check=True)
    kernels = {NATIVE / "core" / name for name in done.stderr.strip().split(";")}
    assert kernels == fast_kernels()


@pytest.fixture(scope="module")
def wand(wand_tflite: Path) -> bytes:
    return convert_model(wand_tflite).blob


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("name", emulated_cores())
def test_every_core_computes_what_the_host_does(name: str, wand: bytes) -> None:
    profile = count(wand, find_emulated(name))
    (tensor,) = (decode(wand).tensors[i] for i in decode(wand).inputs)
    model, noise, out = load(wand), input_bytes(tensor, 0), np.zeros(6, np.int8)
    model.run(np.frombuffer(noise, np.int8).reshape(1, 96, 1, 3), out=out)
    assert profile.crc == crc32(out.tobytes())
    assert len(profile.nodes) == len(decode(wand).nodes)
    assert count(wand, find_emulated(name)) == profile, "counts differ from run to run"


@pytest.mark.emulator
def test_what_sight_costs() -> None:
    """A QVGA picture becomes 96 x 96 grey pixels, and a grid of scores boxes, for what the documents promise."""
    picture = sight.eye(Picture("rgb565", 320, 240), Crop(40, 0, 240, 240), (1, 96, 96, 1), "int8")
    build = Builder("grid")
    steps = Quantization(np.array([1 / 256], np.float32), np.array([-128], np.int64))
    scores = Tensor("scores", (1, 12, 12, 2), "int8", steps)
    grid = build.graph([scores], blobs(build, scores, 0.5, 16))
    for graph, most in ((picture, 500_000), (grid, 20_000)):
        (node,) = count(convert_graph(graph, [], "n", 0).blob, find_emulated("m4")).nodes
        assert node.instructions <= most


@pytest.mark.emulator
def test_outputs_other_than_the_hosts_are_an_error(wand: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    target = find_emulated("m4")
    crc = count(wand, target).crc
    file = decode(wand)
    at = next(n for n in file.nodes if n.op.name == "CONV_2D").params["weights_at"] + len(wand) - file.data_size
    swapped = bytearray(wand)
    swapped[at : at + 8] = reversed(wand[at : at + 8])
    swapped[12:16] = crc32(swapped[16:]).to_bytes(4, "little")
    assert count(bytes(swapped), target).crc != crc, "swapped weights give the same outputs"
    monkeypatch.setattr(profiling, "wanted_crc", lambda _blob, file: wanted_crc(wand, file))
    with pytest.raises(WrongOutputs, match=rf"emulated Cortex-M4 computes other outputs .*for {crc:08x}"):
        count(bytes(swapped), target)


def test_a_model_too_large_is_named(wand: bytes) -> None:
    with pytest.raises(UserError, match=r"an arena of 4194320 B are more than the emulated Cortex-M4 has"):
        count(wand[:20] + (0x40_0010).to_bytes(4, "little") + wand[24:], find_emulated("m4"))
