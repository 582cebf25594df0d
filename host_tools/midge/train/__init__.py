# SPDX-License-Identifier: MIT
"""Train models of motion from labelled takes, with NumPy alone: features on the device's core, a head fitted here."""
