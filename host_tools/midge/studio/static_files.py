# SPDX-License-Identifier: MIT
"""Where the files are that browsers run."""

from __future__ import annotations

from ..resources import PACKAGE

STATIC = PACKAGE / "studio" / "static"
