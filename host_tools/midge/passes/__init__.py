# SPDX-License-Identifier: MIT
"""Passes over the graph before it is lowered: each takes a graph and gives an equivalent one."""
