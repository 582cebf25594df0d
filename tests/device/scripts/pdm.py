# SPDX-License-Identifier: MIT
"""Microphones that give bits: their filters, and the nRF52840's interface as its registers have it."""

import gc
from array import array

import board_modules  # noqa: F401
from check import equal, ok, raises
from registers import Nrf52Pdm


def box(x, n):
    """Return sums of n values each, of all of x and zeros around it."""
    return [sum(x[max(0, i - n + 1) : i + 1]) for i in range(len(x) + n - 1)]


def filters():
    """What the tables make of bits is what two filters make of them, one value after the other."""
    count, state, total = 16, 0, 0
    bits = bytearray((count + 1) * 64)
    for i in range(len(bits)):  # a triangle's bits, by a modulator of the first order
        total += 20000 - abs(i % 512 - 256) * 130
        state = 1 if total >= 0 else 0
        total -= 32768 if state else -32768
        bits[i] = state
    ring = bytearray(2048 + 8)
    for i, bit in enumerate(bits):
        ring[i >> 3] |= bit << (i & 7)
    half = list(TAPS)
    make, out, rest = PDMFilter(3), array("h", [0] * 10), array("h", [0] * (count - 10))
    make(out, ring, 0, 2047)
    make(rest, ring, 80, 2047)
    found = list(out) + list(rest)
    first = bits  # sums of 16, 16, 16 and 19 bits, scaled byte by byte of the weights
    weights = [1]
    for n in 16, 16, 16, 19:
        weights = box(weights, n)
    weights = [int(w * 65536 / sum(weights) + 0.5) for w in weights]
    first = [sum([w * bit for w, bit in zip(weights, bits[i:])]) - 32768 for i in range(0, 64 * count, 16)]
    first = [0] * 60 + first
    taps, mean, wanted = half + half[::-1], 0, []
    for i in range(count):
        y = sum([a * b for a, b in zip(taps, first[4 * i :])]) >> 13
        mean += y - (mean >> 10)
        wanted.append(max(-32768, min(32767, (y - (mean >> 10)) * 3)))
    ring = ring[1024:2048] + ring[:1024] + bytearray(8)
    del make, out, rest
    gc.collect()
    again, whole = PDMFilter(3), array("h", [0] * count)
    again(whole, ring, 1024, 2047)
    equal("from elsewhere in the ring", list(whole), wanted)
    equal("two filters", found, wanted)


def interface():
    """Samples come in order for seconds, wherever rounds end; what was overwritten is told."""
    chip = Nrf52Pdm()
    nrf52_pdm.sleep_ms = chip.sleep_ms
    mic = nrf52_pdm.PDMMicrophone(buffer_ms=32, mem=chip)
    equal("facts", (mic.rate_hz, mic.capacity, mic.typecode, chip.power), (16000, 480, "h", True))
    hop = array("h", [0] * 160)
    equal("not yet", (mic.read_into(hop), mic.wait_ms(160) > 8), (0, True))
    start, wrong = None, 0
    for i in range(150):
        chip.us += 10000 if i % 7 else 9100  # a little early, then late
        chip.fill(mic._ring)
        while mic.read_into(hop):
            if start is None:
                start = [chip.sound(k) for k in range(2000)].index(hop[0])
            wrong += hop[0] != chip.sound(start) or hop[159] != chip.sound(start + 159)
            start += 160
    equal("in order", (wrong, mic.overflow, start > 20000), (0, False, True))
    chip.us += 31000
    equal("too late", (mic.waiting(), mic.read_into(hop), mic.overflow), (480, 160, True))
    mic.clear()
    equal("cleared", (mic.overflow, mic.waiting()), (False, 0))
    chip.us += 10000000
    mic.clear()
    chip.us += 11000
    chip.fill(mic._ring)
    equal("and on", (mic.read_into(hop), mic.overflow), (160, False))
    mic.stop()
    equal("stopped", (chip[0x4001D500], chip[0x4001F508]), (0, 1 << 8))
    silent = Nrf52Pdm(silent=True)
    nrf52_pdm.sleep_ms = silent.sleep_ms
    raises("silent", OSError, "the PDM interface gives no sound", nrf52_pdm.PDMMicrophone, buffer_ms=32, mem=silent)
    raises("gain", ValueError, "gain_db -20 to 20", nrf52_pdm.PDMMicrophone, gain_db=21, mem=silent)


try:
    import nrf52_pdm
except SyntaxError:  # a board without viper
    ok("no native code")
else:
    interface()
gc.collect()  # of small boards
try:
    from pdm_filter import TAPS, PDMFilter
except (AttributeError, SyntaxError) as error:
    if type(error) is SyntaxError and "invalid micropython decorator" not in str(error):
        raise
    ok("no assembler")  # of ARM cores
else:
    filters()
