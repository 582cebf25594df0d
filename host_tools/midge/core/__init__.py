# SPDX-License-Identifier: MIT
"""The C library that runs on the boards, bound to Python, and the board's module over it."""
