# SPDX-License-Identifier: MIT
"""What people bring: every file of $SHARED/cases is right by the reference, or refused in one line that helps.

The tables name each file, so that a new one has to be judged. `$SHARED/cases/README.md` says what each stands for.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import midge
from midge import api
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.graph import Tensor
from midge.samples.datasets import read_dataset, read_vectors
from midge.samples.labels import read_labels
from tests.support import SHARED
from tests.support.command import midge as command
from tests.support.command import midge_process, refusal
from tests.support.oracle import litert, tflm

CASES = SHARED / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no {CASES}; set SHARED=<dir>")

# Models that convert, and who says what they answer: LiteRT, TFLM, onnxruntime, arrays beside them, or Keras.
RIGHT = {
    "dense_16x8_no_bias/x16_fc.tflite": "tflm", "dense_16x8_no_bias/x16_fc_tanh.tflite": "tflm",
    "hostile/esc.tflite": "tflm", "hostile/mk.tflite": "tflm", "hostile/markup-name.onnx": "ort",
    "onnx_and_shapes/block2_weights.onnx": "npz", "onnx_and_shapes/block_weights.onnx": "npz",
    "onnx_and_shapes/onnx_dequantize_per_axis.onnx": "npz", "onnx_and_shapes/onnx_int64_mul_wraps.onnx": "npz",
    "onnx_external_data/mlp_dyn.onnx": "mlp",
    **{f"onnx_ops/{name}_ts.onnx": "ort" for name in (
        "act_celu", "act_selu", "misc_convT_g", "misc_cumsum", "misc_einsum", "misc_logsumexp", "misc_pad_rep",
        "misc_pixshuf", "misc_pow3", "misc_topk")},
    "ort_quantised/mlp_ts_qop.onnx": "close", "overwrites/n3.tflite": "litert",
    "rnn_cost/gru_ts.onnx": "ort", "rnn_cost/rnn_gru.keras": "keras", "rnn_cost/rnn_gru.tflite": "litert",
    "rnn_cost/rnn_lstm_stack.keras": "keras", "rnn_open_batch/rnn_dyn_unroll.tflite": "litert",
    **{f"rnn_sequences/{name}.tflite": "litert" for name in ("rnn_convlstm1d", "rnn_gru_seq", "rnn_lstm_stack")},
    "signatures/m_two_signatures.tflite": "litert",
    **{f"sklearn_onnx/{name}.onnx": "ort" for name in ("linreg", "logreg", "mlp_nozip", "mlp_str", "pipe_mlp_nozip")},
}

# Models that are refused, and what the one line says.
REFUSED = {
    "onnx_and_shapes/java_string.tflite": "string tensors", "onnx_and_shapes/java_string_scalar.tflite": "string tens",
    "onnx_and_shapes/onnx_cast_float16.onnx": "rounding to float16", "onnx_and_shapes/test_min_runtime.tflite":
    "holds nothing", "onnx_and_shapes/onnx_qdq_per_axis.onnx": "scale per channel",
    "onnx_and_shapes/onnx_quantize_per_axis.onnx": "scale per channel", "ort_quantised/mlp_ts_dyn.onnx": "--calibrate",
    "other_model_files/net.pt": "torch.onnx.export", "other_model_files/k2.json": "without weights",
    "other_model_files/k2.h5": "TFLiteConverter", "other_model_files/k2.keras": "TFLiteConverter",
    "hostile/big-1541-724.onnx": "", "hostile/big-33964.tflite": "no board has",
    "hostile/concat-doubling.onnx": "constants of", "hostile/constantofshape-2e28-int64.onnx": "constants of",
    "hostile/convtranspose-stride.onnx": "operators", "hostile/crash-7935.keras": "", "hostile/evil-esc-class.keras":
    "a class of its own", "hostile/evil-h5-gzip-fill.keras": "", "hostile/evil-input-200M.keras": "",
    "hostile/evil-units-1e18.keras": "", "hostile/evil-units-400M.keras": "", "hostile/fn-billion.onnx": "operators",
    "hostile/fn-mutual.onnx": "recursive", "hostile/fn-recursive.onnx": "recursive", "hostile/regex.onnx": "",
    "hostile/hang-10027.onnx": "no board has", "hostile/hang-1067.onnx": "no board has",
    "hostile/hang-32798.onnx": "no board has", "hostile/hang-88151.tflite": "65535", "hostile/upsample.onnx": "const",
    **{f"hostile/tb-{name}": "" for name in (
        "AssertionError-fold.py-27.tflite", "MemoryError-channels.py-188.tflite", "MemoryError-linear.py-93.tflite",
        "MemoryError-moves.py-297.tflite", "StopIteration-shapes.py-59.onnx", "Unsupported-lower.py-207.tflite",
        "Unsupported-lower.py-287.onnx", "Unsupported-lower.py-287.tflite", "ValidationError-inliner.py-24.onnx",
        "ValueError-plan.py-48.onnx", "ValueError-plan.py-48.tflite", "ValueError-plan.py-52.tflite")},
    **{f"hostile/{name}.midge": "" for name in (
        "bil-legacy", "dos-m4", "lab", "label-badutf8", "label-esc", "label-markup", "name-esc", "name-markup",
        "pointer32", "wrap")},
}
SLOW = {"hostile/crash-7935.keras", "hostile/regex.onnx", "other_model_files/k2.keras",
        *(name for name in (*REFUSED, *RIGHT) if "evil" in name
          or name.endswith(("rnn_gru.keras", "rnn_lstm_stack.keras")))}
# Files of samples: how many values a row has, and the first of them or what the line says.
TABLES: dict[str, tuple[int, float | str | None]] = {
    "csv/bomcal.csv": (4, 100.0), "csv/nobomcal.csv": (4, 100.0), "csv/bomn.csv": (4, 0.1), "csv/euro.csv": (4, 0.1),
    "csv/quot.csv": (4, 0.1), "csv/semi.csv": (4, 0.1), "csv/tab.csv": (4, 0.1), "csv/trail.csv": (4, 0.1),
    "csv/lab.csv": (4, "'a' in column 5 is no number"), "samples/flat.npy": (4, None), "samples/yx.npz": (4, None),
    "hostile/bad.npy": (4, "no numbers"), "hostile/bad.npz": (4, "no numbers"), "hostile/bomb.npz": (4, "no numbers"),
    "hostile/empty.npz": (4, "it has none"), "hostile/garbage.npy": (4, "no numbers"),
    "hostile/huge.npy": (4, "no numbers"),
    "hostile/s.csv": (4, r"samples of shape \[288\]"), "pictures/p0.gif": (20 * 32, None),
    "pictures/a0.png": (20 * 32 * 3, None),
}
LABELS = {"labels/bom.txt": "idle wing ring", "labels/u16.txt": "idle wing ring", "labels/latin.txt": None}
BESIDE = {"README.md", "onnx_external_data/mlp_dyn.onnx.data", "onnx_external_data/mlp.npz"}


def each(names: Iterable[str]) -> list[object]:
    return [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in names]


def found(name: str) -> Path:
    if not (CASES / name).exists():
        pytest.skip(f"no {CASES / name}")
    return CASES / name


def test_every_file_is_judged() -> None:
    names = {str(p.relative_to(CASES)) for p in CASES.rglob("*") if p.is_file()}
    arrays = {str(Path(name).with_suffix(".npz")) for name in (*RIGHT, *REFUSED) if name.startswith("onnx_and_shapes")}
    assert names <= RIGHT.keys() | REFUSED.keys() | TABLES.keys() | LABELS.keys() | BESIDE | arrays


@pytest.mark.parametrize("name", each(REFUSED))
def test_refused_in_one_line_that_says_why(name: str, tmp_path: Path) -> None:
    path = found(name)
    words = ["inspect", path] if path.suffix == ".midge" else ["convert", path, "-o", tmp_path / "out.midge"]
    done = midge_process(*words) if name in SLOW else command(*words)
    first, *more = done.stderr.strip().split("\n")
    assert done.returncode == 1 and first.startswith("midge: ") and REFUSED[name] in done.stderr, done.stderr
    assert not more or ("of its operators cannot run" in first and all(line.startswith("  ") for line in more))
    assert all(c.isprintable() or c == "\n" for c in done.stdout + done.stderr)
    assert not (tmp_path / "out.midge").exists()


@pytest.mark.parametrize("name", [name for name in REFUSED if name.endswith(".midge")])
def test_files_of_the_first_format_do_no_harm_as_ones_of_this(name: str, tmp_path: Path) -> None:
    """They were made to break version 1; what they break is looked for under today's number as well."""
    data, path = bytearray(found(name).read_bytes()), tmp_path / "now.midge"
    data[4:8] = struct.pack("<HH", 2, 2)
    path.write_bytes(data)
    assert refusal("inspect", path)


