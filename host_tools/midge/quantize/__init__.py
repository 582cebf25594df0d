# SPDX-License-Identifier: MIT
"""Post-training quantisation: a float graph and samples become a graph of TFLite's int8 or 16x8 scheme.

    graph   --prepare-->  all float32, activations fused
            --observe-->  ranges and means of every tensor, on the samples     (trace.py, ranges.py)
            --equalize->  channels that use the integers alike                 (where it helps)
            --rewrite-->  integers, by the rules of scheme.py
            --measure-->  noise of every layer against the float network       (report.py)

It knows nothing of where the graph came from, and the lowerings know nothing of it.
"""

from __future__ import annotations

from .quantizer import Options, Quantized, Quantizer, quantize
from .ranges import METHODS
from .report import Layer, Report

__all__ = ["METHODS", "Layer", "Options", "Quantized", "Quantizer", "Report", "quantize"]
