# SPDX-License-Identifier: MIT
"""Count the instructions of a model on an emulated core, and estimate its time from them."""
