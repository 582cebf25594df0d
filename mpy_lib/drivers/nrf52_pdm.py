# SPDX-License-Identifier: MIT
"""A PDM microphone on an nRF52840's own PDM interface, such as the MP34DT05 of the Arduino Nano 33 BLE Sense.

    mic = PDMMicrophone()                       # the Nano's pins
    for word in midge.listen(mic, nabu): ...

The interface makes samples of 16 bits at 16 kHz and DMA writes them into a ring, round after round. MicroPython has no
module for it, so this writes its registers. Two timers tell how far it has come: one counts microseconds from the start
of each round, one rounds; PPI connects them to the interface, and all three run from the same clock, so they agree to
the microsecond however long the program does something else. Needs TIMER3, TIMER4 and channel 8 of PPI; the firmware
uses none of them. Registers: nRF52840 Product Specification, chapters CLOCK, PDM, TIMER, PPI.
"""

from array import array
from time import sleep_ms

import micropython
from counted_microphone import CountedMicrophone

_HFCLKSTART = 0x40000000
_HFCLKSTARTED = 0x40000100
_START = _PDM = 0x4001D000
_STOP = _PDM + 0x004
_STARTED = _PDM + 0x100
_ENABLE = _PDM + 0x500
_CLOCK = _PDM + 0x504
_MODE = _PDM + 0x508
_GAIN_LEFT = _PDM + 0x518
_GAIN_RIGHT = _PDM + 0x51C
_RATIO = _PDM + 0x520
_PIN_CLOCK = _PDM + 0x540
_PIN_DATA = _PDM + 0x544
_PTR = _PDM + 0x560
_COUNT = _PDM + 0x564
_1280_KHZ = 0x0A000000
_BY_80 = 1
_MICROSECONDS = 0x4001A000  # TIMER3
_ROUNDS = 0x4001B000  # TIMER4
_T_START = 0x000
_T_STOP = 0x004
_T_COUNT = 0x008
_T_CLEAR = 0x00C
_T_CAPTURE = 0x040
_T_MODE = 0x504
_T_BITS = 0x508
_T_PRESCALER = 0x510
_T_CC = 0x540
_CHANNEL = 1 << 8  # of PPI, 8
_PPI_ON = 0x4001F504
_PPI_OFF = 0x4001F508
_EVENT = 0x4001F550
_TASK = 0x4001F554
_FORK = 0x4001F930
_RATE_HZ = 16000
_LATE = 32  # samples that may be on their way from the filter to the ring
_TURN = 1 << 24


@micropython.viper
def _copy(out: ptr16, n: int, ring: ptr16, at: int, size: int):  # noqa: F821
    for i in range(n):
        out[i] = ring[at]
        at += 1
        if at == size:
            at = 0


class PDMMicrophone(CountedMicrophone):
    """A running microphone; see microphone.py for how it is read."""

    def __init__(self, clk=26, data=25, power=17, right=False, buffer_ms=256, gain_db=20, mem=None):
        """Start the microphone.

        clk, data  pins: the number in port 0, plus 32 in port 1
        power      a pin that feeds the part, or None
        right      whether the part's L/R pin is high
        buffer_ms  how much sound the ring holds, 32 to 1024: how long the program may do something else
        gain_db    of the interface, -20 to 20
        mem        what reads and writes registers; the chip's by default

        Raises ValueError for what cannot be, OSError where no sound comes.
        """
        if not 32 <= buffer_ms <= 1024 or not -20 <= gain_db <= 20:
            raise ValueError("wanted buffer_ms 32 to 1024 and gain_db -20 to 20")
        if mem is None:
            import machine

            mem = machine.mem32
        self._mem = mem
        size = 512  # a power of two, as rounds are counted in
        while size < _RATE_HZ * buffer_ms // 1000:
            size *= 2
        self._ring = array("h", bytes(2 * size))
        self._size = size
        if power is not None:
            gpio = 0x50000000 + power // 32 * 0x300
            mem[gpio + 0x518] = mem[gpio + 0x508] = 1 << power % 32  # an output, high
        # Addresses are large integers, which arithmetic would make anew for each hop.
        self._looks = tuple([timer + at for timer in (_ROUNDS, _MICROSECONDS) for at in (_T_CAPTURE, _T_CC)])
        super().__init__("PDM microphone", _RATE_HZ, size - _LATE, _TURN)
        self._begin(clk, data, right, int(2 * gain_db) + 40)
        sleep_ms(20)  # parts are silent at first
        if not self._place():
            self.stop()
            raise OSError("the PDM interface gives no sound")
        self.clear()

    def stop(self):
        """Stop the microphone and free its pins."""
        mem = self._mem
        mem[_STOP] = 1
        mem[_PPI_OFF] = _CHANNEL
        mem[_MICROSECONDS + _T_STOP] = mem[_ROUNDS + _T_STOP] = 1
        sleep_ms(1)  # what is on its way is written
        mem[_ENABLE] = 0
        mem[_PIN_CLOCK] = mem[_PIN_DATA] = 0xFFFFFFFF

    def _begin(self, clk, data, right, gain):
        from uctypes import addressof

        mem = self._mem
        mem[_HFCLKSTARTED] = 0
        mem[_HFCLKSTART] = 1  # the crystal: the inner oscillator is off by up to 6 %
        while not mem[_HFCLKSTARTED]:
            pass
        for timer, mode, prescaler in (_MICROSECONDS, 0, 4), (_ROUNDS, 2, 0):
            mem[timer + _T_STOP] = 1
            mem[timer + _T_MODE] = mode
            mem[timer + _T_BITS] = 3  # of 32
            mem[timer + _T_PRESCALER] = prescaler
            mem[timer + _T_CLEAR] = mem[timer + _T_START] = 1
        mem[_EVENT], mem[_TASK], mem[_FORK] = _STARTED, _MICROSECONDS + _T_CLEAR, _ROUNDS + _T_COUNT
        mem[_PPI_ON] = _CHANNEL
        mem[_ENABLE] = 0
        mem[_PIN_CLOCK], mem[_PIN_DATA] = clk, data
        mem[_CLOCK], mem[_RATIO] = _1280_KHZ, _BY_80
        mem[_MODE] = 1 | (2 if right else 0)  # one channel, at which edge of the clock
        mem[_GAIN_LEFT] = mem[_GAIN_RIGHT] = gain
        mem[_PTR], mem[_COUNT] = addressof(self._ring), self._size
        mem[_ENABLE] = 1
        mem[_START] = 1

    def _place(self):
        """Return how many samples are in memory, modulo _TURN, none of them late."""
        mem, size = self._mem, self._size
        look_at_rounds, rounds_seen, look_at_us, us_seen = self._looks
        rounds, us = -1, 0
        while True:
            mem[look_at_rounds] = 1
            before, rounds = rounds, mem[rounds_seen]
            if rounds == before:  # no new round between the two
                break
            mem[look_at_us] = 1
            us = mem[us_seen]
        new = min(us * 2 // 125, size) - _LATE
        if rounds == 0 or (rounds == 1 and new < 0):
            return 0
        return (rounds - 1) % (_TURN // size) * size + new & _TURN - 1

    def _copy(self, buffer, at):
        _copy(buffer, len(buffer), self._ring, at % self._size, self._size)
