# SPDX-License-Identifier: MIT
"""The studio: one local page from a sensor to a board that answers. All that it does, commands do as well."""
