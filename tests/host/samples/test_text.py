# SPDX-License-Identifier: MIT
"""Tables and labels as spreadsheets and editors of all countries write them; arrays that are damaged."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.datasets import read_dataset, read_table
from midge.samples.labels import read_labels
from midge.samples.takes import read_takes


@dataclass
class Four:
    name: str = "x"
    dtype: str = "float32"
    shape: tuple[int, ...] = (1, 4)
    scale: float = 0.0
    zero_point: int = 0


@pytest.mark.parametrize("text", [
    "0.1,0.2,3,4\n5,6,7,8\n", "\ufeff0.1,0.2,3,4\r\n5,6,7,8\r\n", "0.1;0.2;3;4\n5;6;7;8\n", "0,1;0,2;3;4\n5;6;7;8\n",
    "0.1\t0.2\t3\t4\n5\t6\t7\t8\n", "0,1\t0,2\t3\t4\n5\t6\t7\t8\n", "0.1 0.2 3 4\n5 6 7 8\n",
    "0.1,0.2,3,4,\n5,6,7,8,\n", '"0.1","0.2","3","4"\n"5","6","7","8"\n', "a,b,c,d\n0.1,0.2,3,4\n5,6,7,8\n",
    "# made by hand\n0.1,0.2,3,4\n\n5,6,7,8",
    '"a";"b";"c";"d"\n0,1;0,2;3;4\n5;6;7;8\n',
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_dialects(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(encoding if text[0] != "\ufeff" else "utf-8"))
    np.testing.assert_array_equal(read_table(path), np.array([[0.1, 0.2, 3, 4], [5, 6, 7, 8]], np.float32))


@pytest.mark.parametrize(("text", "says"), [
    ("1,2,3,4,a\n1,2,3,4,b\n", "x.csv:1: 'a' in column 5 is no number; leave out columns of text"),
    ("n,1,2\n3,4,5\n", "x.csv:1: 'n' in column 1 is no number"),
    ("a,b\n1,2\n\n3,4,5\n", "x.csv:4: 3 values in this line, 2 above"),
    ("a,b\n1,b\n", "x.csv:2: 'b' in column 2 is no number"),
])
def test_what_is_no_table(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(("data", "labels"), [
    ("\ufeffidle\nwing\n".encode(), ["idle", "wing"]), ("idle\r\nwing".encode("utf-16"), ["idle", "wing"]),
    (b"0 idle\n1 wing\n", ["idle", "wing"]), (b"0 idle\n2 wing\n", ["0 idle", "2 wing"]), (b"1\n2\n", ["1", "2"]),
])
def test_labels(data: bytes, labels: list[str], tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(data)
    assert read_labels(str(path)) == labels


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("größe\n".encode("cp1252"))
    (tmp_path / "take.csv").write_bytes("größe,y,z\n1,2,3\n".encode("cp1252"))
    for read in (lambda: read_labels(str(path)), lambda: read_table(path), lambda: read_takes(tmp_path)):
        with pytest.raises(UserError, match=r"not text in UTF-8 \(byte 2 is 0xf6\); save it as UTF-8"):
            read()


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + data


def zipped(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as file:
        file.write(npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size // 4},)}}"))
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(("name", "data", "says"), [
    ("x.npy", b"", "does not begin as"), ("x.npy", b"nonsense", "does not begin as"),
    ("x.npy", b"\x93NUMPY\1\0", "no numbers could be read"), ("x.npy", b"\x93NUMPY\7\0", "no numbers could be read"),
    ("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000, 4)}"), "no numbers could be read"),
    ("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}", bytes(16)), "no numbers could be read"),
    ("x.npy", npy("(" * 100), "no numbers could be read"), ("x.npy", npy("'a' + 'b'"), "no numbers could be read"),
    ("x.npz", b"", "no numbers could be read"), ("x.npz", b"PK\x03\x04 and no more", "no numbers could be read"),
    ("x.npz", zipped(64)[:60] + b"damage" + zipped(64)[66:], "no numbers could be read"),
    ("x.npz", zipped(2 << 20), "2,097,281 B unpacked"),
])
def test_damaged_arrays(
    name: str, data: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("midge.limits.MOST_UNPACKED", 1 << 20)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_dataset(tmp_path / name, [Four()])
    assert says in str(caught.value) and "\n" not in str(caught.value) and "pickle" not in str(caught.value)
