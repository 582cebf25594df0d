# SPDX-License-Identifier: MIT
"""Readers of foreign model files: each turns one into the converter's graph."""
