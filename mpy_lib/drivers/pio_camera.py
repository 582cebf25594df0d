# SPDX-License-Identifier: MIT
"""What cameras with parallel pins have in common on the RP2040 and RP2350; the parts' own files build on it.

A state machine of the PIO waits for the start of a picture, and in each row takes a byte at each rising edge of PCLK.
One DMA channel puts rows into buffers by turns; another gives it the next buffer's address, from a table that ends with
the picture. So nothing is written anywhere else, whatever the program does meanwhile, and how far the second channel
has come in its table tells exactly how many rows there are. Sources: the RP2040's data sheet, sections 2.5.6 and 3.4.

Needs MicroPython 1.23 or newer, for rp2.DMA.
"""

from array import array
from time import sleep_ms, ticks_diff, ticks_ms

import rp2
from machine import PWM, Pin
from micropython import const
from uctypes import addressof

BYTES = {"grey": 1, "bayer": 1, "rgb565": 2, "yuv422": 2}  # of a pixel
_WRITE_ADDR_TRIG = const(11)  # the register CHn_AL2_WRITE_ADDR_TRIG, in words
_POLLS = const(2000)  # of a pin, to see whether it moves


def program(pclk, href, vsync, high, bits):
    """Return the state machine's program.

    pclk, href, vsync  pins, counted from the first data pin
    high  whether VSYNC is high during a picture
    bits  how many come at a time: 8, or 1, the highest of a byte first
    """

    def rows():
        # ruff: noqa: F821
        pull(block)  # how many times bits come in a row, less one
        wait(1 - high, pin, vsync)
        wait(high, pin, vsync)
        wrap_target()
        mov(x, osr)
        wait(0, pin, href)  # what a row has beyond its width is left out
        wait(1, pin, href)
        label("next")
        wait(0, pin, pclk)  # HREF changes with the edge before
        wait(1, pin, pclk)
        in_(pins, bits)
        jmp(x_dec, "next")
        wrap()

    right = rp2.PIO.SHIFT_RIGHT if bits == 8 else rp2.PIO.SHIFT_LEFT
    return rp2.asm_pio(in_shiftdir=right, autopush=True, push_thresh=32 if bits == 8 else 8)(rows)


