# SPDX-License-Identifier: MIT
"""What tests share: where things are (here), and one module per helper."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared"))  # real models and recordings, beside the repository
WAND = ROOT / "host_tools/demo/wand"
WAND_MODEL = WAND / "wand_int8.tflite"
