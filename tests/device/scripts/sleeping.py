# SPDX-License-Identifier: MIT
"""Sleep on three chips, proven by what is written to their registers and what these do then."""

from check import equal, raises
import midge.sleep_nrf52 as sleep_nrf52
import midge.sleep_rp2040 as sleep_rp2040
import midge.sleep_rp2350 as sleep_rp2350
from midge.rhythm import sleeper
from registers import Nrf52, Off, Rp2040, Rp2350

# nRF52: System ON, woken by RTC2. The order is that of the Product Specification: the slow clock first, RTC2 stopped
# while it is set up, its interrupt enabled and no longer pending before it starts.
chip = Nrf52()
sleep_nrf52.sleep(2000, mem=chip, wait=chip.wfe)
RTC2 = 0x40024000
equal("nrf52: the trace", chip.trace, [
    (0x40000104, 0), (0x40000008, 1),  # LFCLK
    (0x40000004, 1),  # the fast clock off
    (0x40002004, 1), (0x40002500, 0), (0xE000ED10, 1 << 4),  # UART off, SEVONPEND
    (RTC2 + 4, 1), (RTC2 + 8, 1), (RTC2 + 0x508, 31), (RTC2 + 0x540, 2048), (RTC2 + 0x140, 0), (0xE000E284, 1 << 4),
    (RTC2 + 0x304, 1 << 16), (RTC2, 1),
    (RTC2 + 4, 1), (RTC2 + 0x308, 1 << 16), (RTC2 + 0x140, 0), (0xE000E284, 1 << 4), (0xE000ED10, 0), (0x40002500, 8),
    (0x40002000, 1),
])
equal("nrf52: the UART receives again", chip.receives, True)
equal("nrf52: it sleeps that long", chip.seconds(), 2.0)
equal("nrf52: one wait, nothing fast on", chip.waits, [(False, False)])

chip = Nrf52(other_events=(10, 300, 1))
sleep_nrf52.sleep(500, mem=chip, wait=chip.wfe)
equal("nrf52: other events do not end it", (len(chip.waits), chip.seconds()), (4, 0.5))
trace = len(chip.trace)
sleep_nrf52.sleep(1, mem=chip, wait=chip.wfe)
equal("nrf52: two ticks at least", chip.counter, 2)
equal("nrf52: a clock that runs is not started again", bool((0x40000008, 1) not in chip.trace[trace:]), True)
chip = Nrf52(uart=0)
sleep_nrf52.sleep(100, mem=chip, wait=chip.wfe)
equal("nrf52: a UART that was off stays alone", [a for a, _ in chip.trace if a >> 12 == 0x40002], [])
chip = Nrf52(usb=True)
sleep_nrf52.sleep(100, mem=chip, wait=chip.wfe)
equal("nrf52: a cable keeps the crystal", chip.waits, [(True, False)])
chip = Nrf52()
chip.values[0x40000418] = 1 << 16
sleep_nrf52.sleep(100, radio=True, mem=chip, wait=chip.wfe)
equal("nrf52: clocks are the radio's", bool(not [a for a, _ in chip.trace if 0x40000000 <= a < 0x40001000]), True)
chip = Nrf52()
sleep_nrf52.sleep(40000000, mem=chip, wait=chip.wfe)
equal("nrf52: longer than 24 bits", len(chip.waits), 3)
equal("nrf52: no part is longer", max(v for a, v in chip.trace if a == RTC2 + 0x540) < 1 << 24, True)


equal("nrf52: what midge.duty sleeps by", sleeper("nrf52") is sleep_nrf52.sleep, True)

# RP2040: a pin's event, acknowledged before and after, enabled through the set and clear aliases.
chip = Rp2040(happens=((3, 8), (15, 4), (15, 8)), latched=((15, 8),))
sleep_rp2040.dormant(15, mem=chip, sleep=chip.dormant)
INTR1, INTE1, BIT = 0x400140F4, 0x40014164, 8 << 28
equal("rp2040: the trace", chip.trace, [(INTR1, BIT), (INTE1 + 0x2000, BIT), (INTE1 + 0x3000, BIT), (INTR1, BIT)])
equal("rp2040: woken by its pin's rising edge", chip.woken_by, 15)
equal("rp2040: nothing stays enabled", chip[INTE1], 0)
chip = Rp2040(happens=((3, 8),))
raises("rp2040: another pin does not wake it", Off, "for ever", sleep_rp2040.dormant, 2, mem=chip, sleep=chip.dormant)
raises("rp2040: no such pin", ValueError, "wanted 0 to 29", sleep_rp2040.dormant, 30)
raises("rp2040: no such event", ValueError, "wanted RISING", sleep_rp2040.dormant, 3, 16)

# RP2350: the order of pico-sdk's powman_timer_* and powman_set_power_state.
chip = Rp2350()
P, KEY = 0x40100000, 0x5AFE0000
raises("rp2350: it switches off, to wake again", Off, "90061001", sleep_rp2350.off, 90061001, mem=chip, wait=chip.sleep)
equal("rp2350: the trace", chip.trace, [
    (P + 0x3088, KEY | 2), (P + 0x50, KEY | 32), (P + 0x54, KEY | 50331), (P + 0x2088, KEY | 1 << 8),
    (P + 0x6C, KEY), (P + 0x68, KEY), (P + 0x64, KEY), (P + 0x60, KEY), (P + 0x2088, KEY | 2),
    (P + 0x20E4, KEY | 2), (P + 0x3088, KEY | 1 << 4),
    (P + 0x84, KEY | 90061001 & 0xFFFF), (P + 0x80, KEY | 90061001 >> 16), (P + 0x7C, KEY), (P + 0x78, KEY),
    (P + 0x3088, KEY | 1 << 6), (P + 0x2088, KEY | 1 << 4), (P + 0x2088, KEY | 1 << 5),
    (P + 0xD0, 0), (P + 0xD4, 0), (P + 0xD8, 0), (P + 0xDC, 0),
    (P + 0x3038, KEY | 1 << 8), (P + 0x38, KEY | 0xF0),
])
equal("rp2350: the alarm", chip.time(P + 0x84), 90061001)
equal("rp2350: the rate", abs(32 + 50331 / 65536 - 32.768) < 1e-4, True)
MIDNIGHT = 0x1FFFFFFFE  # the lower half of the timer is about to run over
chip = Rp2350(time=MIDNIGHT)
raises("rp2350: a clock that runs goes on", Off, str(MIDNIGHT + 5000), sleep_rp2350.off, 5000, mem=chip,
       wait=chip.sleep)
equal("rp2350: and is not set", [a for a, _ in chip.trace if P + 0x60 <= a < P + 0x70], [])
chip = Rp2350(time=MIDNIGHT + 1)
raises("rp2350: halves that do not belong together", Off, str(MIDNIGHT + 2 + 5000), sleep_rp2350.off, 5000, mem=chip,
       wait=chip.sleep)
chip = Rp2350(wakes_already=True)
raises("rp2350: refused", OSError, "refuses to switch off", sleep_rp2350.off, 1000, mem=chip, wait=chip.sleep)
equal("rp2350: and no alarm is left", chip[P + 0x88] & 1 << 4, 0)
