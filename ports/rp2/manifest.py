# SPDX-License-Identifier: MIT
# What Raspberry Pi's boards find without any file on them.
include("manifest_bare.py")
include("../../mpy_lib/manifest.py")
