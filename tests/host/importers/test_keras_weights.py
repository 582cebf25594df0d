# SPDX-License-Identifier: MIT
"""Keras 3 files whose weights do not all load."""

from __future__ import annotations

import inspect
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from midge.errors import UserError
from midge.importers import read_model

keras = pytest.importorskip("keras", reason="keras is not installed: pip install 'midge[keras]'")
pytest.importorskip("jax", reason="jax is not installed: pip install 'midge[keras]'")


def test_layers_without_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keras only warns where lists of lists of layers have none; its own words, else this proves nothing."""
    from keras.src.saving import saving_lib

    words = "".join(re.findall(r'"([^"]*)"', inspect.getsource(saving_lib._load_container_state)))
    assert "retain their freshly-initialized weights" in words

    def load(*_: Any, **__: Any) -> None:
        warnings.warn("Skipping nested container at 'layers/x': Affected layers will retain their freshly-initialized "
                      "weights.", stacklevel=2)

    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "net.keras")
    read_model(tmp_path / "net.keras")
    monkeypatch.setattr(keras.saving, "load_model", load)
    with pytest.raises(UserError, match=r"net.keras: lacks the weights of .*'layers/x'.*save it again") as found:
        read_model(tmp_path / "net.keras")
    assert "\n" not in str(found.value)
