# SPDX-License-Identifier: MIT
freeze_as_str("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
