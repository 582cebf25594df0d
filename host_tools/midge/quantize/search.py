# SPDX-License-Identifier: MIT
"""Search for the cheapest quantisation that is good enough, or the best that fits.

Steps, each dearer than the one before: 8 bits; 8 bits with 16-bit outputs of the layers that add most noise, ever
more of them; 16 bits everywhere. Within a step the methods compete as they always do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from ..convert.pipeline import Conversion
from ..errors import UnsupportedModel, UserError
from ..graph import Graph
from .quantizer import Options, Quantized, Quantizer

DEFAULT_DROP = 0.5  # points of accuracy, with labels
DEFAULT_SQNR = 30.0  # dB at the outputs, without
_MOST_WIDE = 64


@dataclass(frozen=True)
class Budget:
    """What the result must keep to. max_drop: points of accuracy (or AUC) below the float network, with labels.
    min_sqnr: dB of the worst output. max_flash, max_arena: bytes of the file and of working memory."""

    max_drop: float | None = None
    min_sqnr: float | None = None
    max_flash: int | None = None
    max_arena: int | None = None

    @property
    def sized(self) -> bool:
        """Tell whether flash or the arena has a limit."""
        return self.max_flash is not None or self.max_arena is not None


@dataclass
class Found:
    """One step of the search. quality: accuracy in points, or dB."""

    label: str
    quantized: Quantized
    conversion: Conversion
    quality: float
    good: bool
    fits: bool


def search(
    quantizer: Quantizer, options: Options, budget: Budget, convert: Callable[[Graph], Conversion],
    accuracy: Callable[[bytes], float] | None = None, float_accuracy: float | None = None,
) -> tuple[Quantized, Conversion]:
    """Return the first step that is good enough and fits; with limits of size only, the best that fits.

    accuracy: points of a .midge file on labelled samples; without it quality is dB. Raises UserError where nothing
    keeps to the budget, with what came nearest.
    """
    goal = _goal(budget, float_accuracy)
    unit = "points" if accuracy is not None else "dB"
    steps: list[Found] = []
    for label, quantized, conversion in _steps(quantizer, options, convert):
        report = quantized.report
        quality = accuracy(conversion.blob) if accuracy is not None else report.sqnr_db
        good = goal is None or quality >= goal - 1e-9
        good = good and (budget.min_sqnr is None or report.sqnr_db >= budget.min_sqnr)
        fits = ((budget.max_flash is None or len(conversion.blob) <= budget.max_flash)
                and (budget.max_arena is None or conversion.plan.arena_size <= budget.max_arena))
        steps.append(Found(label, quantized, conversion, quality, good, fits))
        if good and fits and goal is not None:
            break
    able = [s for s in steps if s.fits and s.good]
    if not able:
        raise UserError(f"{quantizer.title}: {_nearest(steps, goal, unit)}")
    chosen = able[0] if goal is not None else max(able, key=lambda s: s.quality)
    chosen.quantized.report.tried = [
        {"step": s.label, unit: round(s.quality, 2), "sqnr_db": s.quantized.report.sqnr_db,
         **s.conversion.cost(), "chosen": s is chosen}
        for s in steps]
    return chosen.quantized, chosen.conversion


def _goal(budget: Budget, float_accuracy: float | None) -> float | None:
    """Return what quality suffices; None where the best is wanted that fits."""
    if float_accuracy is not None:
        if budget.max_drop is None and (budget.sized or budget.min_sqnr is not None):
            return None if budget.min_sqnr is None else 0.0
        return float_accuracy - (DEFAULT_DROP if budget.max_drop is None else budget.max_drop)
    if budget.max_drop is not None:
        raise UserError("--max-drop needs labelled samples: an .npz file with x and y, or a folder a class")
    if budget.min_sqnr is not None:
        return budget.min_sqnr
    return None if budget.sized else DEFAULT_SQNR


def _nearest(steps: list[Found], goal: float | None, unit: str) -> str:
    best = max(steps, key=lambda s: s.quality)
    small = min(steps, key=lambda s: (len(s.conversion.blob), s.conversion.plan.arena_size))
    wanted = f" of the {goal:.4g} {unit} wanted" if goal else ""
    return (f"nothing keeps to the budget; best is {best.label} with {best.quality:.4g} {unit}{wanted}, smallest "
            f"{small.label} with {len(small.conversion.blob):,} B of flash and {small.conversion.plan.arena_size:,} B "
            "of arena; loosen the budget, or train with quantisation in mind")


def _steps(
    quantizer: Quantizer, options: Options, convert: Callable[[Graph], Conversion]
) -> Iterator[tuple[str, Quantized, Conversion]]:
    first = quantizer.quantize(options)
    yield "int8", first, convert(first.graph)
    report = first.report
    settled = replace(options, method=report.method, bias_correction=report.bias_correction,
                      equalize=report.equalized > 0)
    noisy = sorted((la for la in report.layers if la.dtype == "int8" and la.noise > 0), key=lambda la: -la.noise)
    count = 1
    while count < min(len(noisy), _MOST_WIDE):
        names = tuple(la.name for la in noisy[:count])
        quantized = quantizer.quantize(replace(settled, wide=(*options.wide, *names)))
        with suppress(UnsupportedModel):  # some op has no way between 8 and 16 bits
            yield f"int8, {count} {'layer' if count == 1 else 'layers'} in 16 bits", quantized, convert(quantized.graph)
        count *= 2
    wide = quantizer.quantize(replace(settled, activations="int16", method="minmax", wide=()))
    yield "int16 (16x8)", wide, convert(wide.graph)
