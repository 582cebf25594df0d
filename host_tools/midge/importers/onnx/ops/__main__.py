# SPDX-License-Identifier: MIT
"""Print the list of ONNX ops that the README holds between <!-- onnx --> and <!-- /onnx -->."""

from textwrap import fill

from ..registry import IMPORTS

print(fill(", ".join(sorted(IMPORTS)) + ".", 120))
