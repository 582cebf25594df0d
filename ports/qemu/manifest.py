# SPDX-License-Identifier: MIT
# The device package as byte code that is executed where it lies: importing it takes next to no RAM.
include("manifest-stock.py")
package("midge", base_path="../../mpy_lib")