def answers(model: api.ConvertedModel, *samples: np.ndarray) -> list[np.ndarray]:
    graph = model.conversion.program.graph
    file, outs = midge.load(model.blob), [bytearray(t.size) for t in graph.outputs]
    fed = [np.ascontiguousarray(x.transpose(graph.layouts.get(t.name, range(x.ndim))), t.dtype).tobytes()
           for t, x in zip(graph.inputs, samples, strict=True)]
    file.run(fed if len(fed) > 1 else fed[0], out=outs if len(outs) > 1 else outs[0])
    return [np.frombuffer(out, t.dtype).reshape(t.shape) for t, out in zip(graph.outputs, outs, strict=True)]


def by_tflite(path: Path, engine: str, x: np.ndarray) -> list[np.ndarray]:
    if engine == "tflm":
        pytest.importorskip("tflite_micro")
        return tflm(path.read_bytes(), [x])
    pytest.importorskip("ai_edge_litert")
    return litert(path.read_bytes(), [x])


@pytest.mark.parametrize("name", each(name for name, who in RIGHT.items() if who in ("tflm", "litert")))
def test_tflite_models_answer_as_tensorflow_does(name: str) -> None:
    path = found(name)
    model = api.convert(path)
    source = model.conversion.program.graph.inputs[0]
    rng = np.random.default_rng(5)
    for _ in range(3):  # nothing is left from the run before
        x = rng.normal(0, 1, source.shape).astype(np.float32)
        if source.dtype != "float32":
            x = rng.integers(np.iinfo(source.dtype).min, np.iinfo(source.dtype).max, source.shape, source.dtype, True)
        for got, want in zip(answers(model, x), by_tflite(path, RIGHT[name], x), strict=True):
            if source.dtype == "float32":
                np.testing.assert_allclose(got, want, 1e-4, 2e-6)
            else:
                assert np.array_equal(got, want)


