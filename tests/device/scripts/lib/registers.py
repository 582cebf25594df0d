# SPDX-License-Identifier: MIT
"""Chips as far as sleeping goes: registers that behave as the data sheets say, and a trace of all writes.

`chip[address]` reads and writes as machine.mem32 does. A write that the chip would ignore or that it forbids raises.
"""


class Off(Exception):
    """The chip has switched off."""


class Registers:
    """Memory that records writes as (address, value)."""

    def __init__(self, values):
        self.values = dict(values)
        self.trace = []

    def __getitem__(self, address):
        return self.values.get(address, 0)

    def __setitem__(self, address, value):
        self.trace.append((address, value))
        self.write(address, value)

    def write(self, address, value):
        self.values[address] = value


class Nrf52(Registers):
    """An nRF52840: clocks, the UART's switch and RTC2 (Product Specification, CLOCK, RTC, UARTE)."""

    RTC2 = 0x40024000

    def __init__(self, usb=False, other_events=(), uart=8):
        super().__init__({0x40002500: uart, 0x40000438: int(usb), 0xE000ED10: 0})
        self.fast_clock = True
        self.receives = bool(uart)
        self.counter = 0
        self.running = self.pending = self.interrupts = False
        self.other_events = list(other_events)  # ticks after which something else wakes the core
        self.waits = []  # at each WFE: (fast clock, UART)

    def write(self, address, value):
        rtc = self.RTC2
        if address == 0x40000008:  # LFCLKSTART
            self.values[0x40000104] = 1
            self.values[0x40000418] = 1 << 16
        elif address == 0x40000004:  # HFCLKSTOP
            self.fast_clock = False
        elif address == 0x40002004:  # STOPRX
            assert self[0x40002500], "a UART is stopped while it is enabled"
            self.receives = False
        elif address == 0x40002000:  # STARTRX
            assert self[0x40002500], "a UART is started while it is enabled"
            self.receives = True
        elif address == 0x40002500:
            assert value or not self.receives, "a UART that receives is stopped before it is disabled"
            self.values[address] = value
        elif address == rtc:  # START
            assert self.values.get(0x40000418), "RTC2 counts only while the slow clock runs"
            self.running = True
        elif address == rtc + 4:  # STOP
            self.running = False
        elif address == rtc + 8:  # CLEAR
            self.counter = 0
        elif address == rtc + 0x304:
            self.interrupts = bool(value & 1 << 16)
        elif address == rtc + 0x308:
            self.interrupts = self.interrupts and not value & 1 << 16
        elif address == rtc + 0x508:
            assert not self.running, "the prescaler is written while RTC2 is stopped"
            self.values[address] = value
        elif address == 0xE000E284:
            if value & 1 << 4:
                self.pending = False
        else:
            self.values[address] = value

    def wfe(self):
        """Wait for an event: RTC2's, by its interrupt becoming pending, or another."""
        self.waits.append((self.fast_clock, bool(self[0x40002500])))
        left = self[self.RTC2 + 0x540] - self.counter
        other = self.other_events.pop(0) if self.other_events else left
        if other < left:
            self.counter += other
            return
        assert self.running and left >= 2, "a compare that is less than 2 ahead may be missed"
        assert self.interrupts and not self.pending and self[0xE000ED10] & 1 << 4, "nothing would wake the core"
        self.counter += left
        self.values[self.RTC2 + 0x140] = 1
        self.pending = True

    def seconds(self):
        """Return what RTC2 has counted since it was cleared."""
        return self.counter * (self[self.RTC2 + 0x508] + 1) / 32768


class Rp2(Registers):
    """What the RP2040 and RP2350 share: a write at +0x2000 sets bits, at +0x3000 clears them."""

    ATOMIC = ()  # bases of the peripherals

    def __setitem__(self, address, value):
        self.trace.append((address, value))
        for base in self.ATOMIC:
            for offset, change in ((0x2000, "set"), (0x3000, "clear")):
                if base + offset <= address < base + offset + 0x1000:
                    register = address - offset
                    old = self.values.get(register, 0)
                    value = self.unlock(value)
                    self.change(register, old, old | value if change == "set" else old & ~value, value, change)
                    return
        self.change(address, self.values.get(address, 0), self.unlock(value), value, "write")

    def unlock(self, value):
        return value

    def change(self, address, old, new, bits, how):
        self.values[address] = new


