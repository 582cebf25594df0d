# SPDX-License-Identifier: MIT
"""The list of commands: what is loaded when, and what help and completion say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from midge.cli.main import COMMANDS, cli
from midge.convert.pipeline import convert_model
from tests.support.command import midge, refusal


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a command line, run to its end, has loaded."""
    script = (
        "import sys\nfrom midge.cli.main import main\n"
        f"sys.argv = ['midge', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\nloaded', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("\nloaded ")[2].split())


def test_help_loads_no_command() -> None:
    modules = loaded("--help")
    assert "midge.cli.main" in modules
    assert not modules & {"numpy", "wcwidth", "serial", *(f"midge.cli.{entry.module}" for entry in COMMANDS.values())}


@pytest.mark.parametrize("command", ["upload", "boards"])
def test_talking_to_a_board_needs_no_numpy(command: str, wand_tflite: Path, tmp_path: Path) -> None:
    (tmp_path / "wand.midge").write_bytes(convert_model(wand_tflite).blob)
    port = ["--port", str(tmp_path / "nowhere")]
    modules = loaded(command, *([str(tmp_path / "wand.midge")] if command == "upload" else []), *port)
    assert "midge.link.transport.line" in modules, "it did not come as far as the port"
    assert "numpy" not in modules and "midge.convert.pipeline" not in modules


def test_the_list_shows_every_command_whole() -> None:
    shown = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert "..." not in shown.replace("[ARGS]...", "")
    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.help)}$", shown, re.M), name
    assert re.findall(r"^(\S.*):$", shown, re.M) == ["Options", *dict.fromkeys(e.group for e in COMMANDS.values())]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_is_not_cut(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.name == name
    shown = CliRunner().invoke(cli, [name, "--help"], terminal_width=80).output
    said = " ".join(shown.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help and re.sub(r"\W", "", parameter.help) in re.sub(r"\W", "", said), parameter.name


def test_options_are_grouped_by_what_they_are_for() -> None:
    shown = CliRunner().invoke(cli, ["convert", "--help"]).output
    groups = ["The model", "Quantisation of a float model", "Search for the cheapest quantisation", "Options"]
    assert re.findall(r"^(\S.*):$", shown, re.M) == groups
    places = [shown.index(word) for word in ("\nQuantisation", "\n  --calibrate", "\nSearch", "\n  --max-drop")]
    assert places == sorted(places)


def test_a_slip_of_the_finger() -> None:
    assert "No such command 'uplaod'. Did you mean upload?" in CliRunner().invoke(cli, ["uplaod"]).output
    assert "mean" not in CliRunner().invoke(cli, ["xyzzy"]).output


def completed(words: str) -> list[str]:
    """Return what bash is offered after these words."""
    environment = {"_MIDGE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    shown = CliRunner().invoke(cli, prog_name="midge", env=environment).output
    return [line.partition(",")[2] for line in shown.splitlines()]


def test_completion() -> None:
    assert completed("midge in") == ["inspect", "install"]
    assert completed("midge flash rpi") == ["RPI_PICO", "RPI_PICO2"]
    assert completed("midge convert x.tflite --target cortex-m5") == ["cortex-m55"]
    assert completed("midge convert x.tflite --activations int1") == ["int16"]
    assert "--calibrate" in completed("midge convert --")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_of_completion(shell: str) -> None:
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0 and f"_MIDGE_COMPLETE={shell}_complete" in done.output


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["inspect", "nowhere.midge", "--json"], "nowhere.midge: No such file or directory; check the path", 1),
        (["boards", "--jsn", "--json"], "No such option '--jsn'. Did you mean '--json'?", 2),
        (["flash", "--json"], "Missing argument 'BOARD'.", 2),
        (["uplaod", "x", "--json"], "No such command 'uplaod'. Did you mean upload?", 2),
        (["flash", "RPI_PICOO", "--json"], "did you mean RPI_PICO?", 1),
    ],
)
def test_every_failure_is_json_where_json_is_asked_for(words: list[str], said: str, code: int) -> None:
    done = midge(*words)
    assert done.returncode == code
    assert json.loads(done.stdout)["error"].endswith(said) and said in done.stderr


def test_a_core_that_is_nearly_right(wand_tflite: Path) -> None:
    assert refusal("profile", wand_tflite, "--target", "cortx-m4").endswith("; did you mean cortex-m4?")
