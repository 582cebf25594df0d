# SPDX-License-Identifier: MIT
"""How each Keras layer becomes nodes of the converter's graph: a function each, registered by its class's name."""

from . import activations, images, linear, merging, recurrent, shapes  # noqa: F401  (they register themselves)
