# SPDX-License-Identifier: MIT
"""Run MicroPython's linker such that an ESP8266's module has its constants apart from its code, as an ESP32's has.

    xtensa_rodata.py <MicroPython's tools/mpy_ld.py> --arch xtensa ...

It would put them among the code, where this chip only loads whole words. The loader puts what is apart on the heap. So
no load of a byte need become six instructions (-mforce-l32), and weights, which lie on the heap too, do not pay either.
"""

import sys
from importlib import import_module
from pathlib import Path


def main(linker: Path, arguments: list[str]) -> None:
    sys.path.insert(0, str(linker.parent))
    mpy_ld = import_module(linker.stem)
    mpy_ld.ARCH_DATA["xtensa"].separate_rodata = True
    sys.argv = [str(linker), *arguments]
    mpy_ld.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
