# SPDX-License-Identifier: MIT
"""Train the gesture wand, quantise it to int8 and measure it on people it was never trained on.

python train.py                  about a minute and a half on two cores; rewrites wand_int8.tflite and labels.txt
python train.py --float w.tflite also keeps the float model
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras
import make_data
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils
from keras import layers

from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

SEED = 7
EPOCHS = 30
BATCH = 64
LEARNING_RATE = 3e-3
CALIBRATION_WINDOWS = 600
INPUT, OUTPUT = "samples", "scores"
SIGNATURE = "serving_default"
# The sensor's range in 256 steps: scale 1/32 g, zero point 0. A raw int16 of a +-4 g sensor is then (raw + 128) >> 8.
INPUT_RANGE_G = (-make_data.RANGE_G, make_data.RANGE_G * 127 / 128)


def build_network() -> keras.Model:
    """Convolve over time, the three axes being the channels; input [n, SAMPLES, 1, 3] in g, output logits."""
    over_time = {"kernel_size": (7, 1), "padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((make_data.SAMPLES, 1, 3)),
            layers.Conv2D(16, **over_time),
            layers.MaxPool2D((2, 1)),
            layers.DepthwiseConv2D(**over_time),
            layers.Conv2D(24, 1, activation="relu"),
            layers.MaxPool2D((2, 1)),
            layers.DepthwiseConv2D(**over_time),
            layers.Conv2D(32, 1, activation="relu"),
            layers.MaxPool2D((2, 1)),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(len(make_data.LABELS)),
        ]
    )


def fit(network: keras.Model, train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray]) -> None:
    steps = EPOCHS * -(-len(train[1]) // BATCH)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    network.fit(*train, validation_data=validation, epochs=EPOCHS, batch_size=BATCH, verbose=2)


def to_graph(network: keras.Model) -> tuple[FlatGraph, int]:
    """Describe a trained network to the writer; returns the graph and its multiply-accumulates per inference."""
    tensors = [FlatTensor(INPUT, (1, *network.input_shape[1:]))]
    operators: list[FlatOperator] = []
    macs = 0

    def add(op: str, constants: list[FlatTensor], output: FlatTensor, **options: object) -> None:
        inputs = [operators[-1].outputs[0] if operators else INPUT, *(tensor.name for tensor in constants)]
        tensors.extend([*constants, output])
        operators.append(FlatOperator(op, inputs, [output.name], options))

    for layer in network.layers:
        name, shape = layer.name, (1, *layer.output.shape[1:])
        output = FlatTensor(name, shape)
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)):
            kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
            bias_tensor = FlatTensor(f"{name}/bias", data=bias)
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            options = {"padding": layer.padding, "fused_activation_function": layer.activation.__name__}
            options |= {"stride_h": layer.strides[0], "stride_w": layer.strides[1]}
        if isinstance(layer, layers.DepthwiseConv2D):  # before Conv2D is asked for: same options, other kernel order
            filter_tensor = FlatTensor(f"{name}/filter", data=kernel.reshape(1, *kernel.shape[:2], -1))
            options["depth_multiplier"] = layer.depth_multiplier
            add("DEPTHWISE_CONV_2D", [filter_tensor, bias_tensor], output, **options)
            macs += shape[1] * shape[2] * kernel.size
        elif isinstance(layer, layers.Conv2D):
            filter_tensor = FlatTensor(f"{name}/filter", data=kernel.transpose(3, 0, 1, 2))
            add("CONV_2D", [filter_tensor, bias_tensor], output, **options)
            macs += shape[1] * shape[2] * kernel.size
        elif isinstance(layer, layers.MaxPooling2D):
            high, wide = layer.pool_size
            pool = {"filter_height": high, "filter_width": wide, "stride_h": high, "stride_w": wide}
            add("MAX_POOL_2D", [], output, padding=layer.padding, **pool)
        elif isinstance(layer, layers.Flatten):
            target = FlatTensor(f"{name}/shape", data=np.array(shape, np.int32))
            add("RESHAPE", [target], output, new_shape=list(shape))
        elif isinstance(layer, layers.Dense):
            add("FULLY_CONNECTED", [FlatTensor(f"{name}/weights", data=kernel.T), bias_tensor], output)
            macs += kernel.size
        elif not isinstance(layer, layers.Dropout):
            raise ValueError(f"layer {name} is a {type(layer).__name__}; teach to_graph to export it")
    add("SOFTMAX", [], FlatTensor(OUTPUT, (1, len(make_data.LABELS))), beta=1.0)
    return FlatGraph(tensors, operators, [INPUT], [OUTPUT], signature=SIGNATURE), macs


def quantize(float_model: bytes, windows: np.ndarray) -> bytes:
    """Quantise weights, activations, input and output to int8, calibrated on `windows` [n, SAMPLES, 1, 3] in g."""
    manager = recipe_manager.RecipeManager()
    manager.add_static_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, 8, 8)
    # One scale for the whole weight matrix, as TFLite's own converter had for years: every runtime takes that.
    manager.add_static_config(
        ".*", qtyping.TFLOperationName.FULLY_CONNECTED, 8, 8, weight_granularity=qtyping.QuantGranularity.TENSORWISE
    )
    # Extremes, not the default moving average: a punch is rare and strong, and the average would clip it.
    observer = calibrator.Calibrator(float_model, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    observer.calibrate({SIGNATURE: [{INPUT: window[None]} for window in windows]}, manager)
    ranges = observer.get_model_qsvs()
    for key, value in zip(("min", "max"), INPUT_RANGE_G, strict=True):
        ranges[INPUT][key] = np.full_like(ranges[INPUT][key], value)
    tool = quantizer.Quantizer(float_model, manager.get_quantization_recipe())
    return bytes(tool.quantize(ranges, enable_progress_report=False).quantized_model)


def classify(model: bytes, windows: np.ndarray) -> np.ndarray:
    """Run a float or int8 model with LiteRT's reference kernels; returns the winning label's index per window."""
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    if scale:
        windows = np.clip(np.round(windows / scale) + zero_point, -128, 127).astype(source["dtype"])
    winners = []
    for window in windows:
        interpreter.set_tensor(source["index"], window[None])
        interpreter.invoke()
        winners.append(int(np.argmax(interpreter.get_tensor(target["index"]))))
    return np.array(winners)


def report(title: str, truth: np.ndarray, answers: np.ndarray) -> None:
    """Print the accuracy and the confusion matrix: a row per true label, a column per answer."""
    count = len(make_data.LABELS)
    confusion = np.bincount(truth * count + answers, minlength=count * count).reshape(count, count)
    print(f"\n{title}: {100.0 * np.mean(truth == answers):.2f} % of {len(truth)} windows")
    print("".join(f"{label:>8}" for label in ("", *make_data.LABELS)))
    for label, row in zip(make_data.LABELS, confusion, strict=True):
        print(f"{label:>8}" + "".join(f"{number:>8}" for number in row))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the gesture wand.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the model and labels.txt")
    parser.add_argument("--float", type=Path, dest="float_path", help="keep the float model here")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(SEED)
    everyone = (make_data.TRAIN_PEOPLE, make_data.VALIDATION_PEOPLE, make_data.TEST_PEOPLE)
    parts = [make_data.make_dataset(people) for people in everyone]
    train, validation, test = ((windows[:, :, None, :], truth) for windows, truth in parts)

    network = build_network()
    fit(network, train, validation)
    graph, macs = to_graph(network)
    float_model = model_bytes(graph, "gesture wand, float")
    calibration = np.random.default_rng(SEED).choice(len(train[0]), CALIBRATION_WINDOWS, replace=False)
    int8_model = quantize(float_model, train[0][calibration])

    report("float, validation people", validation[1], classify(float_model, validation[0]))
    report("float, held-out people", test[1], classify(float_model, test[0]))
    report("int8, held-out people", test[1], classify(int8_model, test[0]))
    if arguments.float_path:
        arguments.float_path.write_bytes(float_model)
    path = arguments.out / "wand_int8.tflite"
    path.write_bytes(int8_model)
    (arguments.out / "labels.txt").write_text("\n".join(make_data.LABELS) + "\n", encoding="utf-8")
    print(f"\n{network.count_params()} parameters, {macs} multiply-accumulates, {path.name}: {len(int8_model)} B")


if __name__ == "__main__":
    main()
