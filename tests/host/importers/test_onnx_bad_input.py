# SPDX-License-Identifier: MIT
"""ONNX files that cannot be converted are refused in one line (or one an op) with the remedy, damaged ones as well.
HYPOTHESIS_PROFILE=long mutates 10,000 files instead of 400."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UnsupportedModel, UserError
from tests.support.command import midge
from tests.support.mutation import MUTATIONS, mutate
from tests.support.onnx_models import CONV, CONV_WEIGHTS, IMAGE, chain, make, node, save, units, weights


def refusal(model: onnx.ModelProto, folder: Path, **options: object) -> str:
    """The text with which a model is refused, as the command prints it."""
    with pytest.raises(UserError) as caught:
        convert_model(save(model, folder), **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert isinstance(caught.value, UnsupportedModel) or "\n" not in text
    return text


def small() -> onnx.ModelProto:
    """A convolution, quantised, a flattened image, an LSTM: something of everything, in few bytes."""
    nodes = [
        CONV, *chain("Relu c > r, QuantizeLinear r a_s a_z > q, DequantizeLinear q a_s a_z > d, Reshape d shape > s"),
        node("LSTM", "s lw lr", "l", hidden_size=2), node("Reshape", "l flat", "f"), node("Gemm", "f m", "g", transB=1),
        node("Softmax", "g"),
    ]
    constants = {**CONV_WEIGHTS, **units("a", 0.05, 128, np.uint8), "shape": np.array([4, 1, 30]),
                 "lw": weights(1, 8, 30), "lr": weights(1, 8, 2), "flat": np.array([1, 8]),
                 "m": weights(3, 8)}
    return make(nodes, IMAGE, constants)


@pytest.mark.parametrize("seed", range(4))
def test_mutations(seed: int, tmp_path: Path) -> None:
    """Always a model that the core accepts or a UserError, never another exception."""
    rng, data, path = random.Random(seed), small().SerializeToString(), tmp_path / "mutant.onnx"
    convert_model(save(small(), tmp_path))
    for i in range(MUTATIONS // 4):
        path.write_bytes(mutate(data, rng))
        what = f"seed {seed}, mutation {i}"
        try:
            blob = convert_model(path).blob
        except UserError as error:
            assert isinstance(error, UnsupportedModel) or "\n" not in str(error), what
        except Exception as error:
            raise AssertionError(what) from error
        else:
            check_file(blob, what)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x08\x0a", b"PK\x03\x04" + bytes(60)])
def test_no_onnx_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(UserError, match="export or download it again") as caught:
        convert_model(path)
    assert "\n" not in str(caught.value)


def beside(folder: Path) -> Path:
    """A convolution whose weights are in a file beside it, as PyTorch exports it."""
    model = make([CONV], IMAGE, {"w": weights(4, 2, 3, 3)}, outputs=("c",))
    path = folder / "net.onnx"
    onnx.save(model, path, save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    return path


def test_weights_in_another_file(tmp_path: Path) -> None:
    whole = convert_model(save(make([CONV], IMAGE, {"w": weights(4, 2, 3, 3)}, outputs=("c",)), tmp_path), name="n")
    path = beside(tmp_path)
    assert convert_model(path, name="n").blob == whole.blob
    assert midge("convert", path).returncode == 0  # by a process of its own
    (tmp_path / "net.onnx.data").rename(tmp_path / "lost")
    with pytest.raises(UserError, match=r"'w' are in 'net\.onnx\.data', which cannot be read beside it .*one folder"):
        convert_model(path)


@pytest.mark.parametrize(("key", "value", "says"), [
    ("location", "../lost", r"in '\.\./lost', outside of the model's folder"),
    ("location", "/etc/passwd", "outside of the model's folder"), ("location", "", "outside of the model's folder"),
    ("location", "link", "in 'link', outside of the model's folder"),
    ("length", "9999", r"bytes 0 to 9999 of 'net\.onnx\.data', which has 288"),
    ("offset", "-1", "bytes -1 to"), ("offset", "one", "damaged"), ("length", "8", "damaged"),
])
def test_weights_of_a_hostile_place(key: str, value: str, says: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "lost").write_bytes(bytes(288))
    (folder / "link").symlink_to(tmp_path / "lost")
    path = beside(folder)
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        entry.value = value if entry.key == key else entry.value
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match=says):
        convert_model(path)


def test_every_op_in_the_way_is_named(tmp_path: Path) -> None:
    """Also those that read from one that is refused, and those of other domains."""
    nodes = [node("NonZero", "x", "n"), node("Det", "n", "e"),
             helper.make_node("Imputer", ["e"], ["y"], "fill", domain="ai.onnx.ml")]
    text = refusal(make(nodes, {"x": [3, 3]}, {}), tmp_path)
    assert "3 of its operators cannot run" in text
    for words in ("NonZero (1x, first 'layer_n')", "Det (1x, first 'layer_e')", "Imputer (1x, first 'fill')"):
        assert words in text
    assert "no such op of ai.onnx.ml" in text


@pytest.mark.parametrize(("opset", "remedy"), [(5, "opset_version=18"), (999, "pip install -U onnx")])
def test_opsets(opset: int, remedy: str, tmp_path: Path) -> None:
    model = make([node("Relu", "x")], {"x": [1, 3]}, {})
    model.opset_import[0].version = opset
    text = refusal(model, tmp_path)
    assert f"opset {opset}" in text and remedy in text


def test_ir_version(tmp_path: Path) -> None:
    model = make([node("Relu", "x")], {"x": [1, 3]}, {})
    model.ir_version = 99
    assert "IR version 99" in refusal(model, tmp_path)


def test_dynamic_axes_ask_for_a_shape(tmp_path: Path) -> None:
    model = make([node("Conv", "x w")], {"x": ["N", 2, "H", "W"]}, CONV_WEIGHTS)
    assert "dynamic shape [N, 2, N, N]; give one: midge convert --shape x=1,2,N,N" in refusal(model, tmp_path)
    assert "does not fit" in refusal(model, tmp_path, shapes={"x": (1, 3, 8, 8)})
    assert "does not fit" in refusal(model, tmp_path, shapes={"x": (1, 2, 8)})
    assert "no input 'z'; the inputs are x" in refusal(model, tmp_path, shapes={"z": (1, 2, 8, 8)})
    assert convert_model(save(model, tmp_path), shapes=(1, 2, 8, 8)).program.graph.inputs[0].shape == (1, 8, 8, 2)
    run = midge("convert", save(model, tmp_path), "--shape", "1,2,8,8")
    assert run.returncode == 0, run.stderr


def test_an_input_that_is_too_small_for_the_kernel(tmp_path: Path) -> None:
    """As where an open first axis is no batch."""
    model = make([node("Conv", "x w")], {"x": [1, 2, 2, 2]}, CONV_WEIGHTS)
    assert "would have the shape [1, 0, 0, 4]; try another --shape" in refusal(model, tmp_path)
    model = make([node("Relu", "x")], {"x": [-1, 0, 3]}, {})  # as old exporters say that a dimension is open
    assert "dynamic shape [N, N, 3]" in refusal(model, tmp_path)


def test_inputs_that_have_to_be_constants(tmp_path: Path) -> None:
    model = make([node("Conv", "x w")], {"x": [1, 2, 6, 6], "w": [4, 2, 3, 3]}, {})
    assert "--freeze w=values.npy" in refusal(model, tmp_path)
    assert "no input 'v' to freeze" in refusal(model, tmp_path, frozen={"v": np.zeros(3)})
    assert "give --freeze an array of that shape" in refusal(model, tmp_path, frozen={"w": np.zeros(3)})
    np.save(tmp_path / "w.npy", CONV_WEIGHTS["w"])
    run = midge("convert", save(model, tmp_path), "--freeze", f"w={tmp_path / 'w.npy'}")
    assert run.returncode == 0, run.stderr
    run = midge("convert", save(model, tmp_path), "--freeze", "w=nothing.npy")
    assert run.returncode == 1 and "no array could be read" in run.stderr and len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(("nodes", "constants", "reason"), [
    ([node("Conv", "x w", group=3)], {"w": weights(4, 2, 3, 3)}, "parameters that make no sense"),
    ([node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2])], {}, "dilated window"),
    ([node("ConvTranspose", "x w", dilations=[2, 2])], {"w": weights(2, 2, 3, 3)}, "dilations; a plain"),
    ([node("DynamicQuantizeLinear", "x")], {}, "convert the float model instead, with --calibrate"),
    ([node("Reshape", "x shape")], {"shape": np.array([7, 7])}, "a reshape from"),
    ([node("Pow", "x e")], {"e": np.float32(7)}, "the exponent 7; "),
    ([node("Relu", "nobody")], {}, "which nothing has written"),
    ([node("Resize", "x - s", mode="cubic")], {"s": np.ones(4, np.float32)}, "the mode cubic"),
    ([node("ConstantOfShape", "huge")], {"huge": np.array([1 << 20, 1 << 20])}, "constants of"),
])
def test_what_cannot_run_says_why(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], reason: str, tmp_path: Path
) -> None:
    assert reason in refusal(make(nodes, IMAGE, constants), tmp_path)


def test_many_steps_of_time(tmp_path: Path) -> None:
    """Each would be layers of its own."""
    constants = {"w": weights(1, 4, 3), "r": weights(1, 4, 4)}
    model = make([node("RNN", "x w r", hidden_size=4)], {"x": [100_000, 1, 3]}, constants)
    assert "100000 steps of time" in refusal(model, tmp_path)


def test_outputs_and_inputs(tmp_path: Path) -> None:
    assert "output 'z' is never written" in refusal(make([node("Relu", "x")], {"x": [3]}, {}, outputs=("z",)), tmp_path)
    assert "no inputs" in refusal(make([node("Relu", "k")], {}, {"k": weights(3)}), tmp_path)
    sequence = make([node("Identity", "x")], {"x": [3]}, {})
    sequence.graph.input[0].type.CopyFrom(
        helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [3])))
    assert "export the model with plain tensors" in refusal(sequence, tmp_path)


def test_without_the_package_onnx(tmp_path: Path) -> None:
    """The core install has none: everything else works, and one line names the command that installs it."""
    path = save(make([node("Relu", "x")], {"x": [3]}, {}), tmp_path)
    (tmp_path / "before").mkdir()
    (tmp_path / "before/onnx.py").write_text("raise ImportError('there is none')")  # for processes that it starts, too
    script = (f"import sys; sys.path.insert(0, {str(tmp_path / 'before')!r})\nfrom midge.cli.main import main\n"
              f"sys.argv = ['midge', 'convert', {str(path)!r}]\nmain()")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1
    assert "pip install 'midge[onnx]'" in run.stdout + run.stderr
    assert len((run.stdout + run.stderr).strip().splitlines()) == 1


def test_importing_midge_imports_no_onnx() -> None:
    script = "import midge.convert, midge.importers, sys; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=120).returncode == 0


def test_inspect_profile_and_run_take_onnx(tmp_path: Path) -> None:
    path = save(make([CONV, node("Relu", "c")], IMAGE, CONV_WEIGHTS), tmp_path)
    run = midge("inspect", path)
    assert run.returncode == 0 and "CONV_2D" in run.stdout, run.stderr
    images = np.random.default_rng(1).normal(size=(3, 2, 6, 5)).astype(np.float32)
    answers = []
    for x in (images, images.transpose(0, 2, 3, 1)):  # as the model has them, or as the board does
        np.save(tmp_path / "x.npy", x)
        run = midge("run", path, tmp_path / "x.npy", "--json")
        assert run.returncode == 0, run.stderr
        answers.append([answer["scores"] for answer in json.loads(run.stdout)])
    assert answers[0] == answers[1] and answers[0][0] != answers[0][1]


def test_tensors_of_float16_and_raw_data(tmp_path: Path) -> None:
    """numpy_helper writes raw data; the other form holds typed fields."""
    model = make([CONV], IMAGE, {}, outputs=("c",))
    typed = helper.make_tensor("w", TensorProto.FLOAT, (4, 2, 3, 3), CONV_WEIGHTS["w"].reshape(-1).tolist())
    model.graph.initializer.append(typed)
    one = convert_model(save(model, tmp_path)).blob
    del model.graph.initializer[:]
    model.graph.initializer.append(numpy_helper.from_array(CONV_WEIGHTS["w"], "w"))
    assert convert_model(save(model, tmp_path)).blob == one
