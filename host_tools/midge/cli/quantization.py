# SPDX-License-Identifier: MIT
"""What quantisation adds to `midge convert`: its options, progress bars and report."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from ..api import ConvertedModel
from ..errors import UserError
from ..graph.sight import PIXEL_UNITS
from ..plots import save
from ..plots.noise import noise_figure
from ..quantize import METHODS, Options, Report
from ..quantize.search import Budget
from .options import Option, OutputPath
from .output import number, print_facts, print_note, print_table

_SHOWN = 4  # of the noisiest layers, without --layers


@dataclass
class Calibration:
    """The options as they were given."""

    calibrate: str | None
    method: str
    bias_correction: bool | None
    equalize: bool | None
    activations: str
    wide: tuple[str, ...]
    float_io: bool
    pixels: str | None
    auto: bool
    max_drop: float | None
    min_sqnr: float | None
    max_flash: int | None
    max_arena: int | None
    layers: bool
    png: Path | None

    def arguments(self) -> dict[str, Any]:
        """Return what api.convert takes. Raises UserError for options that need samples, or --auto."""
        budget = Budget(self.max_drop, self.min_sqnr, self.max_flash, self.max_arena)
        options = Options(self.method, self.bias_correction, self.equalize, self.activations, self.wide, self.float_io)
        if self.calibrate is None:
            if options != Options() or self.auto or budget != Budget() or self.layers or self.png:
                raise UserError("options of quantisation without samples; give them: --calibrate samples.npy")
            return {"pixels": self.pixels}  # which a camera wants to know, too
        if budget != Budget() and not self.auto:
            raise UserError("a budget is for the search: add --auto")
        return {"calibrate": self.calibrate, "options": options, "auto": budget if self.auto else None,
                "pixels": self.pixels}


_option = functools.partial(click.option, cls=Option, group="Quantisation of a float model")
_budget = functools.partial(click.option, cls=Option, group="Search for the cheapest quantisation")
_OPTIONS = (
    _option("--calibrate", metavar="SAMPLES", help="Quantise a float model to int8: samples as .npy, .npz (FILE:NAME "
            "takes one array), .csv, or one folder per class. 100 to 500 do well."),
    _option("--method", type=click.Choice(("auto", *METHODS)), metavar="METHOD", default="auto", show_default=True,
            help=f"How ranges are found: {', '.join(METHODS)}, or auto, which takes what gives least noise."),
    _option("--bias-correction/--no-bias-correction", default=None, help="Tried out by default."),
    _option("--equalize/--no-equalize", default=None, help="Move scale between layers; tried out by default."),
    _option("--activations", type=click.Choice(("int8", "int16")), default="int8", show_default=True,
            help="int16: 16-bit activations with 8-bit weights."),
    _option("--wide", multiple=True, metavar="LAYER", help="16 bits for this layer's output; repeatable."),
    _option("--float-io", is_flag=True, help="Inputs and outputs stay float32."),
    _option("--pixels", type=click.Choice(tuple(PIXEL_UNITS)), help="What pictures become, as in training."),
    _option("--layers", is_flag=True, help="Print the noise of every layer."),
    _option("--png", type=OutputPath(), help="Draw the noise of every layer (.png, .svg, .pdf)."),
    _budget("--auto", is_flag=True, help="Search for the cheapest quantisation within a budget."),
    _budget("--max-drop", type=click.FloatRange(0, 100), metavar="POINTS",
            help="Budget: accuracy below float, with labelled samples; 0.5 by default."),
    _budget("--min-sqnr", type=float, metavar="DB", help="Budget: signal to noise at the outputs; 30 by default."),
    _budget("--max-flash", type=click.IntRange(1), metavar="BYTES", help="Budget: size of the file."),
    _budget("--max-arena", type=click.IntRange(1), metavar="BYTES", help="Budget: working memory."),
)


def calibration_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of quantisation; it gets them as one argument, `calibration`."""

    @functools.wraps(command)
    def with_calibration(**arguments: Any) -> None:
        mine = {f.name: arguments.pop(f.name) for f in fields(Calibration)}
        command(calibration=Calibration(**mine), **arguments)

    for option in reversed(_OPTIONS):
        with_calibration = option(with_calibration)
    return with_calibration


def _how(report: Report) -> str:
    extras = [*(["bias correction"] if report.bias_correction else []),
              *([f"{report.equalized} pairs of layers equalised"] if report.equalized else [])]
    return report.method + (f", {' and '.join(extras)}" if extras else "")


def print_quantization(made: ConvertedModel, every_layer: bool) -> None:
    """Print the report of a quantised model, with its noisiest layers or all of them."""
    report = made.report
    assert report is not None
    dtypes: dict[str, int] = {}
    for layer in report.layers:
        dtypes[layer.dtype] = dtypes.get(layer.dtype, 0) + 1
    worst = next((la for la in report.layers if la.name == report.worst), None)
    outputs = ", ".join(f"{name} {db:.1f} dB" for name, db in report.outputs_db.items())
    print_facts([
        ("ranges", f"{_how(report)}; layers: {', '.join(f'{n} {d}' for d, n in dtypes.items())}"),
        ("SQNR", f"{outputs} of signal to quantisation noise, over {report.samples} samples"),
        *((("in float", ", ".join(report.float_ops[:6]) + (" ..." if len(report.float_ops) > 6 else "")),)
          if report.float_ops else ()),
        *((("noisiest", f"{worst.op} '{worst.name}' adds most; {worst.sqnr_db:.1f} dB after it"),)
          if worst else ()),
        ("to try", report.advice),
    ])
    for warning in made.warnings:
        print_note(warning)
    if report.tried:
        _print_search(report)
    chosen = report.layers if every_layer else sorted(report.layers, key=lambda la: -la.noise)[:_SHOWN]
    print_table(["layer" if every_layer else "noisiest layers", "op", "dtype", "dB", "range"], [
        [la.name, la.op, la.dtype, f"{la.sqnr_db:.1f}", f"{la.low:.4g} .. {la.high:.4g}"] for la in chosen
    ], right=(3,))


def _print_search(report: Report) -> None:
    unit = "points" if "points" in report.tried[0] else "dB"
    print_table(["", "tried", unit, "flash", "arena"], [
        ["->" if t["chosen"] else "", t["step"], f"{t[unit]:.2f}", number(t["flash_bytes"]), number(t["arena_bytes"])]
        for t in report.tried], right=(2, 3, 4))


def draw_report(report: Report, name: str, path: Path) -> None:
    """Draw the noise of every layer. Raises UserError."""
    save(noise_figure(report, name), path)
