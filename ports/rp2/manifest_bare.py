# SPDX-License-Identifier: MIT
# The port's own modules; upstream's list has drivers of micropython-lib besides, which not every source tree holds.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
