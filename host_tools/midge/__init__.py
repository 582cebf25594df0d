# SPDX-License-Identifier: MIT
"""Midge on a PC: the device's own API over the same core, and the tools that make and move models.

    import midge
    wand = midge.load("wand.midge")     # the very lines that run on a board
    print(wand(samples).label)

`midge.tools` converts, quantises and evaluates over arrays, for notebooks.
"""

from .device import Model, load

__all__ = ["Model", "load"]