@pytest.mark.parametrize("name", each(name for name, who in RIGHT.items() if who == "ort"))
def test_onnx_models_answer_as_onnxruntime_does(name: str, tmp_path: Path) -> None:
    path = found(name)
    shutil.copy(path, tmp_path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    model = api.convert(path)
    graph = model.conversion.program.graph
    for seed in range(3):
        rng = np.random.default_rng(seed)
        feeds = {end.name: rng.normal(0, 1, [d if isinstance(d, int) else 1 for d in end.shape]).astype(np.float32)
                 for end in session.get_inputs()}
        wanted = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds), strict=True))
        for t, got in zip(graph.outputs, answers(model, *feeds.values()), strict=True):
            want = wanted[t.name]
            if isinstance(want, list):  # ZipMap: a dict for each row
                want = np.array([[row[label] for label in row] for row in want], np.float32)
            want = want.transpose(graph.layouts[t.name]) if t.name in graph.layouts else want
            np.testing.assert_allclose(got, np.asarray(want), 1e-4, 2e-5)


@pytest.mark.parametrize("name", each(name for name, who in RIGHT.items() if who == "npz"))
def test_onnx_models_answer_as_the_arrays_beside_them(name: str) -> None:
    path = found(name)
    model, arrays = api.convert(path), np.load(path.with_suffix(".npz"))
    layout = model.conversion.program.graph.layouts
    for x, want in zip(arrays["input_0"], arrays["output_0"], strict=True):
        got = answers(model, x)[0]
        want = want.transpose(*layout.values()) if layout and got.shape != want.shape else want
        np.testing.assert_allclose(got, want, 1e-5, 1e-6)


