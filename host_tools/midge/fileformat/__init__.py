# SPDX-License-Identifier: MIT
"""The .midge file: its table of ops and dtypes, reading it, and what each node takes."""
