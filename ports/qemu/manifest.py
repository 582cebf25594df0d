# SPDX-License-Identifier: MIT
include("manifest-stock.py")
include("../../mpy_lib/manifest.py")