class PioCamera:
    """A camera whose pictures begin after they were asked for, so that none is stale.

    lost  how many rows were overwritten so far before they had been used
    dark  how many pictures had one value all along their middle row: a covered lens, or data pins without wires
    """

    def __init__(self, name, i2c, address, xclk, xclk_hz):
        self.lost = self.dark = 0
        self.timeout_ms = 1000
        self._name, self._i2c, self._address = name, i2c, address
        self._xclk = PWM(Pin(xclk), freq=xclk_hz, duty_u16=32768) if xclk is not None else None
        sleep_ms(10)  # parts answer only with a clock

    def _start(self, format, width, height, d0, pclk, href, vsync, high, sm, buffers, bits=8):
        """Take hold of pins, a state machine and two DMA channels, and see whether pictures come."""
        kind = format.split("-")[0]
        if kind not in BYTES or buffers < 2:
            raise ValueError("no format %s, or %d buffers; wanted one of %s, and 2 buffers or more"
                             % (format, buffers, ", ".join(sorted(BYTES))))
        self.format = format
        self.size = "%dx%d" % (width, height)
        self._height, self._bytes, self._bits = height, width * BYTES[kind], bits
        lines = {"VSYNC": vsync, "HREF": href, "PCLK": pclk}
        self._lines = {line: Pin(pin, Pin.IN) for line, pin in lines.items()}
        data = [Pin(d0 + i, Pin.IN) for i in range(bits)]
        self._rows = [bytearray(self._bytes) for _ in range(buffers)]
        self._whole = None
        places = [addressof(self._rows[y % buffers]) for y in range(height)]
        self._by_rows = array("I", places + [0])  # a trigger of 0 starts nothing
        text = program(*[(pin - d0) & 31 for pin in (pclk, href, vsync)], high, bits)
        self._sm = rp2.StateMachine(sm, text, in_base=data[0])
        self._treq = sm // 4 * 8 + 4 + sm % 4
        self._data, self._next = rp2.DMA(), rp2.DMA()

    def capture(self):
        """Return the next picture, all of it, in the same buffer each time; there must be RAM for it."""
        if self._whole is None:
            self._whole = bytearray(self._bytes * self._height)
            self._by_picture = array("I", [addressof(self._whole), 0])
        self._begin(self._by_picture, self._height * self._bytes)
        self._wait(1, self._by_picture, self._height)
        middle = self._height // 2 * self._bytes
        self._look(memoryview(self._whole)[middle : middle + self._bytes])
        return self._whole

    def rows(self):
        """Yield the rows of the next picture, in buffers by turns, and None instead of one that was overwritten.

        A row may be used until as many more have come as there are other buffers.
        """
        height, n, table = self._height, len(self._rows), self._by_rows
        self._begin(table, self._bytes)
        for y in range(height):
            self._wait(y + 1, table, 1)
            row = self._rows[y % n]
            if y == height // 2:
                self._look(row)
            yield row
            if y + n < height and self._done(table) >= y + n:  # another one is being written over it
                self.lost += 1
                self._end()
                yield None
                return

    def check(self):
        """Take a picture, row by row, and raise OSError where none comes, or it has one value all along."""
        dark = self.dark
        for row in self.rows():
            if row is None:
                break
        if self.dark > dark:
            self.dark = dark
            raise OSError("the %s gives nothing but 0x%02x: is its lens covered, or have data pins no wires?"
                          % (self._name, self._value))

    def stop(self):
        """Stop the clock, and give back state machine and DMA channels."""
        self._end()
        self._data.close()
        self._next.close()
        if self._xclk is not None:
            self._xclk.deinit()

    def _begin(self, table, count):
        """Have the next picture written to where a table says, so many bytes to each place."""
        self._end()
        sm, data, after = self._sm, self._data, self._next
        while sm.rx_fifo():
            sm.get()
        sm.restart()
        sm.put(self._bytes * 8 // self._bits - 1)
        size = 2 if self._bits == 8 else 0
        data.config(
            read=sm, write=0, count=count >> size, trigger=False,
            ctrl=data.pack_ctrl(size=size, inc_read=False, treq_sel=self._treq, chain_to=after.channel, irq_quiet=True),
        )
        after.config(
            read=table, write=data.registers[_WRITE_ADDR_TRIG : _WRITE_ADDR_TRIG + 1], count=1, trigger=True,
            ctrl=after.pack_ctrl(size=2, inc_write=False, irq_quiet=True),
        )
        sm.active(1)

    def _end(self):
        """Stop state machine and DMA channels, wherever they are."""
        self._sm.active(0)
        for channel in (self._data, self._next):
            channel.ctrl = 0  # not enabled, so that its end chains to nothing
            channel.active(0)

    def _done(self, table):
        """Return how many places of a table are full."""
        return (self._next.read - addressof(table)) // 4 - 1

    def _wait(self, places, table, rows):
        """Wait until so many places are full, of so many rows each. Raises OSError where the camera falls silent."""
        begin = ticks_ms()
        while self._done(table) < places:
            if ticks_diff(ticks_ms(), begin) > self.timeout_ms:
                done = self._done(table) * rows
                self._end()
                still = [line for line in ("VSYNC", "HREF", "PCLK") if self._is_still(self._lines[line])]
                why = "%s stays as it is: check its wire" % still[0] if still else "its rows are not as long as wanted"
                what = "stopped after row %d of %d" % (done, self._height) if done else "gave no picture"
                raise OSError("the %s %s in %d ms; %s" % (self._name, what, self.timeout_ms, why))

    def _is_still(self, pin):
        first = pin.value()
        return all(pin.value() == first for _ in range(_POLLS))

    def _look(self, row):
        """Count a picture whose middle row has one value all along."""
        if row[0] == row[len(row) // 2] == row[-1] and min(row) == max(row):
            self.dark += 1
            self._value = row[0]

    def _absent(self):
        raise OSError("no %s at I2C address 0x%02x; check SDA, SCL and XCLK, without which it does not answer"
                      % (self._name, self._address))

    def _identify(self, found, wanted):
        if found != wanted:
            raise OSError("at I2C address 0x%02x is a part 0x%04x, no %s (0x%04x)"
                          % (self._address, found, self._name, wanted))
