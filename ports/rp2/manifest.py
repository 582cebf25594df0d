# SPDX-License-Identifier: MIT
# What Raspberry Pi's boards find without any file on them: the port's own modules, and midge.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
package("midge", base_path="../../mpy_lib")
