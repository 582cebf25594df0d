# SPDX-License-Identifier: MIT
"""microWakeWord's manifests, versions 1 and 2: what is said of a wake word beside its network, as JSON.

Format: https://esphome.io/components/micro_wake_word.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..graph import Graph

_MOST_BYTES = 64 * 1024
_MOST_TEXT = 200
_MOST_WINDOW = 255
REFRACTORY_MS = 1000  # no second answer to one word; ESPHome waits for 100 rows of features
# What a version calls the window, and the step that it has where it does not say one.
STEPS_MS = (10, 20)
_VERSIONS = {1: ("sliding_window_average_size", 20), 2: ("sliding_window_size", 10)}


@dataclass(frozen=True)
class Manifest:
    """A wake word. word: what is said. model: the file of its network.

    cutoff: the mean of the latest `window` scores from which the word was heard. step_ms: from one row of features to
    the next. esphome: the least version of ESPHome that runs it, "" where it is not said.
    """

    word: str
    model: str
    cutoff: float
    window: int
    step_ms: int
    author: str = ""
    website: str = ""
    esphome: str = ""

    def metadata(self) -> dict[str, str]:
        """Return what a board has to know, and whose work it is."""
        about = {"author": self.author, "website": self.website, "esphome.minimum": self.esphome}
        return {"stream.threshold": f"{self.cutoff:g}", "stream.mean": str(self.window),
                "stream.refractory_ms": str(REFRACTORY_MS), **{key: text for key, text in about.items() if text}}

    def describe(self, graph: Graph, title: str) -> tuple[Graph, list[str], list[str]]:
        """Return a network's graph with the metadata, its label, and doubts whether the two belong together.

        Raises UserError where they cannot.
        """
        if graph.outputs[0].elements != 1:
            raise UserError(f"{title}: gives {graph.outputs[0].elements} scores; a manifest describes a network that "
                            "gives one, of its wake word; leave out --manifest")
        told = graph.copy()
        told.metadata |= self.metadata()
        names = [re.sub(r"[\W_]", "", Path(name.replace("\\", "/")).stem).lower() for name in (self.model, title)]
        alike = names[0] in names[1] or names[1] in names[0]
        doubt = f"{title}: the manifest is about {self.model}; check that it is this network's"
        return told, [self.word], [] if alike else [doubt]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises UserError where it is none, or says what cannot be."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path}: {path.stat().st_size} B; a manifest has a few hundred; name the .json file")
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda text: text)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; name a manifest, a .json file") from error
    except (ValueError, RecursionError) as error:
        why = str(error).splitlines()[0] if isinstance(error, ValueError) else "nested too deeply"
        raise UserError(f"{path}: no JSON ({why}); download the manifest again") from None
    return _Reader(path, found).manifest()


class _Reader:
    """Values of a manifest by name, each checked."""

    def __init__(self, path: Path, found: Any) -> None:
        self.path, self.found = path, found if isinstance(found, dict) else {}

    def fail(self, problem: str) -> UserError:
        return UserError(f"{self.path}: {problem}; wanted a manifest of microWakeWord, version 1 or 2")

    def text(self, name: str, must: bool = True) -> str:
        value = self.found.get(name)
        if value is None and not must:
            return ""
        if not isinstance(value, str) or not value.strip() or len(value) > _MOST_TEXT or not value.isprintable():
            raise self.fail(f"its {name} is {_brief(value)}, wanted a line of text")
        return value

    def number(self, values: dict[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
        value = values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.fail(f"its {name} is {_brief(value)}, wanted {low:g} to {high:g}")
        return value

    def whole(self, values: dict[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(values, name, low, high, default)
        if not isinstance(value, int):
            raise self.fail(f"its {name} is {_brief(value)}, wanted a whole number")
        return value

    def manifest(self) -> Manifest:
        if self.found.get("type") != "micro":
            raise self.fail(f"its type is {_brief(self.found.get('type'))}, wanted \"micro\"")
        version = self.found.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version not in _VERSIONS:
            raise self.fail(f"its version is {_brief(version)}")
        inside = self.found.get("micro")
        if not isinstance(inside, dict):
            raise self.fail(f"its micro is {_brief(inside)}, wanted an object")
        window_name, default_step = _VERSIONS[version]
        step = self.whole(inside, "feature_step_size", 1, 1000, default_step)
        if step not in STEPS_MS:
            raise self.fail(f"its feature_step_size is {step} ms; {' and '.join(map(str, STEPS_MS))} can run")
        esphome = inside.get("minimum_esphome_version", "")
        if not isinstance(esphome, str) or not re.fullmatch(r"(\d{1,4}(\.\d{1,4}){1,3})?", esphome):
            raise self.fail(f"its minimum_esphome_version is {_brief(esphome)}, wanted a version such as \"2024.7.0\"")
        return Manifest(
            word=self.text("wake_word"), model=self.text("model"), step_ms=step, esphome=esphome,
            cutoff=self.number(inside, "probability_cutoff", 0, 1), window=self.whole(inside, window_name, 1,
                                                                                      _MOST_WINDOW),
            author=self.text("author", must=False), website=self.text("website", must=False))


def _brief(value: Any) -> str:
    """Return a value of someone else's file as text that fits into a line."""
    if value is None:
        return "missing"
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."
