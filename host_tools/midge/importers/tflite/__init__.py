# SPDX-License-Identifier: MIT
"""The importer of .tflite files, and a writer of them."""
