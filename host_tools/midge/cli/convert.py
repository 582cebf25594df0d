# SPDX-License-Identifier: MIT
"""midge convert: a trained model becomes a .midge file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import api
from ..convert.camera import DECODERS, THRESHOLD
from ..convert.front_end import KINDS
from ..convert.pipeline import Conversion
from ..errors import UserError
from ..files import refuse_overwriting
from ..samples.datasets import load_array
from ..samples.labels import read_labels
from .options import Command, Option, OutputPath, complete_targets, json_option
from .output import number, print_facts, print_json, print_next, print_note, say, shape_text
from .progress import stages
from .quantization import Calibration, calibration_options, draw_report, print_quantization

_MODEL = "The model"


def _read_frozen(texts: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return constants by input, from NAME=values.npy."""
    frozen = {}
    for text in texts:
        name, _, path = text.rpartition("=")
        try:
            frozen[name] = load_array(Path(path))
        except Exception as error:
            advice = "write --freeze NAME=values.npy"
            raise UserError(f"--freeze {text}: no array could be read ({error}); {advice}") from None
    return frozen


def _read_shapes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]] | None:
    """Return shapes by input, from NAME=1,96,96,3 or for the only input 1,96,96,3."""
    shapes = {}
    for text in texts:
        name, _, dims = text.rpartition("=")
        try:
            shapes[name] = tuple(int(d) for d in dims.split(","))
        except ValueError:
            raise UserError(f"--shape {text}: no shape; give numbers, as in --shape 1,96,96,3") from None
    return shapes or None


class Size(click.ParamType[int]):
    """Bytes: 40000, 40k (of 1,000) or 40K (of 1,024)."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes that an option says. Fails as a usage error where it says none."""
        text = str(value)
        factor = {"k": 1000, "K": 1024}.get(text[-1:], 1)
        digits = text if factor == 1 else text[:-1]
        if not digits.isdecimal():
            self.fail(f"'{value}' is no size; write 40000 or 40k", param, ctx)
        return factor * int(digits)


def print_summary(result: Conversion, source: Path, target: Path) -> None:
    """Print what a conversion made of a file, and what it costs."""
    program, (peak, layer) = result.program, result.peak
    counts = Counter(step.source for step in program.steps)
    ops = ", ".join(f"{op} {count}" if count > 1 else op for op, count in counts.items())
    saved = 1 - len(result.blob) / result.source_size if result.source_size else 0.0
    say("[bold]{}[/] -> [bold green]{}[/]", source, target)
    print_facts([
        ("ops", f"{len(program.steps)} ({ops})"),
        ("MACs", f"{number(result.macs)} per inference"),
        ("flash", f"{number(len(result.blob))} B, {abs(saved):.0%} {'less' if saved >= 0 else 'more'} than before"),
        ("arena", f"{number(result.plan.arena_size)} B of RAM; {number(peak)} B of it live at {layer}"),
        *((f"input {i}", f"{t.name} {shape_text(t.dtype, t.shape)}") for i, t in enumerate(program.graph.inputs)),
        *((f"output {i}", f"{t.name} {shape_text(t.dtype, t.shape)}") for i, t in enumerate(program.graph.outputs)),
        *((("changed", "; ".join(program.graph.notes)),) if program.graph.notes else ()),
        ("labels", ", ".join(program.graph.labels) or "none; give them with --labels"),
    ])


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=OutputPath(), cls=Option, group=_MODEL,
              help="The file to write; MODEL.midge by default.")
@click.option("--labels", cls=Option, group=_MODEL,
              help="Class names: a file with one per line, or a comma-separated list.")
@click.option("--embedding", cls=Option, group=_MODEL, is_flag=False, flag_value="", metavar="[LAYER]",
              help="End at a layer of at most 64 values, for midge.Learner on the board. Default: the one before the "
              "last.")
@click.option("--stream", type=click.IntRange(min=1), cls=Option, group=_MODEL, metavar="ROWS",
              help="Take only so many new rows of its window [1, time, ...] in each run; layers keep what they need.")
@click.option("--softmax", is_flag=True, cls=Option, group=_MODEL,
              help="Append a softmax: for classifiers that end in logits, as PyTorch's usually do.")
