# SPDX-License-Identifier: MIT
"""What a model costs in energy on a board, before anything is soldered: functions without side effects."""
