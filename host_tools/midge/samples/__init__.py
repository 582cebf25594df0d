# SPDX-License-Identifier: MIT
"""Samples from files: for calibration, evaluation, single runs, and for a simulated sensor to play."""
