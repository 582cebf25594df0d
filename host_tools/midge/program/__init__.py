# SPDX-License-Identifier: MIT
"""From lowered steps to a file: fusing them, packing weights, planning the arena, and encoding."""
