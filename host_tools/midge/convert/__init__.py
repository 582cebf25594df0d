# SPDX-License-Identifier: MIT
"""From a trained model to the bytes of a .midge file: the stages in their order."""
