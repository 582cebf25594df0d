# SPDX-License-Identifier: MIT
"""Train a small network on scikit-learn's handwritten digits, with Keras on JAX; what it makes goes into a folder.

    python train.py build/example

digits.keras the network, samples.npy pictures for quantising it, held_out.npz pictures and digits that it was not
trained on, scores.npy what Keras says of those.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras
import numpy as np
from sklearn.datasets import load_digits

EPOCHS, BATCH, SEED = 30, 32, 7


def load_pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures [n, 8, 8, 1] float32 of 0 to 1 and their digits: three quarters to train on, the rest held out."""
    pictures, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(SEED).permutation(len(digits))
    x, y = (pictures[order] / 16).astype(np.float32).reshape(-1, 8, 8, 1), digits[order]
    held_out = len(y) // 4
    return x[held_out:], y[held_out:], x[:held_out], y[:held_out]


def train(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> Any:
    """A network of two convolutions and a dense layer."""
    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8, 8, 1), name="picture"),
        layers.Conv2D(16, 3, padding="same", use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU(),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(32, 3, padding="same", use_bias=False), layers.BatchNormalization(momentum=0.9),
        layers.ReLU(), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dropout(0.3), layers.Dense(10, activation="softmax", name="scores"),
    ], name="digits")
    rate = keras.optimizers.schedules.CosineDecay(4e-3, EPOCHS * -(-len(x) // BATCH))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])

    def tell(epoch: int, logs: dict[str, float]) -> None:
        if "val_accuracy" in logs:
            print(f"  epoch {epoch + 1:2}   {logs['accuracy']:6.1%} in training, "
                  f"{logs['val_accuracy']:6.1%} of the held-out digits")

    start = time.monotonic()
    model.fit(x, y, BATCH, EPOCHS, verbose=0, validation_data=(x_test, y_test), validation_freq=6,
              callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)])
    print(f"  {model.count_params():,} parameters, trained in {time.monotonic() - start:.0f} s")
    return model


def main(folder: Path) -> None:
    x, y, x_test, y_test = load_pictures()
    print(f"  {len(y):,} pictures to learn from, {len(y_test)} held out; 13 people wrote them, who are in both parts")
    model = train(x, y, x_test, y_test)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "digits.keras")
    np.save(folder / "samples.npy", x[:300])
    np.savez(folder / "held_out.npz", x=x_test, y=y_test)
    np.save(folder / "scores.npy", model.predict(x_test, verbose=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
