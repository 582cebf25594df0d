# SPDX-License-Identifier: MIT
"""Move the addends of literals that name a symbol from the literals into their relocations, in place.

    xtensa_addends.py linked.o

A relocatable link for Xtensa leaves them in the literals; MicroPython's linker wants them in the relocations.
"""

import struct
import sys
from pathlib import Path
from typing import Any

from elftools.elf import elffile


def main(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with path.open("rb") as file:
        elf = elffile.ELFFile(file)
        sections: dict[str, Any] = {section.name: section for section in elf.iter_sections()}
        symbols = list(sections[".symtab"].iter_symbols())
        literals, relocations = sections[".literal"], sections[".rela.literal"]
        for i, relocation in enumerate(relocations.iter_relocations()):
            at = literals["sh_offset"] + relocation["r_offset"]
            (addend,) = struct.unpack_from("<I", content, at)
            if addend == 0 or symbols[relocation["r_info_sym"]]["st_info"]["type"] == "STT_SECTION":
                continue
            struct.pack_into("<I", content, at, 0)
            entry = relocations["sh_offset"] + i * relocations["sh_entsize"]
            struct.pack_into("<i", content, entry + 8, relocation["r_addend"] + addend)  # offset, info, addend
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
