# SPDX-License-Identifier: MIT
"""The float models that lie beside the repository, each with samples to calibrate on, some with labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SYNTHETIC = 48  # samples for models of which no recordings exist
MOST_MACS = 12_000_000  # of models that are run that often


@dataclass
class Case:
    """inputs: for each input [n, ...]. labels: class numbers, or 0 and 1 for normal and anomalous; None without."""

    path: Path
    inputs: list[np.ndarray]
    labels: np.ndarray | None = None
    anomaly: bool = False
    recorded: bool = False

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"


def find_cases(shared: Path) -> Iterator[Case]:
    """Every float model of ordinary size; those that are a float twin of a labelled recording with that."""
    labelled = _labelled(shared / "data" / "ready")
    for path in sorted((shared / "models").rglob("*.tflite")):
        golden = path.with_suffix(".npz")
        if "negative" in path.parts or not golden.is_file():
            continue
        with np.load(golden, allow_pickle=False) as archive:
            inputs = [archive[key] for key in sorted(archive.files) if key.startswith("input_")]
            outputs = [archive[key] for key in sorted(archive.files) if key.startswith("output_")]
            stateful = json.loads(str(archive["meta"])).get("stateful", False)
        if stateful or not _is_float(path) or any(x.dtype != np.float32 for x in [*inputs, *outputs]):
            continue
        if path.stem in labelled:
            x, y, anomaly = labelled[path.stem]
            yield Case(path, [x.astype(np.float32).reshape(len(x), *inputs[0].shape[1:])], y, anomaly, True)
        else:
            yield Case(path, _extended(inputs))


def _is_float(path: Path) -> bool:
    from midge.importers import read_model

    graph = read_model(path)
    layers = [n for n in graph.nodes if n.op in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")]
    return any(t.dtype == "float32" for n in layers for t in n.outputs) and _macs(graph) <= MOST_MACS


def _macs(graph: object) -> int:
    from midge.graph import Graph

    assert isinstance(graph, Graph)
    total = 0
    for node in graph.nodes:
        weights = node.input(1)
        if node.op in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") and weights is not None and node.outputs:
            out = node.outputs[0]
            taps = weights.elements // max(out.shape[-1], 1)
            total += out.elements * taps
    return total


def _extended(inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The recorded inputs, which are normal noise for these models, and more of the same spread."""
    rng = np.random.default_rng(1)
    more = []
    for x in inputs:
        noise = rng.normal(size=(SYNTHETIC, *x.shape[1:])) * (x.std() or 1.0) + x.mean()
        more.append(np.concatenate([x, noise.astype(np.float32)]))
    return more


def _labelled(ready: Path) -> dict[str, tuple[np.ndarray, np.ndarray, bool]]:
    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(ready / name, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    kws, vww, ad = load("kws01_mfcc_1000_visible.npz"), load("vww01_10.npz"), load("ad01_10.npz")
    mnist, gesture, fan = load("mnist_100_visible.npz"), load("gesture_punch_flex.npz"), load("fan_mad_features.npz")
    digits = mnist["x_uint8"] / np.float32(255)
    speeds = np.char.startswith(fan["label"], "fan_0_low")
    heavy = ~np.char.endswith(fan["label"], "low_0_weight")
    spinning = speeds | np.char.startswith(fan["label"], "fan_0_high")
    found = {"kws_ref_model_float32": (kws["mfcc"], kws["y"], False), "ad01_fp32": (ad["x_f32"], ad["y"], True)}
    for name in ("vww_96_float", "qc_vww_source", "vww96_f"):
        found[name] = (vww["x_f32"], vww["y"], False)
    for name in ("dimtass_mnist_f", "mnist_cnn_fp32", "mnist_valid_f"):
        found[name] = (digits, mnist["y"], False)
    for name in ("gesture_model", "gesture_model_16", "gesture_model_32"):
        found[name] = (gesture["x"], gesture["y"], False)
    for name in ("fan_low_model", "fan_low_model-deploy"):
        found[name] = (fan["x"][spinning], heavy[spinning].astype(int), True)
    return found
