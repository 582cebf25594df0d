# SPDX-License-Identifier: MIT
"""Sleep on an nRF52: System ON idle with all RAM, woken by the 32 kHz counter RTC2.

MicroPython's machine.lightsleep is one WFE there, and leaves the fast clock and the UART on; with both off the chip
draws microamperes (nRF52840 Product Specification, "Current consumption": ION_RAMON_RTC). RTC2 is nobody's in that
port unless a program makes machine.RTCounter(2). The WFE is woken by RTC2's interrupt becoming pending, which counts
as an event with SEVONPEND (Armv7-M Architecture Reference Manual, B3.2.7), so it needs no handler.

Registers: nRF52840 Product Specification, chapters CLOCK, POWER, RTC, UARTE.
"""

_LFCLKSTART = 0x40000008
_HFCLKSTOP = 0x40000004
_LFCLKSTARTED = 0x40000104
_LFCLKSTAT = 0x40000418
_USBREGSTATUS = 0x40000438  # bit 0: a cable powers the USB
_STARTRX = 0x40002000
_STOPRX = 0x40002004
_UART_ENABLE = 0x40002500
_RTC2 = 0x40024000
_START = _RTC2
_STOP = _RTC2 + 0x004
_CLEAR = _RTC2 + 0x008
_COMPARE0 = _RTC2 + 0x140
_INTENSET = _RTC2 + 0x304
_INTENCLR = _RTC2 + 0x308
_PRESCALER = _RTC2 + 0x508
_CC0 = _RTC2 + 0x540
_COMPARE0_BIT = 1 << 16
_ICPR1 = 0xE000E284
_RTC2_PENDING = 1 << 4  # RTC2 is interrupt 36
_SCR = 0xE000ED10
_SEVONPEND = 1 << 4
_RUNNING = 1 << 16

_HZ = 1024  # 32,768 Hz by a prescaler of 32
_MOST_MS = 16_000_000  # 24 bits at that rate are 16,384 s


def sleep(ms, radio=False, mem=None, wait=None):
    """Sleep for `ms` milliseconds, to a thousandth of a second, and return. The UART hears nothing meanwhile.

    radio  True while Bluetooth runs: its stack owns clock and power, which are left alone then
    mem, wait  what reads and writes registers, and waits for an event; the board's own by default
    """
    if mem is None:
        import machine

        mem, wait = machine.mem32, machine.lightsleep if hasattr(machine, "lightsleep") else machine.sleep
    uart = mem[_UART_ENABLE]
    if not radio:
        if not mem[_LFCLKSTAT] & _RUNNING:
            mem[_LFCLKSTARTED] = 0
            mem[_LFCLKSTART] = 1
            while not mem[_LFCLKSTARTED]:
                pass
        if not mem[_USBREGSTATUS] & 1:  # the USB needs the crystal
            mem[_HFCLKSTOP] = 1
    if uart:
        mem[_STOPRX] = 1  # a UART that listens keeps the fast clock on
        mem[_UART_ENABLE] = 0
    scr = mem[_SCR]
    mem[_SCR] = scr | _SEVONPEND
    try:
        while ms > 0:
            part = min(ms, _MOST_MS)
            _nap(mem, wait, max(part * _HZ // 1000, 2))  # a compare of less than 2 may be missed
            ms -= part
    finally:
        mem[_STOP] = 1
        mem[_INTENCLR] = _COMPARE0_BIT
        mem[_COMPARE0] = 0
        mem[_ICPR1] = _RTC2_PENDING
        mem[_SCR] = scr
        if uart:
            mem[_UART_ENABLE] = uart
            mem[_STARTRX] = 1


def _nap(mem, wait, ticks):
    mem[_STOP] = 1
    mem[_CLEAR] = 1
    mem[_PRESCALER] = 31
    mem[_CC0] = ticks
    mem[_COMPARE0] = 0
    mem[_ICPR1] = _RTC2_PENDING
    mem[_INTENSET] = _COMPARE0_BIT
    mem[_START] = 1
    while not mem[_COMPARE0]:
        wait()  # other events wake it too
