# SPDX-License-Identifier: MIT
"""Make samples of the bits of a PDM microphone, 64 for each, on ARM cores.

Two filters do: a sinc of the fourth order by tables of a byte each, down to four times the rate of samples, and 64 taps
that even out what the first one took away. Of 16 kHz sound, what is below 6.7 kHz passes within 0.4 dB, and what would
fold onto that is 60 dB down. The loops are in MicroPython's inline assembler, in instructions that all Cortex-M have.
"""

from array import array

import micropython

BITS = 64  # of a sample
_KEPT = 60  # samples of the first filter that the second one looks back to
# The second filter's taps times 8,192, from its ends to its middle: least squares, weighted again until all ripples of
# the first 6.7 kHz, and of what is above 9.3 kHz 30 times smaller ones, are alike.
TAPS = (
    -1, 7, 18, 31, 39, 35, 14, -17, -44, -52, -29, 17, 66, 87, 60, -11, -94, -141, -113, -8, 131, 227, 209, 53,
    -189, -397, -430, -191, 321, 988, 1611, 1988,
)  # fmt: skip
_FIRST = 2 + len(TAPS)  # word of _work with the oldest sample of the first filter; mean and gain are before the taps


# ruff: noqa: F821
@micropython.asm_thumb
def _sinc(r0, r1, r2, r3):
    """r0: _work, r1: the ring, with 8 bytes behind it, r2: tables, r3: the first byte, mask, how many samples."""
    add(r0, 136)  # _FIRST words, and _KEPT
    add(r0, 240)
    ldr(r4, [r3, 0])
    ldr(r5, [r3, 4])  # the ring's first bytes again behind its end, so that windows go on there
    add(r5, r5, r1)
    add(r5, 1)
    ldr(r6, [r1, 0])
    str(r6, [r5, 0])
    ldr(r6, [r1, 4])
    str(r6, [r5, 4])
    label(NEXT)
    ldr(r7, [r3, 4])
    and_(r7, r4)
    add(r7, r7, r1)
    mov(r5, 1)
    lsl(r5, r5, 15)
    neg(r5, r5)
    push({r1})
    mov(r1, 2)
    label(HALF)
    ldrb(r6, [r7, 0])
    lsl(r6, r6, 4)
    add(r6, r6, r2)
    ldrh(r6, [r6, 0])
    add(r5, r5, r6)
    ldrb(r6, [r7, 1])
    lsl(r6, r6, 4)
    add(r6, r6, r2)
    ldrh(r6, [r6, 2])
    add(r5, r5, r6)
    ldrb(r6, [r7, 2])
    lsl(r6, r6, 4)
    add(r6, r6, r2)
    ldrh(r6, [r6, 4])
    add(r5, r5, r6)
    ldrb(r6, [r7, 3])
    lsl(r6, r6, 4)
    add(r6, r6, r2)
    ldrh(r6, [r6, 6])
    add(r5, r5, r6)
    add(r7, 4)
    add(r2, 8)
    sub(r1, 1)
    bne(HALF)
    pop({r1})
    sub(r2, 16)
    str(r5, [r0, 0])
    add(r0, 4)
    add(r4, 2)
    ldr(r6, [r3, 8])
    sub(r6, 1)
    str(r6, [r3, 8])
    bne(NEXT)


@micropython.asm_thumb
def _even(r0, r1, r2):
    """r0: the samples, r1: _work, r2: how many."""
    mov(r3, r1)
    add(r3, 136)
    label(NEXT)
    push({r0, r1, r2, r3})
    mov(r4, r3)
    add(r4, 248)  # its last two
    add(r1, 8)
    mov(r0, 0)
    mov(r2, 16)
    label(PAIRS)
    ldr(r6, [r3, 0])
    ldr(r7, [r4, 4])
    add(r6, r6, r7)
    ldr(r7, [r1, 0])
    mul(r6, r7)
    add(r0, r0, r6)
    ldr(r6, [r3, 4])
    ldr(r7, [r4, 0])
    add(r6, r6, r7)
    ldr(r7, [r1, 4])
    mul(r6, r7)
    add(r0, r0, r6)
    add(r3, 8)
    sub(r4, 8)
    add(r1, 8)
    sub(r2, 1)
    bne(PAIRS)
    asr(r5, r0, 13)
    pop({r0, r1, r2, r3})
    ldr(r6, [r1, 0])  # 1,024 times the mean
    asr(r7, r6, 10)
    sub(r7, r5, r7)
    add(r6, r6, r7)
    str(r6, [r1, 0])
    asr(r7, r6, 10)
    sub(r5, r5, r7)
    ldr(r7, [r1, 4])
    mul(r5, r7)
    mov(r6, 1)
    lsl(r6, r6, 15)
    sub(r6, 1)
    cmp(r5, r6)
    ble(BELOW)
    mov(r5, r6)
    label(BELOW)
    mvn(r6, r6)
    cmp(r5, r6)
    bge(ABOVE)
    mov(r5, r6)
    label(ABOVE)
    strh(r5, [r0, 0])
    add(r0, 2)
    add(r3, 16)
    sub(r2, 1)
    bne(NEXT)


@micropython.asm_thumb
def _keep(r0, r1):
    """r0: _work, r1: 16 times how many samples. Brings the latest of the first filter to where the oldest were."""
    add(r0, 136)
    add(r1, r1, r0)
    mov(r2, 60)
    label(NEXT)
    ldr(r3, [r1, 0])
    str(r3, [r0, 0])
    add(r1, 4)
    add(r0, 4)
    sub(r2, 1)
    bne(NEXT)


class PDMFilter:
    """What makes samples of bits, of one microphone. gain: a whole number that they are multiplied with."""

    def __init__(self, gain):
        weights = [1]
        for n in 16, 16, 16, 19:  # sums of so many bits: 64 in all
            weights = [sum(weights[max(0, i - n + 1) : i + 1]) for i in range(len(weights) + n - 1)]
        self._tables = array("H", bytes(2 * 8 * 256))
        scale = 65536 / sum(weights)
        for place in range(8):
            byte = [int(w * scale + 0.5) for w in weights[8 * place : 8 * place + 8]]
            for value in range(256):
                self._tables[8 * value + place] = sum([byte[i] for i in range(8) if value >> i & 1])
        self._wish = array("i", [0, 0, 0])
        self._work = array("i", [0, gain] + list(TAPS) + [0] * _KEPT)

    def __call__(self, out, ring, at, mask):
        """Fill an array("h") with samples of the bits from byte `at` of a ring on, less their mean, and clipped.

        ring: of mask + 1 bytes, a power of two and aligned to words, and 8 more; the first bit is the lowest of its
        byte. The last sample needs 6 bytes after its own 8. Nothing is allocated as long as `out` is no longer.
        """
        n = len(out)
        if len(self._work) < _FIRST + _KEPT + 4 * n:
            self._work.extend(array("i", [0] * (_FIRST + _KEPT + 4 * n - len(self._work))))
        wish = self._wish
        wish[0], wish[1], wish[2] = at, mask, 4 * n
        _sinc(self._work, ring, self._tables, wish)
        _even(out, self._work, n)
        _keep(self._work, 16 * n)
