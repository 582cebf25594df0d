# SPDX-License-Identifier: MIT
"""The op table as the host reads it agrees with the one that C compiles."""

import re
import subprocess
from pathlib import Path

import pytest

from midge.fileformat.opset import OPS_DEF, by_number, ops
from tests.support import ROOT
from tests.support.tables import ops as ops_table

CORE = OPS_DEF.parent / "core"
OWN = [ROOT / f"host_tools/docs/{page}.md" for page in ("motion", "see")]


def test_numbers_are_unique_and_dense() -> None:
    assert sorted(by_number()) == list(range(1, len(ops()) + 1))


def test_every_row_of_the_file_is_read() -> None:
    assert len(ops()) == len(re.findall(r"^MG_OP\(", OPS_DEF.read_text(), flags=re.M))


def test_sizes_agree_with_the_compiler(tmp_path: Path) -> None:
    lines = "".join(f'printf("%s %zu\\n", "{name}", (size_t)mg_op_find({op.number})->params_size);'
                    for name, op in ops().items())
    source = tmp_path / "sizes.c"
    source.write_text(f'#include <stdio.h>\n#include "ops.h"\nint main(void) {{ {lines} return 0; }}\n')
    program = tmp_path / "sizes"
    objects = [str(p) for p in CORE.rglob("*.c")]
    subprocess.run(["cc", "-std=c99", f"-I{CORE}", str(source), *objects, "-o", str(program), "-lm"], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert dict(line.split() for line in printed.splitlines()) == {n: str(op.params_size) for n, op in ops().items()}


@pytest.mark.parametrize("name", list(ops()))
def test_parameters_survive_packing(name: str) -> None:
    op = ops()[name]
    values = {f.name: tuple(range(1, f.count + 1)) if f.count else i + 1 for i, f in enumerate(op.fields)}
    packed = op.pack(values)
    assert len(packed) == op.params_size
    assert op.unpack(packed) == values


def test_a_misspelt_parameter_is_refused() -> None:
    with pytest.raises(KeyError, match="LUT has no parameter tabel_at"):
        ops()["LUT"].pack({"tabel_at": 0})


@pytest.mark.parametrize("name", list(ops()))
def test_every_op_is_in_the_table_of_the_documents(name: str) -> None:
    lines = [line for page in OWN for line in page.read_text(encoding="utf-8").splitlines() if "|" in line]
    own = [line.split("|")[1].strip() for line in lines]
    assert name in ops_table.table() or name in own
