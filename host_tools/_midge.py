# SPDX-License-Identifier: MIT
"""The boards' module of this name on a PC: what the device package and scripts for boards import."""

from midge.core.binding import Model, about

__all__ = ["Model", "about"]
