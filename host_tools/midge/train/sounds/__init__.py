# SPDX-License-Identifier: MIT
"""Training on sounds: what a board's front end hears of them, networks that stream, and what those are worth."""
