# SPDX-License-Identifier: MIT
"""The boards' module of this name on a PC, so that scripts that import it run on both."""

from midge.core.binding import Model, about

__all__ = ["Model", "about"]
