// SPDX-License-Identifier: MIT
// MicroPython collects the names by itself.
