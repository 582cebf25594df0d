# SPDX-License-Identifier: MIT
"""midge profile: what it prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from midge.cli.profile import profile as command
from midge.errors import UserError


@pytest.mark.emulator
def test_command_prints_what_json_says(wand_tflite: Path) -> None:
    facts = json.loads(CliRunner().invoke(command, [str(wand_tflite), "--board", "rpi_pico", "--json"]).output)
    text = CliRunner().invoke(command, [str(wand_tflite), "--target", "m0plus"]).output
    assert 5_000 < facts["code_bytes"] < 40_000 and f"{facts['code_bytes']:,} B of code" in text
    assert f"{facts['instructions']:,}" in text and f"{facts['cycles_estimate']:,}" in text
    assert facts["instructions"] == sum(n["instructions"] for n in facts["nodes"])
    assert f"{facts['milliseconds_estimate']['RPI_PICO']:,.1f} ms" in text
    low, energy, high = facts["microjoules_estimate"]["RPI_PICO"]
    assert low < energy < high and "Raspberry Pi Pico: energy" in text
    assert list(facts["microjoules_estimate"]) == ["RPI_PICO"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name one core"),
        (["--target", "m4", "--board", "RPI_PICO"], "name one core"),
        (["--target", "z80"], "no target 'z80' can be profiled; targets: cortex-m0plus"),
        (["--board", "PICO_9"], "no board is called 'PICO_9'; known boards: "),
        (["--board", "ESP8266_GENERIC"], "no target 'xtensa-lx106' can be profiled"),
    ],
)
def test_a_mistake_is_one_line(wand_tflite: Path, arguments: list[str], words: str) -> None:
    error = CliRunner().invoke(command, [str(wand_tflite), *arguments]).exception
    assert isinstance(error, UserError) and words in str(error) and "\n" not in str(error)
