# SPDX-License-Identifier: MIT
"""The importer of .keras files."""
