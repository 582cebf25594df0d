# SPDX-License-Identifier: MIT
"""Import the boards' own Python package, unchanged, on this machine."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location

from ..resources import folder

_source = folder("device")
_spec = spec_from_file_location("midge.device", _source / "__init__.py", submodule_search_locations=[str(_source)])
assert _spec is not None and _spec.loader is not None
device = module_from_spec(_spec)
sys.modules[_spec.name] = device
_spec.loader.exec_module(device)
