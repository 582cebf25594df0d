# SPDX-License-Identifier: MIT
"""Record a board's sensor: find it, take its samples over the REPL, and cut what was recorded into takes."""
