# SPDX-License-Identifier: MIT
"""Train on a folder of pictures, whatever is in it: classes or boxes, from scratch or on a network's front."""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from ...importers import open_source, read_model
from ...progress import Stage, silent
from ...samples.pictures import Size, read_pictures
from ...samples.scenes import holds_boxes, read_scenes
from .found import TrainedGrid, train_grid
from .model import TrainedPictures, train_network
from .recipe import Options
from .transfer import input_size, train_on_front


def train_pictures(
    data: str | Path, *, options: Options | None = None, size: Size | None = None, front: str | Path | None = None,
    layer: str = "", pixels: str | None = None, groups: Path | None = None, person: str | None = None,
    name: str = "model", target: str | None = None, stage: Stage = silent,
) -> TrainedPictures | TrainedGrid:
    """Train a model on labelled pictures: in Keras on JAX, or with NumPy alone on the front of another network.

    data: a folder with one folder of pictures per class, or of pictures with boxes (VOC, COCO, YOLO, Edge Impulse),
    of which it finds the centres. size: of what the network sees. front: a network of pictures whose front sees,
    layer: where that ends, by default where it is best; pixels: as what a network of floats takes them. groups,
    person: what belongs together, see samples.groups. name: what the device calls it. target: a core or board to pack
    the weights for. stage: told of progress.

    Returns the model, what it is worth on pictures that were left out, and what it costs. Raises UserError where
    pictures or boxes are damaged or too few, or where Keras or JAX are missing.
    """
    options = options or Options()
    if holds_boxes(Path(data)):
        if front is not None or options.scale != "none":
            raise UserError(f"{data}: has boxes, for which a network is trained from scratch; leave out "
                            f"{'--from' if front is not None else '--scale'}")
        return train_grid(read_scenes(data, size, groups, person), options, name, target, stage)
    if front is None:
        if layer or pixels:
            raise UserError(f"{'--at' if layer else '--pixels'} is of a network whose front sees; name it with --from")
        return train_network(read_pictures(data, size, groups, person), options, name, target, stage)
    source = open_source(front, None)
    graph = read_model(source, None)
    height, width, channels = input_size(graph, source.title)
    asked = size or Size()
    if (asked.width is not None and (asked.width, asked.height) != (width, height)) or (
            asked.grey is not None and asked.grey != (channels == 1)):
        raise UserError(f"{source.title}: takes {width} x {height} pixels in {'grey' if channels == 1 else 'colours'}; "
                        "leave out --size and --grey")
    found = read_pictures(data, Size(width, height, channels == 1), groups, person)
    return train_on_front(found, graph, Path(source.title).name, layer, options, pixels, name, target, stage)
