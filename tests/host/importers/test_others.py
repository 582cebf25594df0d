# SPDX-License-Identifier: MIT
"""What people have that is no model Midge reads is named, with the call that exports it; C arrays are read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from tests.support import WAND_MODEL


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return out.getvalue()


@pytest.mark.parametrize(("name", "data", "says"), [
    ("net.pt", archive("net/data.pkl"), r"a PyTorch file: .*torch\.onnx\.export"),
    ("net.pth", b"\x80\x02}", r"torch\.onnx\.export"), ("net.bin", b"\x80\x02}", r"torch\.onnx\.export"),
    ("net.pt2", archive("net/archive_format"), r"torch\.onnx\.export"),
    ("saved_model.pb", b"\x08\x01", "from_saved_model"), ("net.json", b'{"class_name"}', "description without weights"),
    ("net.zip", archive("net.tflite"), "an archive: unpack it"), ("forest.pkl", b"\x80\x04", r"skl2onnx\.to_onnx"),
    ("net.h5", b"\x89HDF\r\n", r"HDF5 file.*keras\.saving\.load_model"),
    ("net.h", b"#define X 1\n", "holds no bytes|not a .tflite"), ("net.cc", b"int a[] = {x, y};", "holds no bytes"),
    ("net.h", b"const int8_t a[] = {-1, 2};", "holds no bytes"),
])
def test_what_it_is(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=says) as caught:
        convert_model(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder; name the file"):
        convert_model(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(UserError, match=rf"SavedModel: .*from_saved_model\('{tmp_path}'\)"):
        convert_model(tmp_path)


@pytest.mark.parametrize("style", ["0x{:02x}", "{}", " 0X{:X}"])
def test_c_arrays(style: str, tmp_path: Path) -> None:
    data = WAND_MODEL.read_bytes()
    text = ("/* {1} */ // {2}\nconst int n[] = {1, 2};\nalignas(16) const unsigned char wand[] = {\n"
            + ",".join(style.format(b) for b in data) + ",\n};\nunsigned int wand_len = 3;\n")
    path = tmp_path / "wand.cc"
    path.write_text(text)
    assert convert_model(path, name="wand").blob == convert_model(WAND_MODEL, name="wand").blob
