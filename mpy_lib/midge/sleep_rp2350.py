# SPDX-License-Identifier: MIT
"""Switch an RP2350 off for a time: state P1.7 of its power manager, everything off but the always-on timer.

Waking is a reset: boot.py and main.py run anew. What is to be kept belongs into a file, or into the power manager's
scratch registers. machine.deepsleep there is lightsleep and a reset, at milliamperes.

Registers and their order: RP2350 datasheet, 6.2 to 6.4; pico-sdk, hardware_powman.
"""

_POWMAN = 0x40100000
_PASSWORD = 0x5AFE0000  # in the upper half of every write, which counts for nothing else
_SET = 0x2000
_CLR = 0x3000
_STATE = _POWMAN + 0x38
_TIMER = _POWMAN + 0x88
_INTE = _POWMAN + 0xE4
_LPOSC_KHZ = _POWMAN + 0x50
_LPOSC_FRACTION = _POWMAN + 0x54
_SET_TIME = _POWMAN + 0x6C
_ALARM_TIME = _POWMAN + 0x84  # bits 0 to 15; 16 to 31 and so on are below
_READ_TIME = _POWMAN + 0x70  # the upper half, and then the lower
_BOOT0 = _POWMAN + 0xD0
_RUN = 1 << 1
_ALARM_ENABLED = 1 << 4
_POWER_UP = 1 << 5
_ALARM = 1 << 6
_USE_LPOSC = 1 << 8
_USING_LPOSC = 1 << 17
_ALL_OFF = 0xF0  # request: core, XIP cache and both banks of SRAM
_IGNORED = 1 << 8
_BAD = 1 << 10
_WAITING = 1 << 12


def off(ms, mem=None, wait=None):
    """Switch off, and start anew after `ms` milliseconds, to the few per cent of its low-power oscillator.

    The always-on timer is MicroPython's clock too: its time is kept, and goes on meanwhile.

    mem, wait  what reads and writes registers, and lets the core sleep; the board's own by default

    Raises OSError where the power manager refuses, because something is to wake it already.
    """
    if mem is None:
        import machine

        mem, wait = machine.mem32, machine.idle
    counting = mem[_TIMER] & _RUN
    _clear(mem, _TIMER, _RUN)
    mem[_LPOSC_KHZ] = _PASSWORD | 32  # 32,768 Hz: 32 and 0.768 of 65,536
    mem[_LPOSC_FRACTION] = _PASSWORD | 50331
    _set(mem, _TIMER, _USE_LPOSC)
    if not counting:
        _write_time(mem, _SET_TIME, 0)
    _set(mem, _TIMER, _RUN)
    while not mem[_TIMER] & _USING_LPOSC:
        pass
    _set(mem, _INTE, 1 << 1)
    _clear(mem, _TIMER, _ALARM_ENABLED)
    _write_time(mem, _ALARM_TIME, _read_time(mem) + ms)
    _clear(mem, _TIMER, _ALARM)
    _set(mem, _TIMER, _ALARM_ENABLED)
    _set(mem, _TIMER, _POWER_UP)
    for i in range(4):
        mem[_BOOT0 + 4 * i] = 0  # start from flash
    _clear(mem, _STATE, _IGNORED)
    mem[_STATE] = _PASSWORD | _ALL_OFF
    state = mem[_STATE]
    if state & (_IGNORED | _BAD):
        _clear(mem, _TIMER, _ALARM_ENABLED)
        raise OSError("the power manager refuses to switch off (state 0x%x): a pin or alarm wakes it already" % state)
    for _ in range(100):  # the manager's clock is slow
        if mem[_STATE] & _WAITING:
            break
    else:
        raise OSError("the power manager does not wait for the core (state 0x%x)" % mem[_STATE])
    while True:
        wait()  # it switches off as soon as the core sleeps


def _set(mem, register, bits):
    mem[register + _SET] = _PASSWORD | bits


def _clear(mem, register, bits):
    mem[register + _CLR] = _PASSWORD | bits


def _read_time(mem):
    """Return the 64 bits of the timer; its lower half may run over between two reads."""
    upper = mem[_READ_TIME]
    while True:
        lower = mem[_READ_TIME + 4]
        again = mem[_READ_TIME]
        if again == upper:
            return upper << 32 | lower
        upper = again


def _write_time(mem, register, ms):
    """Write 64 bits of milliseconds, 16 at a time, the lowest at the highest address."""
    for i in range(4):
        mem[register - 4 * i] = _PASSWORD | (ms >> 16 * i) & 0xFFFF
