# SPDX-License-Identifier: MIT
"""What Midge runs on: cores (cores.toml) and boards (ports/boards), whose rows name only their core."""
