# SPDX-License-Identifier: MIT
"""Midge on a PC: the device's own API over the same core, and the tools that make and move models.

    import midge
    wand = midge.load("wand.midge")     # the very lines that run on a board
    print(wand(samples).label)

`midge.api` converts, quantises and evaluates over arrays, for notebooks.
"""

from __future__ import annotations

from typing import Any

from .resources import folder, version

__all__ = ["Learner", "Model", "Result", "cascade", "duty", "help", "info", "listen", "load", "off", "track", "watch"]
__path__.append(str(folder("device")))  # for what scripts import of the device package, such as midge.gates
__version__ = version()


def __dir__() -> list[str]:
    """Name what a user may use, which Tab shows."""
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    """Load the device package when it is first used: commands that only talk to a board need none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'midge' has no attribute '{name}'")
    from .core.device import device

    for each in __all__:  # the things themselves, of which the device has stand-ins until they are called
        home = device._module(device._LATER[each]) if each in device._LATER else device
        globals()[each] = getattr(home, each)
    return globals()[name]