def test_weights_beside_the_file() -> None:
    path = found("onnx_external_data/mlp_dyn.onnx")
    arrays = np.load(path.with_name("mlp.npz"))
    np.testing.assert_allclose(api.convert(path).run(arrays["in0"])[0], arrays["out0"], 1e-5, 1e-6)


def test_a_quantised_network_of_onnxruntime() -> None:
    """Its answers are within two steps of the output's scale of onnxruntime's, whose kernels round twice."""
    path = found("ort_quantised/mlp_ts_qop.onnx")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).normal(0, 1, (64, 10)).astype(np.float32)
    want = np.concatenate([session.run(None, {session.get_inputs()[0].name: row[None]})[0] for row in x])
    scales = [onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer if "scale" in t.name]
    assert np.abs(api.convert(path).run(x)[:, 0] - want).max() <= 2 * max(s.max() for s in scales)


@pytest.mark.parametrize("name", each(name for name, who in RIGHT.items() if who == "keras"))
def test_keras_models_answer_as_keras_does(name: str) -> None:
    keras = pytest.importorskip("keras")
    path = found(name)
    x = np.random.default_rng(2).normal(0, 1, (3, 16, 6)).astype(np.float32)
    want = np.asarray(keras.saving.load_model(path, compile=False)(x))
    np.testing.assert_allclose(api.convert(path).run(x)[:, 0], want, 1e-4, 1e-5)


@pytest.mark.parametrize("name", TABLES)
def test_samples(name: str, tmp_path: Path) -> None:
    path, (count, wanted) = found(name), TABLES[name]
    inputs = [Tensor("x", (1, count), "float32")]
    if path.suffix in (".gif", ".png"):
        (tmp_path / "class").mkdir()
        shutil.copy(path, tmp_path / "class")
        inputs = [Tensor("x", (1, 32, 20, count // 640), "float32")]
        data = read_dataset(tmp_path, inputs, pixels="0..1")
        assert 0 <= data.inputs[0].min() < data.inputs[0].max() <= 1
    elif isinstance(wanted, str):
        for read in (read_dataset,) if name == "hostile/s.csv" else (read_dataset, read_vectors):
            with pytest.raises(UserError, match=wanted) as caught:
                read(path, inputs)
            assert "\n" not in str(caught.value)
    else:
        data = read_dataset(path, inputs)
        assert data.inputs[0].reshape(len(data), -1).shape[1] == count
        assert wanted is None or data.inputs[0].reshape(-1)[0] == np.float32(wanted)
        if name == "samples/yx.npz":
            assert len(data) == 8 and data.targets is not None and data.targets.shape == (8,)


@pytest.mark.parametrize("name", LABELS)
def test_labels(name: str) -> None:
    if LABELS[name] is None:
        with pytest.raises(UserError, match="save it as UTF-8"):
            read_labels(str(found(name)))
    else:
        assert read_labels(str(found(name))) == LABELS[name].split()  # type: ignore[union-attr]


def test_a_model_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "n3.tflite"
    before = found("overwrites/n3.tflite").read_bytes()
    path.write_bytes(before)
    assert "name another file" in refusal("convert", path, "-o", path)
    assert path.read_bytes() == before


def test_folders_are_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".", "..", "/", str(tmp_path)):
        assert "is a folder" in refusal("convert", name)


def test_recurrent_networks_cost_about_what_the_fused_one_does() -> None:
    assert convert_model(found("rnn_cost/rnn_gru.tflite")).plan.arena_size <= 1100
    assert convert_model(found("rnn_cost/gru_ts.onnx")).plan.arena_size <= 1100
    assert len(convert_model(found("rnn_sequences/rnn_lstm_stack.tflite")).blob) <= 17_500  # 15,040 of them weights
    assert len(convert_model(found("rnn_open_batch/rnn_dyn_unroll.tflite")).blob) <= 10_500  # 8,800 of them weights


@pytest.mark.slow
def test_recurrent_networks_of_keras_cost_about_what_the_fused_one_does() -> None:
    pytest.importorskip("keras")
    assert convert_model(found("rnn_cost/rnn_gru.keras")).plan.arena_size <= 1100
    assert len(convert_model(found("rnn_cost/rnn_lstm_stack.keras")).blob) <= 17_200  # 15,040 of them weights
