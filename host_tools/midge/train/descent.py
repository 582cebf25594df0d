# SPDX-License-Identifier: MIT
"""Gradient descent in Keras on JAX, the same for all networks: a step that is compiled once for all folds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import UserError
from ..optional import need
from ..progress import Advance

# From the network's function (batch -> scores), a batch and a random key to the mean loss.
Loss = Callable[[Callable[[Any], Any], Any, Any], Any]


@dataclass(frozen=True)
class Descent:
    """How to go down: steps, the highest rate, and the decay of weights (AdamW; warm-up, then a cosine)."""

    steps: int
    rate: float
    decay: float
    seed: int


def load_keras(purpose: str) -> Any:
    """Return Keras on JAX. Raises UserError."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    need("jax", "train", purpose)
    keras = need("keras", "train", purpose)
    if keras.backend.backend() != "jax":
        raise UserError(f"Keras runs on {keras.backend.backend()} here; {purpose} wants JAX: set KERAS_BACKEND=jax")
    return keras


class Trainer:
    """A Keras network and its training step. The same batches and seed give the same numbers on the same machine."""

    def __init__(self, keras: Any, model: Callable[[], Any], loss: Loss, descent: Descent) -> None:
        keras.utils.set_random_seed(descent.seed)
        self.model, self.descent, self.loss = model(), descent, loss
        warm = max(descent.steps // 20, 1)
        rate = keras.optimizers.schedules.CosineDecay(
            descent.rate / 10, max(descent.steps - warm, 1), 0.01, warmup_target=descent.rate, warmup_steps=warm)
        self.optimizer = keras.optimizers.AdamW(rate, weight_decay=descent.decay)
        self.optimizer.build(self.model.trainable_variables)
        self.start = tuple([v.value for v in variables] for variables in (
            self.model.trainable_variables, self.model.non_trainable_variables, self.optimizer.variables))
        self.step = self._compiled()

    def _compiled(self) -> Any:
        """Return the function from a state, a batch and the step's number to the next state."""
        import jax

        model, optimizer, seed = self.model, self.optimizer, self.descent.seed

        def loss(trainable: Any, other: Any, batch: Any, key: Any) -> tuple[Any, Any]:
            after = [other]

            def network(x: Any) -> Any:
                scores, after[0] = model.stateless_call(trainable, other, x, training=True)
                return scores

            value = self.loss(network, batch, key)
            return value, after[0]

        @jax.jit
        def step(state: Any, batch: Any, number: int) -> Any:
            trainable, other, moments = state
            key = jax.random.fold_in(jax.random.key(seed), number)
            (_, other), slopes = jax.value_and_grad(loss, has_aux=True)(trainable, other, batch, key)
            trainable, moments = optimizer.stateless_apply(moments, slopes, trainable)
            return trainable, other, moments

        return step

    def fit(self, batch: Callable[[int], Any], advance: Advance) -> Any:
        """Train from the same fresh weights each time, on what `batch` gives for each step; return the Keras model."""
        model, state = self.model, self.start
        for number in range(self.descent.steps):
            state = self.step(state, batch(number), number)
            advance(1)
        for variables, values in ((model.trainable_variables, state[0]), (model.non_trainable_variables, state[1])):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return model
