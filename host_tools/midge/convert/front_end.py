# SPDX-License-Identifier: MIT
"""A front end before a feature network: samples of sound go in, and what the network answers comes out.

micro is TensorFlow Lite Micro's, mfcc that of MLPerf Tiny's keyword spotting, mel librosa's bands; settings of the
latter two follow a colon, times in ms: mfcc:step=20,bands=40.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import UserError
from ..graph import Graph, Tensor, sound
from ..graph.builder import Builder
from ..graph.mel import Mel
from ..graph.sound import FrontEnd, Micro
from .manifest import STEPS_MS, Manifest

KINDS = ("micro", "micro:20", "mfcc", "mel")
FORM = "micro, micro:20, or mfcc or mel with settings, as in mel:bands=64,step=10"
_MEL = {"mfcc": Mel(coefficients=10),
        "mel": Mel(512, 160, 512, 64, 0.0, sound.RATE_HZ / 2, slaney=True, power=True, floor=1e-6)}
_SETTINGS = {"window": "frame", "step": "hop", "fft": "fft", "bands": "bands", "low": "low_hz", "high": "high_hz",
             "floor": "floor", "count": "coefficients", "scale": "slaney", "power": "power"}
_WORDS = {"scale": {"slaney": True, "htk": False}, "power": {"1": False, "2": True}}
_REMEMBER = {"READ_VARIABLE", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
_DTYPES = ("int8", "uint8", "int16", "float32")
HOP_MS = 100  # by how much the window of a network that remembers nothing moves from one run to the next


def choose_front_end(kind: str | None, manifest: Manifest | None, title: str, searched: bool = False
                     ) -> FrontEnd | None:
    """Return the front end that is wanted, None for none. Raises UserError.

    kind: as FORM says. manifest: what a wake word's says. searched: a search runs the network, on features.
    """
    if searched and (kind or manifest):
        raise UserError(f"{title}: --auto runs the network on features; leave it out, or --front-end")
    told = None if manifest is None else of_step(manifest.step_ms)
    front = told if kind is None else read_front_end(kind)
    if told is not None and front != told:
        raise UserError(f"{title}: the manifest wants the front end micro in steps of "
                        f"{told.hop * 1000 // sound.RATE_HZ} ms, --front-end {kind} is another; leave out --front-end")
    return front


def of_step(step_ms: int) -> Micro:
    """Return the front end micro with a step of so many ms."""
    return Micro(step_ms * sound.RATE_HZ // 1000)


def read_front_end(text: str) -> FrontEnd:
    """Return the front end that a text asks for, as FORM says. Raises UserError."""
    name, colon, rest = text.partition(":")
    if name == "micro" and rest in ("", *map(str, STEPS_MS)):
        return of_step(int(rest or STEPS_MS[0]))
    if name not in _MEL or (colon and not rest):
        raise UserError(f"no front end '{text}'; wanted {FORM}")
    changes: dict[str, int | float | bool] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in _SETTINGS:
            raise UserError(f"--front-end {text}: no setting '{key}'; there are: {', '.join(_SETTINGS)}")
        changes[_SETTINGS[key]] = _setting(text, key, value)
    front = replace(_MEL[name], **changes)  # type: ignore[arg-type]
    if "frame" in changes and "fft" not in changes:
        front = replace(front, fft=1 << (front.frame - 1).bit_length())
    if problem := front.problem():
        raise UserError(f"--front-end {text}: {problem}")
    return front


def _setting(text: str, key: str, value: str) -> int | float | bool:
    """Return the value of a setting; times become samples."""
    if key in _WORDS:
        if value not in _WORDS[key]:
            raise UserError(f"--front-end {text}: {key} is '{value}', wanted {' or '.join(_WORDS[key])}")
        return _WORDS[key][value]
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if key in ("window", "step"):
        number *= sound.RATE_HZ / 1000
    if not 0 <= number <= 1 << 16 or (key not in ("low", "high", "floor") and number != int(number)):
        raise UserError(f"--front-end {text}: {key} is '{value}', wanted a number"
                        + (" of ms that are whole samples at 16 kHz" if key in ("window", "step") else ""))
    return number if key in ("low", "high", "floor") else int(number)


def put_front_end(graph: Graph, title: str, front: FrontEnd) -> Graph:
    """Return a graph that takes samples of sound and computes the features that another graph takes.

    graph: a network whose one input is rows of features, [..., channels]; it stays as it is. If it remembers what came
    before, each run brings it as many new rows as its input has; otherwise its input is a window over the latest rows
    that moves on by HOP_MS, or the least whole number of rows above that.

    The input becomes int16 [samples at 16 kHz]. The metadata say so to streams and to midge.listen. Raises UserError.
    """
    source = _input_of(graph, title, front)
    rows = source.elements // front.channels
    each = -(-HOP_MS * sound.RATE_HZ // 1000 // front.hop)
    new = rows if any(node.op in _REMEMBER for node in graph.nodes) else min(rows, each)
    samples = new * front.hop
    build = Builder(graph.name)
    x = Tensor("sound", (samples,), "int16")
    build.unique(x.name)
    features = sound.features(build, x, front, source.quantization, source.dtype, rows)
    given = build.reshape(features, source.shape, "features")
    made = graph.copy()
    made.replace(made.inputs[0], given)
    made.nodes = [*build.nodes, *made.nodes]
    made.inputs = [x]
    made.metadata |= {"sensor.rate_hz": str(sound.RATE_HZ), "sensor.columns": "sound", "stream.hop": str(samples)}
    return made


def _input_of(graph: Graph, title: str, front: FrontEnd) -> Tensor:
    """Return the input that takes features. Raises UserError where the front end does not fit it."""
    if len(graph.inputs) != 1:
        raise UserError(f"{title}: {len(graph.inputs)} inputs; a front end gives one; convert it without --front-end")
    source = graph.inputs[0]
    if source.shape[-1:] != (front.channels,) and source.shape[-2:] != (front.channels, 1):
        raise UserError(f"{title}: takes {list(source.shape)}; this front end gives rows of {front.channels} features; "
                        f"name one that fits ({FORM}), or leave out --front-end")
    if source.dtype not in _DTYPES or (source.dtype != "float32" and not source.scale):
        raise UserError(f"{title}: takes {source.dtype} without a scale; the front end gives {', '.join(_DTYPES)} with "
                        "one; export the model with its quantisation")
    return source
