# SPDX-License-Identifier: MIT
"""The tests, a package so that they import what they share as tests.support, and scripts run as python -m tests.x."""
