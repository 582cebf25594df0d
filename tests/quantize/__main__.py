# SPDX-License-Identifier: MIT
"""Our quantiser against Google's on every float model that lies beside the repository.

    make test-quantize

Both calibrate on the same samples, both results run on our core. Google's is given its default calibration and a plain
one over the extremes of all samples, and the better figure of the two counts. Fails where accuracy on labelled samples
is more than 0.5 points below float although Google's is not, or more than 0.3 below the worse of float and Google's; or
where the noise at the outputs is no worse on less than 80 % of the models.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import click
import numpy as np

from midge.convert.pipeline import convert_graph, convert_model
from midge.core.batch import Engine
from midge.errors import UserError
from midge.evaluate.metrics import score
from midge.importers import read_model
from midge.quantize import quantize
from midge.samples.datasets import Dataset
from tests.quantize import litert
from tests.quantize.cases import Case, find_cases

CALIBRATION = 100  # samples
WITHIN_FLOAT, BEHIND = 0.5, 0.3  # points
SHARE = 0.8
TOLERANCE = 0.05  # dB that count as equal noise


@dataclass
class Outcome:
    """dB of the outputs, averaged; accuracy or AUC in points, None without labels."""

    name: str
    ours_db: float
    theirs_db: float | None
    seconds: float
    how: str
    float_points: float | None = None
    ours_points: float | None = None
    theirs_points: float | None = None
    refusal: str = ""

    @property
    def no_noisier(self) -> bool:
        return self.theirs_db is None or self.ours_db >= self.theirs_db - TOLERANCE

    @property
    def accurate(self) -> bool:
        if self.float_points is None or self.ours_points is None:
            return True
        theirs = self.float_points if self.theirs_points is None else self.theirs_points
        if theirs >= self.float_points - WITHIN_FLOAT and self.ours_points < self.float_points - WITHIN_FLOAT - 1e-6:
            return False
        return self.ours_points >= min(theirs, self.float_points) - BEHIND - 1e-6


def level(wanted: list[np.ndarray], found: list[np.ndarray]) -> float:
    """Signal to noise in dB, the mean over the outputs, at most 99."""
    levels = []
    for a, b in zip(wanted, found, strict=True):
        noise = float(np.sum((a.astype(np.float64) - b) ** 2))
        levels.append(min(99.0, 10 * np.log10(float(np.sum(a.astype(np.float64) ** 2)) / noise)) if noise else 99.0)
    return float(np.mean(levels))


def points(case: Case, outputs: list[np.ndarray]) -> float | None:
    if case.labels is None:
        return None
    data = Dataset(case.inputs, case.labels, title=case.name)
    return 100 * score(outputs, data, task="anomaly" if case.anomaly else "classify").figure[1]


def compare(case: Case) -> Outcome:
    wanted = Engine(convert_model(case.path).blob).run(case.inputs)
    some = [x[np.linspace(0, len(x) - 1, min(len(x), CALIBRATION)).astype(int)] for x in case.inputs]
    start = perf_counter()
    done = quantize(read_model(case.path), some, title=case.name)
    seconds = perf_counter() - start
    ours = Engine(convert_graph(done.graph, [], case.name, 0).blob).run(case.inputs)
    how = f"{done.report.method}{' +bias' if done.report.bias_correction else ''}" + (
        f" +equal {done.report.equalized}" if done.report.equalized else "")
    outcome = Outcome(case.name, level(wanted, ours), None, seconds, how, points(case, wanted), points(case, ours))
    for averaged in (True, False):
        try:
            theirs = Engine(convert_model(litert.quantize(case.path, some, averaged)).blob).run(case.inputs)
        except Exception as error:  # whatever theirs does not take, or makes that is not to be run
            outcome.refusal = str(error).splitlines()[0][:100]
            continue
        outcome.theirs_db = max(level(wanted, theirs), outcome.theirs_db or -99.0)
        found = points(case, theirs)
        if found is not None:
            outcome.theirs_points = max(found, outcome.theirs_points or 0.0)
    return outcome


def row(outcome: Outcome) -> str:
    theirs = "      -" if outcome.theirs_db is None else f"{outcome.theirs_db:7.2f}"
    text = f"{outcome.name[:46]:46} {outcome.ours_db:7.2f} {theirs}"
    if outcome.float_points is not None and outcome.ours_points is not None:
        google = "     -" if outcome.theirs_points is None else f"{outcome.theirs_points:6.2f}"
        text += f"   {outcome.float_points:6.2f} {outcome.ours_points:6.2f} {google}"
    else:
        text += " " * 23
    verdict = "" if outcome.accurate and outcome.no_noisier else "  NOISIER" if outcome.accurate else "  LESS ACCURATE"
    return f"{text} {outcome.seconds:6.1f} s  {outcome.how}{verdict}"


@click.command()
@click.argument("shared", type=click.Path(path_type=Path))
@click.option("--only", help="Models whose name holds this.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(shared: Path, only: str | None, json_path: Path | None) -> None:
    """Compare on the models and recordings under SHARED."""
    click.echo(f"{'':46}  dB at the outputs   accuracy or AUC, points")
    click.echo(f"{'':46}    ours  Google    float   ours Google")
    outcomes = []
    for case in find_cases(shared):
        if only is None or only in case.name:
            try:
                outcomes.append(compare(case))
            except UserError as error:
                sys.exit(f"{case.name}: {error}")
            click.echo(row(outcomes[-1]))
    if not outcomes:
        sys.exit(f"no float models under {shared}")
    if json_path is not None:
        json_path.write_text(json.dumps([asdict(o) for o in outcomes], indent=1))
    met = [o for o in outcomes if o.theirs_db is not None]
    quiet = sum(o.no_noisier for o in met)
    click.echo(f"{len(outcomes)} models; of the {len(met)} that both quantise, {quiet} no noisier than Google's "
               f"({quiet / max(len(met), 1):.0%}, wanted {SHARE:.0%})")
    wrong = [o.name for o in outcomes if not o.accurate]
    if wrong:
        sys.exit(f"less accurate than they may be: {', '.join(wrong)}")
    if quiet < SHARE * len(met):
        sys.exit("noisier than Google's on too many models")


if __name__ == "__main__":
    main()
