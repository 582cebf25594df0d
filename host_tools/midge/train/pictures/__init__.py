# SPDX-License-Identifier: MIT
"""Train on pictures: classes, or things in them, from scratch or on the front of another network."""
