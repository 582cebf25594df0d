# SPDX-License-Identifier: MIT
"""Figures of a model on labelled samples."""
