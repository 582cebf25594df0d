# SPDX-License-Identifier: MIT
"""midge cut: the front of a network, for what is trained on it."""

from __future__ import annotations

from pathlib import Path

import click

from .. import api
from .options import Command, OutputPath, json_option
from .output import number, print_facts, print_json, print_next, say, shape_text


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--at", "layer", default="", metavar="LAYER", help="The layer to end at: its name, or the end of it. "
              "Default: the one before the last that has weights.")
@click.option("-o", "--output", type=OutputPath(), help="The file to write, .tflite or .midge. Default: "
              "MODEL_front.tflite.")
@json_option
def cut(model: Path, layer: str, output: Path | None, as_json: bool) -> None:
    """Cut a MODEL (.tflite, .onnx, .keras) after a layer: what is left sees, and a head is trained on what it sees.

    midge train --from takes it, and takes whole networks as well, of which it finds the best layer by itself.
    """
    path = output or model.with_name(f"{model.stem}_front.tflite")
    front = api.cut(model, path, layer)
    facts = {"file": str(path), "layer": front.layer, "dtype": front.dtype, "shape": list(front.shape),
             "layers": front.layers, "bytes": front.bytes}
    if as_json:
        print_json(facts)
        return
    say("[bold]{}[/] -> [bold green]{}[/]", model, path)
    print_facts([("ends at", f"{front.layer} {shape_text(front.dtype, front.shape)}"),
                 ("layers", f"{front.layers} of {front.all_layers}"), ("file", f"{number(front.bytes)} B")])
    print_next(f"midge train pictures/ --from {path} -o model.midge" if path.suffix == ".tflite"
               else f"midge run {path} samples.npy")
