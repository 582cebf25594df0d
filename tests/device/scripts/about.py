# SPDX-License-Identifier: MIT
"""midge.info() says what was built; the version is compared with the PC's by whoever runs this script."""

import midge
from check import equal, ok

info = midge.info()
equal("keys", sorted(info), ["format", "ops", "simd", "version"])
equal("format", info["format"], 2)
equal("simd", info["simd"] in ("scalar", "armv6m", "armv7m", "armv7em", "mve", "rv32", "mac16", "neon", "avx2"), True)
families = ("int8", "f32", "int16", "signal", "motion", "sight", "learn")
equal("families", [family for family in info["ops"] if family not in families], [])
equal("int8", "int8" in info["ops"], True)
equal("one version", info["version"], midge.__version__)
ok("version " + midge.__version__)
