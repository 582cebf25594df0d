# SPDX-License-Identifier: MIT
"""A camera before a network of pictures, so that what the sensor gives goes in; and after one what finds boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..graph import Graph, Quantization, Tensor, sight
from ..graph.builder import Builder
from ..graph.sight import FORMATS, PIXEL_UNITS, UNITS, Crop, Picture, pixel_units
from .anchors import HEADS, put_anchors
from .yolo import YOLO, put_yolo

BOXES = "boxes.classes"  # the key of a model that gives boxes: how many kinds of things there are
DECODERS = ("fomo", *HEADS, *YOLO)
THRESHOLD = 0.5
_DETECTION = "CUSTOM:TFLite_Detection_PostProcess"
BILINEAR = "bilinear"
_WANTED = f"wanted FORMAT,WIDTHxHEIGHT with one of {', '.join(FORMATS)}, as in rgb565,320x240"


@dataclass(frozen=True)
class Camera:
    """What a camera gives.

    crop: which part of it is looked at, or "whole"; None for what fits in the middle. bilinear: whether
    it becomes smaller by points between pixels, not by averages of areas.
    """

    picture: Picture
    crop: Crop | str | None = None
    bilinear: bool = False

    def crop_for(self, height: int, width: int, channels: int, title: str) -> Crop:
        """Return the part that becomes an image of height x width. Raises UserError where none can."""
        picture, crop = self.picture, self.crop
        if crop is None:
            crop = sight.largest_crop(picture, height, width, channels, self.bilinear)
            if crop is None:
                raise UserError(f"{title}: a picture of {picture.width}x{picture.height} has no part as large as the "
                                f"network's {width}x{height} and of its proportions; take a larger one, or a crop")
            return crop
        if isinstance(crop, str):
            crop = Crop(0, 0, picture.width, picture.height)
        if problem := sight.problem_of(picture, crop, height, width, channels, self.bilinear):
            best = sight.largest_crop(picture, height, width, channels, self.bilinear)
            raise UserError(f"{title}: a crop of {crop}: {problem}" + (f"; {best} can be taken" if best else ""))
        return crop


def read_camera(text: str) -> Camera:
    """Read what --camera says: FORMAT,WIDTHxHEIGHT, then a crop WIDTHxHEIGHT+LEFT+TOP or "whole", then "bilinear".

    Raises UserError.
    """
    format, _, rest = text.partition(",")
    size, _, part = rest.partition(",")
    bilinear = part.split(",")[-1] == BILINEAR
    part = part.removesuffix(BILINEAR).removesuffix(",") if bilinear else part
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", size)
    if format not in FORMATS or found is None or not all(1 < int(n) < 1 << 14 for n in found.groups()):
        raise UserError(f"--camera {text}: no picture; {_WANTED}")
    picture = Picture(format, int(found[1]), int(found[2]))
    if part in ("", "whole"):
        return Camera(picture, part or None, bilinear)
    crop = sight.read_crop(part)
    if crop is None or not crop.width or not crop.height:
        raise UserError(f"--camera {text}: no crop '{part}'; write WIDTHxHEIGHT+LEFT+TOP, as in 240x240+40+0, or "
                        f"whole, then {BILINEAR}")
    return Camera(picture, crop, bilinear)


def sight_of(
    camera: str | None, decode: str | None, threshold: float, pixels: str | None, title: str, searched: bool
) -> Callable[[Graph, Sequence[str]], tuple[Graph, Sequence[str]]]:
    """Return what puts a camera before a graph and a decoder after it, where they are wanted; it takes labels, too.

    searched: a search runs the network, on images. Raises UserError.
    """
    eye = read_camera(camera) if camera else None
    if searched and (eye or decode):
        raise UserError(f"{title}: --auto runs the network on images; leave it out, or --camera and --decode")

    def put(graph: Graph, labels: Sequence[str]) -> tuple[Graph, Sequence[str]]:
        whole = graph if eye is None else put_camera(graph, eye, title, pixels)
        return (whole, labels) if decode is None else put_decoder(whole, decode, list(labels), title, threshold)

    return put


def put_camera(graph: Graph, camera: Camera, title: str, pixels: str | None = None) -> Graph:
    """Return a graph that takes a camera's picture, as bytes that need not be in memory, where another takes an image.

    graph: a network whose one input is an image of [1, height, width, 1 or 3]; it stays as it is. pixels: what 0 to 255
    became for training, a key of PIXEL_UNITS; by default what the input's scale tells. Raises UserError.
    """
    source = graph.inputs[0]
    if len(graph.inputs) != 1 or len(source.shape) < 3 or source.shape[-1] not in (1, 3) \
            or int(np.prod(source.shape[:-3])) != 1:
        raise UserError(f"{title}: takes {', '.join(map(str, graph.inputs))}; a camera gives one image of "
                        "[1, height, width, 1 or 3]; convert it without --camera")
    height, width, channels = source.shape[-3:]
    crop = camera.crop_for(height, width, channels, title)
    build = Builder(graph.name)
    x = Tensor("picture", camera.picture.shape, "uint8", is_outside=True)
    build.unique(x.name)
    made = graph.copy()
    pixels = pixels or graph.metadata.get(UNITS)
    made.replace(made.inputs[0], _image(build, x, camera, crop, source, pixels, title))
    made.nodes = [*build.nodes, *made.nodes]
    made.inputs = [x]
    size = f"{camera.picture.width}x{camera.picture.height}"
    made.metadata.pop(UNITS, None)  # its own file's pictures are the camera's
    made.metadata |= {"camera.format": camera.picture.format, "camera.size": size, "camera.crop": str(crop)}
    for node in made.nodes:
        if node.op == _DETECTION and all(a is b for a, b in zip(node.outputs, made.outputs, strict=False)):
            made.metadata[BOXES] = str(node.attrs.get("num_classes", 1))
    return made


def _image(
    build: Builder, x: Tensor, camera: Camera, crop: Crop, source: Tensor, pixels: str | None, title: str
) -> Tensor:
    """Return the image that the network takes, in its dtype."""
    try:
        units = pixels or pixel_units(source.name, source.dtype, source.scale, source.zero_point)[0]
    except UserError as error:
        raise UserError(f"{title}: {error}") from None
    if units not in PIXEL_UNITS:
        raise UserError(f"{title}: pictures as {units}; a camera's image can be {', '.join(PIXEL_UNITS)}: say --pixels")
    divisor, minus = PIXEL_UNITS[units]
    picture, bilinear = camera.picture, camera.bilinear
    if source.dtype in ("int8", "uint8"):
        levels = np.arange(256) / divisor - minus
        return sight.image(build, x, picture, crop, source.shape, source.dtype, source.quantization, levels,
                           bilinear)
    if source.dtype != "float32":
        raise UserError(f"{title}: takes {source.dtype}; a camera's image can be int8, uint8 and float32")
    steps = Quantization(np.array([1 / divisor], np.float32), np.array([-128], np.int64))
    image = sight.image(build, x, picture, crop, source.shape, "int8", steps, np.arange(256) / divisor, bilinear)
    real = build.add("DEQUANTIZE", [image], source.shape, "image")
    return build.binary("SUB", real, build.scalar(minus), "image") if minus else real


def put_decoder(
    graph: Graph, how: str, labels: list[str], title: str, threshold: float = THRESHOLD, most: int = 16
) -> tuple[Graph, list[str]]:
    """Return a graph that gives boxes where another gives scores of cells or of anchors, and the labels of the things.

    how: one of DECODERS, after a colon the path of a file of anchors, or "pixels" (see put_yolo). labels: of the
    things, or of the background first. threshold: the score from which a cell or an anchor counts. most: how many boxes
    there can be. Raises UserError.
    """
    how, _, file = how.partition(":")
    if how not in DECODERS or (file and how == "fomo"):
        raise UserError(f"{title}: no decoder {how!r}; there are: {', '.join(DECODERS)}")
    if not 0 < threshold < 1:
        raise UserError(f"{title}: a threshold of {threshold:g}; above 0 and below 1 can be")
    if how != "fomo":
        put = put_yolo if how in YOLO else put_anchors
        made, labels, things = put(graph, how, labels, title, threshold, most, file)
        made.metadata[BOXES] = str(things)
        return made, labels
    scores = graph.outputs[0]
    if len(graph.outputs) != 1 or len(scores.shape) != 4 or scores.shape[3] < 2 or scores.elements == scores.shape[3]:
        raise UserError(f"{title}: gives {', '.join(map(str, graph.outputs))}; --decode fomo wants a grid of scores, "
                        "[1, rows, columns, background and things]; convert it without --decode")
    if scores.dtype not in ("int8", "uint8") or not scores.scale:
        raise UserError(f"{title}: its grid is {scores.dtype}; --decode wants it int8: quantise it, with --calibrate")
    things = scores.shape[3] - 1
    made = graph.copy()
    build = Builder(graph.name)
    made.outputs = sight.blobs(build, made.outputs[0], threshold, most)
    made.nodes += build.nodes
    made.metadata[BOXES] = str(things)
    return made, labels[1:] if len(labels) == things + 1 else labels