@click.option("--name", cls=Option, group=_MODEL, help="What the device calls the model; the file's name by default.")
@click.option("--target", cls=Option, group=_MODEL, shell_complete=complete_targets,
              help="A core (cortex-m4, ...) or board to pack the weights for: fast there.")
@click.option("--arena-limit", type=Size(), cls=Option, group=_MODEL,
              help="RAM that it may take, 40000 or 40k; layers run in slices of rows to fit.")
@click.option("--shape", "shapes", multiple=True, metavar="[NAME=]1,96,96,3", cls=Option, group=_MODEL,
              help="The shape of an input that the model leaves open.")
@click.option("--freeze", "frozen", multiple=True, metavar="NAME=values.npy", cls=Option, group=_MODEL,
              help="An input of an ONNX model that is to be a constant.")
@click.option("--signature", metavar="NAME", cls=Option, group=_MODEL,
              help="Which of a .tflite file's graphs, by the name under which it is published.")
@click.option("--front-end", metavar="|".join(KINDS), cls=Option, group=_MODEL,
              help="Put before a network of sound features what computes them: it then takes samples at 16 kHz. "
              "mfcc and mel take settings: mel:bands=64,step=10.")
@click.option("--manifest", type=click.Path(path_type=Path), cls=Option, group=_MODEL,
              help="A wake word's manifest (microWakeWord's JSON): word, cut-off, window and front end.")
@click.option("--also", type=click.Path(path_type=Path), multiple=True, metavar="MANIFEST", cls=Option, group=_MODEL,
              help="A further wake word that shares the front end; its network lies beside its manifest.")
@click.option("--camera", cls=Option, group=_MODEL, metavar="FORMAT,SIZE[,CROP][,bilinear]",
              help="Let a network of pictures take a camera's, row by row: rgb565,320x240.")
@click.option("--decode", cls=Option, group=_MODEL, metavar="|".join(DECODERS),
              help="Find boxes in what the network gives: in a grid of scores, or by anchors, as ssd:anchors.npy.")
@click.option("--threshold", type=float, default=THRESHOLD, show_default=True, cls=Option, group=_MODEL,
              help="With --decode: the score from which a cell or an anchor counts.")
@calibration_options
@json_option
def convert(
    model: Path, output: Path | None, labels: str | None, softmax: bool, embedding: str | None, name: str | None,
    target: str | None, arena_limit: int | None, shapes: tuple[str, ...], frozen: tuple[str, ...],
    signature: str | None, front_end: str | None, manifest: Path | None, also: tuple[Path, ...],
    stream: int | None, camera: str | None,
    decode: str | None, threshold: float, as_json: bool, calibration: Calibration,
) -> None:
    """Convert a trained MODEL (.tflite, .onnx, .keras) into a .midge file; with samples, --calibrate, quantise it."""
    path = output or model.parent / f"{model.stem}.midge"
    refuse_overwriting([path], [model, *also] if manifest is None else [model, manifest, *also])
    with stages(f"converting {model.name}", quiet=as_json) as stage:
        made = api.convert(model, labels=read_labels(labels), name=name, target=target, arena_limit=arena_limit,
                           shapes=_read_shapes(shapes), frozen=_read_frozen(frozen), signature=signature,
                           front_end=front_end, manifest=manifest, also=also, softmax=softmax,
                           embedding=embedding, stream=stream, camera=camera, decode=decode,
                           threshold=threshold, stage=stage, **calibration.arguments())
        made.save(path)
    if calibration.png is not None and made.report is not None:
        draw_report(made.report, made.conversion.program.graph.name, calibration.png)
    if as_json:
        print_json({"file": str(path), **made.facts()})
        return
    print_summary(made.conversion, model, path)
    if made.report is not None:
        print_quantization(made, calibration.layers)
    for warning in made.warnings if made.report is None else ():
        print_note(warning)
    if stream is not None:  # its input is no longer what the data set holds
        first = f"midge profile {path}"
    elif made.report is not None:
        first = f"midge evaluate {path} test.npz --against {model}"
    else:
        first = f"midge run {path} samples.npy"
    print_next(first, f"midge upload {path}")
