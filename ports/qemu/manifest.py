# SPDX-License-Identifier: MIT
# Frozen as text: the bare firmware then builds without mpy-cross.
freeze_as_str("$(PORT_DIR)/modules")
