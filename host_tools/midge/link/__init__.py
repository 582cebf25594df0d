# SPDX-License-Identifier: MIT
"""Boards over a serial port, a drive or QEMU: find them, give them firmware, Midge and models, and compare them."""
