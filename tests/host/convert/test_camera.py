# SPDX-License-Identifier: MIT
"""What --camera and --decode say, and what they refuse; and pictures as a camera gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge import load
from midge.api import convert, run
from midge.convert.camera import Camera, put_camera, put_decoder, read_camera
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.graph import Graph, Node, Tensor
from midge.graph.sight import FORMATS, Crop, Picture, largest_crop
from midge.samples.camera_pictures import encode
from tests.fuzz.seeds import conv, q, tensor
from tests.support import ROOT, SHARED
from tests.support.command import midge as command

PERSON = SHARED / "models/tflite-micro/person_detect.tflite"
FOMO = SHARED / "models/edge-impulse-sdk/fomo.96x96.i8q.tflite"


def network(*shape: int, dtype: str = "int8", scale: float = 1 / 255, zero_point: int = -128) -> Graph:
    """A network that gives its image back."""
    x = tensor("image", *shape, dtype=dtype, scale=scale, zero_point=zero_point)
    y = tensor("same", *shape, dtype=dtype, scale=scale, zero_point=zero_point)
    return Graph("same", [x], [y], [Node("RESHAPE", [x, Tensor("s", (4,), "int32", None, np.array(shape, np.int32))],
                                         [y], {})])


@pytest.mark.parametrize("text,wanted", [
    ("rgb565,320x240", (Picture("rgb565", 320, 240), None)),
    ("grey,96x96,whole", (Picture("grey", 96, 96), "whole")),
    ("yuv422,160x120,64x64+8+4", (Picture("yuv422", 160, 120), Crop(8, 4, 64, 64))),
])
def test_what_a_camera_is_said_to_be(text: str, wanted: tuple[Picture, Crop | str | None]) -> None:
    camera = read_camera(text)
    assert (camera.picture, camera.crop) == wanted


@pytest.mark.parametrize("text,crop", [
    ("grey,96x64,bilinear", None), ("grey,96x64,whole,bilinear", "whole"),
    ("grey,96x64,8x6+2+1,bilinear", Crop(2, 1, 8, 6))])
def test_a_camera_between_whose_pixels_points_are_taken(text: str, crop: Crop | str | None) -> None:
    camera = read_camera(text)
    assert camera == Camera(Picture("grey", 96, 64), crop, bilinear=True)
    image = put_camera(network(1, 3, 4, 1), camera, "net").nodes[0]
    assert image.op == "IMAGE" and image.attrs["bilinear"] is True


@pytest.mark.parametrize("text", [
    "", "rgb565", "rgb565,320", "jpeg,320x240", "grey,0x9", "grey,1x9", "grey,99999x9", "grey,9x9,9x9",
    "grey,9x9,0x4+1+1", "grey,9x9,all", "grey,9x9,bilinear,whole", "grey,9x9,whole bilinear", "grey,٩x9"])
def test_what_no_camera_is(text: str) -> None:
    with pytest.raises(UserError, match=r"no picture; wanted FORMAT|no crop"):
        read_camera(text)


@pytest.mark.parametrize("size,shape,crop", [
    ((320, 240), (96, 96), "240x240+40+0"), ((240, 320), (96, 96), "240x240+0+40"),
    ((160, 120), (120, 160), "160x120+0+0"), ((96, 96), (96, 96), "96x96+0+0"), ((324, 244), (96, 96), "244x244+40+0"),
    ((320, 240), (48, 96), "320x160+0+40"),
])
def test_the_largest_part_in_the_middle(size: tuple[int, int], shape: tuple[int, int], crop: str) -> None:
    assert str(largest_crop(Picture("rgb565", *size), *shape, 1)) == crop


@pytest.mark.parametrize("text,problem", [
    ("grey,8x8", "has no part as large as the network's 10x10"),
    ("grey,20x20,8x8+0+0", "smaller than the network's 10x10; 20x20\\+0\\+0 can be taken"),
    ("grey,20x20,12x12+9+0", "not in a picture of 20x20"),
    ("grey,20x20,11x12+0+0", "an even width"),
    ("yuv422,20x20,12x12+1+0", "an even left edge"),
    ("rgb565,1000x997,1000x997+0+0", "too many for the sums of columns"),
])
def test_parts_that_cannot_be(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        put_camera(network(1, 10, 10, 1), read_camera(text), "net")


@pytest.mark.parametrize("dtype,scale,zero_point,pixels,level", [
    ("int8", 1 / 255, -128, None, 200 / 255), ("uint8", 1 / 255, 0, None, 200 / 255), ("int8", 1.0, -128, None, 200),
    ("int8", 2 / 255, -1, None, 200 / 127.5 - 1), ("int8", 1 / 255, -128, "0..1", 200 / 255),
    ("float32", 0, 0, "-1..1", 200 / 127.5 - 1), ("float32", 0, 0, "0..255", 200),
])
def test_levels_become_the_networks_numbers(
    dtype: str, scale: float, zero_point: int, pixels: str | None, level: float
) -> None:
    graph = network(1, 2, 2, 3, dtype=dtype, scale=scale, zero_point=zero_point)
    seen = put_camera(graph, read_camera("rgb888,4x4"), "net", pixels)
    answer = load(convert_graph(seen, [], "net", 0).blob)(bytes([200] * 48))
    assert answer.scores == pytest.approx([level] * 12, abs=max(scale, 1e-5) / 1.9)


def test_a_float_network_has_to_say_its_units() -> None:
    with pytest.raises(UserError, match="^net: the float input 'image' does not tell .* say --pixels"):
        put_camera(network(1, 2, 2, 1, dtype="float32"), read_camera("grey,4x4"), "net")


@pytest.mark.parametrize("graph", [network(1, 9, 9, 2), network(2, 4, 4, 1), network(1, 4, 4, 1, dtype="int16")])
def test_networks_that_take_no_image(graph: Graph) -> None:
    with pytest.raises(UserError, match="--camera|can be int8"):
        put_camera(graph, read_camera("grey,16x16"), "net")


def grid(*shape: int) -> Graph:
    x = tensor("image", *shape[:3], 1)
    y = Tensor("scores", shape, "int8", q(1 / 256, -128))
    return Graph("grid", [x], [y], [conv(x, y, (1, 1))])


def test_what_finds_boxes() -> None:
    made, labels = put_decoder(grid(1, 4, 4, 3), "fomo", ["nothing", "cup", "cat"], "net", 0.5, 4)
    assert labels == ["cup", "cat"] and [t.shape for t in made.outputs] == [(1, 4, 4), (1, 4), (1, 4), (1,)]
    assert convert_graph(made, labels, "net", 0).program.graph.labels == labels
    with pytest.raises(UserError, match="3 labels for 2 kinds of things"):
        convert_graph(made, ["a", "b", "c"], "net", 0)


@pytest.mark.parametrize("graph,how,threshold,problem", [
    (grid(1, 4, 4, 1), "fomo", 0.5, "wants a grid of scores"),
    (grid(1, 1, 1, 4), "fomo", 0.5, "wants a grid of scores"),
    (network(1, 4, 4, 3, dtype="float32"), "fomo", 0.5, "quantise it, with --calibrate"),
    (grid(1, 4, 4, 2), "fomo", 1.5, "above 0 and below 1"), (grid(1, 4, 4, 2), "detr", 0.5, "there are: fomo"),
])
def test_what_finds_none(graph: Graph, how: str, threshold: float, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        put_decoder(graph, how, [], "net", threshold)


@pytest.mark.parametrize("format", FORMATS)
def test_pictures_become_a_cameras_bytes(format: str) -> None:
    rng = np.random.default_rng(1)
    rgb = np.repeat(rng.integers(0, 256, (4, 3, 3), np.uint8), 2, 1)  # pairs, which share a colour in YUV
    n = Picture(format, 6, 4).pitch
    found = encode(np.repeat(np.repeat(rgb, n, 0), n, 1), format)
    assert found.shape == Picture(format, 6 * n, 4 * n).shape and found.dtype == np.uint8
    graph = put_camera(network(1, 4, 6, 3), read_camera(f"{format},{6 * n}x{4 * n},whole"), "net")
    levels = np.array(load(convert_graph(graph, [], "net", 0).blob)(found.tobytes()).scores).reshape(4, 6, 3) * 255
    wanted = rgb.astype(float) if format != "grey" else np.repeat((rgb @ [0.299, 0.587, 0.114])[..., None], 3, 2)
    assert np.abs(levels - wanted).max() <= (8.5 if format.startswith("rgb565") else 4)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "P", "1", "I;16"])
def test_pictures_of_all_modes_are_read(tmp_path: Path, mode: str) -> None:
    blob = convert_graph(put_camera(network(1, 4, 4, 1), read_camera("grey,16x12"), "net"), [], "net", 0).blob
    (tmp_path / "net.midge").write_bytes(blob)
    image = (Image.fromarray(np.full((18, 14), 40000, np.uint16)) if mode == "I;16"
             else Image.new("L", (14, 18), 200).convert(mode))
    image.save(path := tmp_path / ("p.jpg" if mode == "CMYK" else "p.png"))
    answers, _ = run(tmp_path / "net.midge", path)
    bright = answers[0].scores[0] * 255
    assert bright == pytest.approx(156, abs=1) if mode == "I;16" else bright > 150


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture", None])
def test_damaged_pictures_are_refused_in_a_line(tmp_path: Path, content: bytes | None) -> None:
    blob = convert_graph(put_camera(network(1, 4, 4, 1), read_camera("grey,16x12"), "net"), [], "net", 0).blob
    (tmp_path / "net.midge").write_bytes(blob)
    path = tmp_path / "p.jpg"
    if content is None:  # cut short
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8)).save(path)
        content = path.read_bytes()[:900]
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"p\.jpg: (is no picture|is cut off|is damaged)"):
        run(tmp_path / "net.midge", path)


@pytest.mark.skipif(not PERSON.exists(), reason=f"no {SHARED}; set SHARED=<dir>")
def test_a_person_detector_without_a_picture_in_memory() -> None:
    made = convert(PERSON, camera="rgb565,320x240", labels=["no person", "person"], arena_limit=39_000)
    assert made.conversion.plan.arena_size + 640 <= 40_000  # and a row


@pytest.mark.skipif(not FOMO.exists(), reason=f"no {SHARED}; set SHARED=<dir>")
def test_things_are_found_in_sixty_kilobytes() -> None:
    alone = convert(FOMO).conversion.plan.arena_size
    made = convert(FOMO, camera="rgb565,320x240", decode="fomo", labels=["cup", "cat"], arena_limit=59_000)
    assert made.conversion.plan.arena_size + 640 <= 60_000 < alone / 2  # and a row


def test_the_command_refuses_in_a_line(tmp_path: Path) -> None:
    wand = ROOT / "host_tools/demo/wand/wand_int8.tflite"
    with pytest.raises(UserError, match="--auto runs the network on images"):
        convert(wand, camera="grey,8x8", auto=object(), calibrate=np.zeros((2, 2)))  # type: ignore[arg-type]
    done = command("convert", wand, "-o", tmp_path / "x", "--camera", "grey,8x8")
    assert done.returncode != 0 and "has no part as large as" in done.stderr and len(done.stderr.splitlines()) == 1
