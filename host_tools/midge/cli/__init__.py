# SPDX-License-Identifier: MIT
"""The commands of `midge`: each parses its arguments and calls a function that works without them."""
