# SPDX-License-Identifier: MIT
"""Packages that only some commands need: imported when first used, with one line where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import UserError


def need(module: str, extra: str, purpose: str) -> Any:
    """Return the module. Raises UserError with the pip command that installs it.

    extra: the name in pyproject.toml's optional dependencies. purpose: what the user asked for, as
    "reading .onnx files".
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UserError(f"{purpose} needs the package {module} ({error}); pip install 'midge[{extra}]'") from error
