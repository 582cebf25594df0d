# SPDX-License-Identifier: MIT
"""python -m midge.cli"""

from .main import main

main()
