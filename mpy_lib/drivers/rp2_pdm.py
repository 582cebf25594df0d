# SPDX-License-Identifier: MIT
"""A PDM microphone on an RP2040 or RP2350, such as the SPM1423, MP34DT05 or T3902.

    mic = PDMMicrophone(clk=2, data=3)
    for word in midge.listen(mic, nabu): ...

A state machine of the PIO gives the clock, 64 times the rate of samples, and takes a bit each time; a DMA channel
writes them into a ring, and another one starts it again every 35 minutes. pdm_filter.py makes samples of them when they
are asked for. Source: RP2040 data sheet, sections 2.5 and 3.

Needs MicroPython 1.23 or newer, for rp2.DMA.
"""

from array import array
from time import sleep_ms

import rp2
from counted_microphone import CountedMicrophone
from machine import Pin
from pdm_filter import BITS, PDMFilter
from uctypes import addressof

_WORDS = 1 << 26  # that DMA writes before it is started again; a multiple of any ring
_TURN = _WORDS // 2  # samples
_COUNT_TRIG = 7  # the register CHn_AL1_TRANS_COUNT_TRIG, in words


def _program():
    def bits():
        # ruff: noqa: F821
        nop().side(0)
        in_(pins, 1).side(1)  # what was there before the edge

    return rp2.asm_pio(
        sideset_init=rp2.PIO.OUT_LOW, in_shiftdir=rp2.PIO.SHIFT_RIGHT, autopush=True, push_thresh=32,
        fifo_join=rp2.PIO.JOIN_RX,
    )(bits)  # fmt: skip


class PDMMicrophone(CountedMicrophone):
    """A running microphone; see microphone.py for how it is read."""

    def __init__(self, clk, data, sm=0, rate_hz=16000, buffer_ms=64, gain=8):
        """Start the microphone. Its L/R pin is low.

        clk, data  pins
        sm         which state machine
        buffer_ms  how much sound the ring holds, 16 to 256: how long the program may do something else; it takes 8
                   bytes a sample, and twice that so that it can be where DMA wants it
        gain       what samples are multiplied with, a whole number; what does not fit 16 bits is clipped

        Raises ValueError for what cannot be, OSError where no bits come.
        """
        if not 16 <= buffer_ms <= 256 or not 1 <= gain <= 64 or gain != int(gain):
            raise ValueError("wanted buffer_ms 16 to 256 and a whole gain of 1 to 64")
        size = 1024
        while size < rate_hz * buffer_ms // 1000 * (BITS // 8):
            size *= 2
        self._whole = bytearray(2 * size + 8)
        start = -addressof(self._whole) % size
        self._ring = memoryview(self._whole)[start : start + size + 8]
        self._mask, self._filter = size - 1, PDMFilter(gain)
        super().__init__("PDM microphone", rate_hz, size // 8 - 2, _TURN)
        self._sm = rp2.StateMachine(sm, _program(), freq=2 * BITS * rate_hz, in_base=Pin(data, Pin.IN),
                                    sideset_base=Pin(clk))  # fmt: skip
        self._begin(sm)
        sleep_ms(20)  # parts are silent at first
        self.clear()
        some = self._ring[64:256]
        if some[0] in (0, 255) and min(some) == max(some):
            self.stop()
            raise OSError("the microphone gives nothing but %d; check its wires" % (some[0] & 1))

    def stop(self):
        """Stop the microphone, and give back state machine and DMA channels."""
        self._sm.active(0)
        for channel in (self._data, self._again):
            channel.ctrl = 0  # not enabled, so that its end chains to nothing
            channel.active(0)
            channel.close()

    def _begin(self, sm):
        data, again = self._data, self._again = rp2.DMA(), rp2.DMA()
        self._words = array("I", [_WORDS])
        ring_size = 10
        while 1 << ring_size <= self._mask:
            ring_size += 1
        again.config(
            read=self._words, write=data.registers[_COUNT_TRIG : _COUNT_TRIG + 1], count=1, trigger=False,
            ctrl=again.pack_ctrl(size=2, inc_read=False, inc_write=False, irq_quiet=True),
        )  # fmt: skip
        data.config(
            read=self._sm, write=self._ring, count=_WORDS, trigger=True,
            ctrl=data.pack_ctrl(size=2, inc_read=False, ring_size=ring_size, ring_sel=True, chain_to=again.channel,
                                treq_sel=sm // 4 * 8 + 4 + sm % 4, irq_quiet=True),
        )  # fmt: skip
        self._sm.active(1)

    def _place(self):
        """Return how many samples all bits are there of, modulo _TURN: the last one needs 6 bytes more than its own."""
        return (2 * (_WORDS - self._data.count) - 3 >> 2) & _TURN - 1

    def _copy(self, buffer, at):
        self._filter(buffer, self._ring, at * 8 & self._mask, self._mask)
