# SPDX-License-Identifier: MIT
"""Importing this gives CPython what drivers take from MicroPython: const(), viper, and time in milliseconds."""

import sys
import time

if sys.implementation.name != "micropython":
    import builtins
    from types import ModuleType

    micropython = ModuleType("micropython")
    micropython.const = lambda value: value
    micropython.viper = lambda function: function
    builtins.ptr8 = builtins.ptr16 = builtins.ptr32 = object
    sys.modules.setdefault("micropython", micropython)
    uctypes = ModuleType("uctypes")
    uctypes.addressof = id
    sys.modules.setdefault("uctypes", uctypes)
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    time.ticks_ms = lambda: time.monotonic_ns() // 1000000
    time.ticks_us = lambda: time.monotonic_ns() // 1000
    time.ticks_diff = lambda end, start: end - start
