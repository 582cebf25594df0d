# SPDX-License-Identifier: MIT
# Frozen as text: this firmware builds without mpy-cross.
freeze_as_str("$(PORT_DIR)/modules")
