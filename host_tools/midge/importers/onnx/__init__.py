# SPDX-License-Identifier: MIT
"""The importer of .onnx files."""
