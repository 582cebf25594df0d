# SPDX-License-Identifier: MIT
"""Sleep on an RP2040 until a pin changes: DORMANT, in which no clock runs at all.

MicroPython's machine.lightsleep() without an argument stops the PLLs and both oscillators, but leaves it to others to
say which pin starts them again: that is the register DORMANT_WAKE_INTE of IO_BANK0 (RP2040 datasheet, 2.11.3 and
2.19.6.1). No timer runs in DORMANT, so only a pin ends it: the interrupt of a motion sensor, say.
"""

_IO_BANK0 = 0x40014000
_INTR0 = _IO_BANK0 + 0x0F0
_DORMANT_WAKE_INTE0 = _IO_BANK0 + 0x160
_SET = 0x2000
_CLR = 0x3000  # a write there sets or clears the bits that are 1 (2.1.2)
LOW = 1
HIGH = 2
FALLING = 4
RISING = 8


def dormant(pin, event=RISING, mem=None, sleep=None):
    """Stop all clocks until something happens at a pin, then go on.

    pin    its number, 0 to 29. It must be an input that something drives.
    event  RISING, FALLING, HIGH, LOW, or several added up. A level that holds already wakes at once.
    mem, sleep  what reads and writes registers, and goes dormant; the board's own by default

    Raises ValueError for what is no pin or event.
    """
    if not 0 <= pin <= 29:
        raise ValueError("got pin %s, wanted 0 to 29" % pin)
    if not 1 <= event <= 15:
        raise ValueError("got event %s, wanted RISING, FALLING, HIGH or LOW" % event)
    if mem is None:
        import machine

        mem, sleep = machine.mem32, machine.lightsleep
    register, bits = 4 * (pin // 8), event << 4 * (pin % 8)
    edges = (event & (FALLING | RISING)) << 4 * (pin % 8)
    if edges:
        mem[_INTR0 + register] = edges  # an edge of before would wake at once
    mem[_DORMANT_WAKE_INTE0 + register + _SET] = bits
    try:
        sleep()
    finally:
        mem[_DORMANT_WAKE_INTE0 + register + _CLR] = bits
        if edges:
            mem[_INTR0 + register] = edges
