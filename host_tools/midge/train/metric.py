# SPDX-License-Identifier: MIT
"""What networks that embed are trained by: what is of one class lies together on a sphere, and apart from others.

Each class has a few centres on the sphere, and what is of it has to be nearer to one of its own than to others', by a
margin: ArcFace with sub-centres (Deng et al. 2020, ECCV, "Sub-center ArcFace").
"""

from __future__ import annotations

from typing import Any

CENTRES, MARGIN, SCALE = 2, 0.2, 30.0  # of each class; in radians; of cosines before softmax


def centres(keras: Any, classes: int) -> Any:
    """Return a layer from rows to the cosine between each and the nearest centre of each class."""
    ops = keras.ops

    class Centres(keras.layers.Layer):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            start = keras.initializers.RandomNormal()
            self.kernel = self.add_weight(shape=(input_shape[-1], classes * CENTRES), initializer=start)

        def call(self, x: Any) -> Any:
            cosines = ops.matmul(ops.normalize(x, axis=1), ops.normalize(self.kernel, axis=0))
            return ops.max(ops.reshape(cosines, (-1, classes, CENTRES)), axis=2)

    return Centres()


def with_margin(cosines: Any, targets: Any) -> Any:
    """Return the loss of cosines [n, classes]: that of the own class has to be larger by a margin of the angle."""
    import jax
    import jax.numpy as jnp

    own = jnp.clip(jnp.take_along_axis(cosines, targets[:, None], 1), -1 + 1e-6, 1 - 1e-6)
    nearer = jnp.cos(jnp.minimum(jnp.arccos(own) + MARGIN, jnp.pi))
    is_own = jnp.arange(cosines.shape[1])[None] == targets[:, None]
    scores = jax.nn.log_softmax(SCALE * jnp.where(is_own, nearer, cosines))
    return -jnp.take_along_axis(scores, targets[:, None], 1).mean()
