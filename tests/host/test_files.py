# SPDX-License-Identifier: MIT
"""No file of a user's is lost: outputs over inputs are refused, and a file is written whole or left as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from midge.cli.options import OutputPath
from midge.errors import UserError
from midge.files import refuse_overwriting, write_whole
from tests.support.command import midge


@pytest.fixture
def model(wand_tflite: Path, tmp_path: Path) -> Path:
    path = tmp_path / "wand.tflite"
    path.write_bytes(wand_tflite.read_bytes())
    return path


def other_names(model: Path) -> dict[str, Path]:
    """Return other names for a file."""
    folder = model.parent
    (folder / "sub").mkdir()
    (folder / "link.tflite").symlink_to(model)
    os.link(model, folder / "hard.tflite")
    return {"itself": model, "a detour": folder / "sub" / ".." / model.name, "a link": folder / "link.tflite",
            "a hard link": folder / "hard.tflite"}


def test_no_output_over_an_input_by_any_name(model: Path) -> None:
    content = model.read_bytes()
    for what, name in other_names(model).items():
        done = midge("convert", model, "-o", name)
        assert done.returncode == 1 and "would be lost" in done.stderr and done.stderr.count("\n") == 1, what
        assert model.read_bytes() == content, what


def test_samples_and_labels_are_inputs_too(model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\nd\ne\nf\n")
    done = midge("convert", model, "--labels", labels, "-o", labels)
    assert done.returncode == 1 and "would be lost" in done.stderr and labels.read_text().startswith("a\n")
    done = midge("inspect", model, "--png", tmp_path / "x.png", "--graph", tmp_path / "x.png")
    assert done.returncode == 1 and "written twice" in done.stderr and not (tmp_path / "x.png").exists()


def test_a_midge_file_without_o_is_not_converted_over_itself(model: Path, tmp_path: Path) -> None:
    assert midge("convert", model).returncode == 0
    made = tmp_path / "wand.midge"
    content = made.read_bytes()
    done = midge("convert", made)
    assert done.returncode == 1 and "would be lost" in done.stderr and made.read_bytes() == content


def test_every_option_that_names_an_output_says_so() -> None:
    """What writes a file has the type that is checked; sim's --flash is read and written on purpose."""
    from midge.cli.main import COMMANDS, cli

    for name in COMMANDS:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        for parameter in command.params:
            writes = any(word in str(getattr(parameter, "help", "")) for word in ("to write", "Draw "))
            assert writes == isinstance(parameter.type, OutputPath), (name, parameter.name)


def test_a_folder_is_no_output(model: Path, tmp_path: Path) -> None:
    done = midge("convert", model, "-o", tmp_path)
    assert done.returncode == 1 and "is a folder" in done.stderr


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_text("old")

    def fail(aside: Path) -> None:
        aside.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device; choose another place"):
        write_whole(path, fail)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["old"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, lambda aside: aside.write_text("new"))
    assert link.is_symlink() and target.read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """As a device does, such as /dev/null, which a rename would replace."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, lambda path: path.write_bytes(b"model"))
    assert os.read(reader, 100) == b"model" and pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]
    os.close(reader)


def test_new_files_are_no_inputs(tmp_path: Path) -> None:
    refuse_overwriting([tmp_path / "new"], [tmp_path / "missing"])