class Rp2040(Rp2):
    """An RP2040: the pins' interrupts and DORMANT (datasheet, 2.11.3 and 2.19.6.1)."""

    ATOMIC = (0x40014000,)
    INTR0, INTE0 = 0x400140F0, 0x40014160

    def __init__(self, happens=(), latched=()):
        super().__init__({})
        self.happens = list(happens)  # (pin, event), in order, while it is dormant
        for pin, event in latched:
            self.values[self.INTR0 + 4 * (pin // 8)] = event << 4 * (pin % 8)
        self.woken_by = None

    def change(self, address, old, new, bits, how):
        if self.INTR0 <= address < self.INTR0 + 16:
            new = old & ~(bits & 0xCCCCCCCC)  # edges are cleared by writing 1
        self.values[address] = new

    def dormant(self):
        """Stop all clocks, as machine.lightsleep() does, until an enabled event of a pin."""
        for register in range(4):
            if self[self.INTR0 + 4 * register] & self[self.INTE0 + 4 * register]:
                self.woken_by = "before"
                return
        for pin, event in self.happens:
            place, bits = 4 * (pin // 8), event << 4 * (pin % 8)
            self.values[self.INTR0 + place] = self[self.INTR0 + place] | bits
            if self[self.INTE0 + place] & bits:
                self.woken_by = pin
                return
        raise Off("it sleeps for ever")


class Rp2350(Rp2):
    """An RP2350's power manager (datasheet, 6.2 to 6.4)."""

    BASE = 0x40100000
    ATOMIC = (0x40100000,)

    def __init__(self, wakes_already=False, time=None):
        super().__init__({})
        self.wakes_already = wakes_already
        self.now = time  # milliseconds; None while the timer has never run
        if time is not None:
            self.values[self.BASE + 0x88] = 1 << 1 | 1 << 16 | 1 << 9  # it runs from the crystal

    def __getitem__(self, address):
        if address == self.BASE + 0x74:
            lower = self.now & 0xFFFFFFFF
            self.now += 1  # time goes on between two reads
            return lower
        if address == self.BASE + 0x70:
            return self.now >> 32
        return super().__getitem__(address)

    def unlock(self, value):
        return value

    def change(self, address, old, new, bits, how):
        offset = address - self.BASE
        locked = not 0xB0 <= offset < 0xE0  # scratch and boot registers have all 32 bits
        if locked:
            assert bits >> 16 == 0x5AFE, "a write without the password"
            new = (old | bits & 0xFFFF) if how == "set" else old & ~(bits & 0xFFFF) if how == "clear" else bits & 0xFFFF
        timer = self[self.BASE + 0x88]
        if 0x50 <= offset < 0x70:
            assert not timer & 2, "rates and time are set while the timer is stopped"
        if 0x78 <= offset < 0x88:
            assert not timer & 1 << 4, "the alarm is set while it is disabled"
        if offset == 0x88 and new & 2 and new & 1 << 8:
            new |= 1 << 17  # it runs from the low-power oscillator
            if self.now is None:
                self.now = self.time(self.BASE + 0x6C)
        if offset == 0x38 and how == "write":
            new = (1 << 8) if self.wakes_already else (1 << 12 | new & 0xF0)
        self.values[address] = new

    def time(self, lowest):
        """Return the 64 bits whose lowest 16 are at an address."""
        return sum(self[lowest - 4 * i] << 16 * i for i in range(4))

    def sleep(self):
        """Let the core sleep: it is switched off if that was asked for."""
        timer = self[self.BASE + 0x88]
        if self[self.BASE + 0x38] & 1 << 12:
            wakes = timer & 2 and timer & 1 << 4 and timer & 1 << 5
            raise Off(self.time(self.BASE + 0x84) if wakes else "for ever")


class Nrf52Pdm(Registers):
    """An nRF52840's PDM interface with two timers and PPI; time goes on with sleep_ms() and `us`.

    Sample k of its sound is sound(k). fill(ring) writes what DMA would have written into the ring by now.
    """

    def __init__(self, silent=False):
        super().__init__({})
        self.us = 0
        self.silent = silent
        self.started = None
        self.power = False

    @staticmethod
    def sound(k):
        return k * 37 % 30011 - 15000

    def sleep_ms(self, ms):
        self.us += ms * 1000

    def samples(self):
        """Return how many the interface has written."""
        if self.started is None or self.silent:
            return 0
        assert self[0x4001D504] == 0x0A000000 and self[0x4001D520] == 1, "1,280 kHz by 80"
        return (self.us - self.started) * 16 // 1000

    def fill(self, ring):
        size, now = len(ring), self.samples()
        assert self[0x4001D564] == size
        for k in range(max(0, now - size), now):
            ring[k % size] = self.sound(k)

    def write(self, address, value):
        if address == 0x40000000:
            self.values[0x40000100] = 1
        elif address == 0x50000508:
            self.power = value == 1 << 17 and self[0x50000518] == 1 << 17
        elif address == 0x4001D000:  # START
            assert self[0x4001D500] == 1 and self[0x4001D560], "enabled, with a place to write to"
            self.started = self.us
        elif address in (0x4001A040, 0x4001B040):  # CAPTURE
            size = self[0x4001D564]
            connected = (self[0x4001F550], self[0x4001F554], self[0x4001F930], self[0x4001F504]) == (
                0x4001D100, 0x4001A00C, 0x4001B008, 1 << 8)
            now = self.samples() if connected else 0
            begun = self.started is not None and connected and not self.silent
            if address == 0x4001B040:
                assert self[0x4001B504] == 2, "a counter"
                self.values[0x4001B540] = now // size + 1 if begun else 0
            else:
                assert self[0x4001A504] == 0 and self[0x4001A510] == 4, "microseconds"
                self.values[0x4001A540] = self.us - self.started - now // size * size * 125 // 2 if begun else 0
            self.us += 3
        else:
            self.values[address] = value
