# SPDX-License-Identifier: MIT
"""The commands of `midge`: each file parses the arguments of one, calls a function that works without them, and prints.

main.py lists them. A command is loaded when it runs, so that `midge --help` and `midge upload` do not wait for others.
"""
