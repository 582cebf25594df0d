# SPDX-License-Identifier: MIT
"""midge train: a model of movements from labelled takes, of sounds from clips, or of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import click
from click.core import ParameterSource

from .. import api
from ..api import MotionEmbedding, PictureEmbedding, SoundEmbedding
from ..errors import UserError
from ..files import write_whole
from ..power.budget import energy_facts, known_energies
from ..profiling.estimate import Costs
from ..samples.labels import is_quiet
from ..samples.pictures import holds_pictures
from ..samples.sounds import holds_sounds
from ..targets.boards import load_board
from ..train.heads import HEADS
from ..train.judgement import ClassReport, Share
from ..train.model import Trained
from ..train.outcome import Outcome
from ..train.pictures.grid import STEPS as GRID
from ..train.pictures.recipe import STEPS as CLASSES
from ..train.recipe import FEATURES
from ..train.search import Limits
from ..train.sounds.model import TrainedSounds
from .options import Command, Option, OutputPath, complete_boards, json_option
from .output import (
    interval,
    joules,
    mark,
    number,
    print_facts,
    print_json,
    print_next,
    print_note,
    print_table,
    say,
)
from .progress import stages
from .train_movements import MOVEMENTS, Ways, movement_options
from .train_pictures import Wanted, picture_facts, picture_options, print_wrong
from .train_word import spoken_text, word_options

MODEL, REPORT = "The model", "The report"
SOUNDS, FITTED = "Of sounds", "Of sounds and pictures"
WRITTEN = (".midge", ".html", ".tflite")  # endings of what is made of samples
BAR = 20  # characters of a whole bar
MOST_LINES = 8  # of notes and of suspicious takes
SOUND = api.SoundOptions()
NOT_EMBEDDED = ("features", "unknown", "background", "false_gestures", "normal", "folds", "board", "html",
                "png", "scale", "max_flash", "max_arena", "front", "layer", "pixels", "tflite", "searches", "processes",
                "dask", "spoken", "voices")
EMBEDDED = ("values", "judge", "made_up")  # options of embeddings only
# What some options are of; others are of all three.
OWN = (dict.fromkeys(("head", "features", "normal", "rate", "background"), ("movements",))
       | dict.fromkeys(("window", "unknown", "false_gestures"), ("movements", "sounds"))
       | dict.fromkeys(("made_up", "spoken", "voices"), ("sounds",))
       | dict.fromkeys(("groups", "width", "steps", "folds"), ("sounds", "pictures"))
       | dict.fromkeys((f.name for f in fields(Wanted)), ("pictures",))
       | dict.fromkeys(("max_flash", "max_arena"), ("movements", "pictures"))
       | dict.fromkeys((f.name for f in fields(Ways) if f.init), ("movements",)))


@click.command(cls=Command)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=OutputPath(), required=True, cls=Option, group=MODEL,
              help="The .midge file to write.")
@click.option("--head", type=click.Choice(HEADS), default="ridge", cls=Option, group=MOVEMENTS, show_default=True,
              help="A linear head in closed form, a small dense network, or convolutions of samples (cnn, a minute); "
              "auto tries all, and keeps what is righter on takes left out. With --embedding, ridge or cnn.")
@click.option("--features", type=click.Choice(FEATURES), default="auto", cls=Option, group=MOVEMENTS, show_default=True,
              help="What it sees of a window: moments, or MiniRocket's patterns (rocket) as well. auto tries both on "
              "long recordings, and keeps what is righter on takes left out.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, cls=Option, group=MODEL, show_default=True,
              help="The same seed and takes give the same bytes.")
@click.option("--unknown/--no-unknown", default=None, cls=Option, group=MODEL,
              help="Teach it made movements or sounds that are of no class. Default: where takes are single gestures, "
              "and where no class of sounds is one like it.")
@click.option("--false-gestures", "--false-answers", type=click.FloatRange(0, min_open=True), default=6.0, cls=Option,
              group=MODEL, show_default=True, help="How many false answers an hour it may give to made movements, or "
              "noises, of no class.")
@click.option("--background", type=click.Path(path_type=Path), cls=Option, group=MOVEMENTS,
              help="A folder of recordings in which there is no gesture, such as walking: half teach it, the others "
              "say from which score it may answer.")
@click.option("--normal", is_flag=True, cls=Option, group=MOVEMENTS,
              help="All takes are of a machine as it should be: learn what is normal, for midge.anomaly on the board.")
@click.option("--embedding", is_flag=True, cls=Option, group=MODEL,
              help="Make a network for midge.Learner instead, which a board is taught new gestures, words or things "
              "with.")
@click.option("--values", type=click.IntRange(4, 64), default=32, cls=Option, group=MODEL, show_default=True,
              help="Of a row, with --embedding: RAM goes by their square.")
@click.option("--judge/--no-judge", default=True, cls=Option, group=MODEL,
              help="With --embedding, make others without a part of the data, and tell what that is worth from a few "
              "examples.")
@click.option("--made-up", type=click.IntRange(0, 20_000), default=0, cls=Option, group=SOUNDS, show_default=True,
              help="With --embedding, so many made-up words in six voices each, by espeak-ng and flite.")
@click.option("--spoken", type=click.IntRange(0, 2000), default=0, cls=Option, group=SOUNDS, show_default=True,
              help="Synthesizers say the name of each class so often, as an English word: more voices to train on. "
              "Nothing is judged by them.")
@click.option("--voices", type=click.Path(path_type=Path), cls=Option, group=SOUNDS,
              help="With --spoken or --word, a folder of neural voices that speak beside espeak-ng and flite: Piper's "
              "(.onnx with .onnx.json), or Kokoro's (kokoro*.onnx with voices*.bin).")
@click.option("--name", cls=Option, group=MODEL, help="What the device calls it. Default: the file's name.")
@click.option("--window", type=click.FloatRange(0, min_open=True), cls=Option, group=MODEL,
              help="Seconds that it looks at. Default: what the shortest class's takes have, or nearly all clips; "
              "for long recordings 2, of sounds 1.6.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), cls=Option, group=MOVEMENTS,
              help="Samples a second, for files that do not tell.")
@click.option("--groups", type=click.Path(path_type=Path), cls=Option, group=FITTED,
              help="A .csv file: a file's name and its speaker, person or place per line. Default: what names tell.")
@click.option("--width", type=click.IntRange(4, 256), cls=Option, group=FITTED,
              help=f"Channels of the network's first layer. Default: {SOUND.width} of sounds, of pictures "
              "12 or what a budget allows.")
@click.option("--steps", type=click.IntRange(20), cls=Option, group=FITTED,
              help=f"Of training. Default: {SOUND.steps} of 64 sounds, {CLASSES} of 32 pictures, {GRID} of 16 with "
              "boxes; 2000 with --embedding.")
@click.option("--folds", type=click.IntRange(2, 60), default=SOUND.folds, cls=Option, group=FITTED, show_default=True,
              help="In how many parts clips or pictures are left out in turn, to judge.")
@movement_options
@picture_options
@word_options
@click.option("--board", shell_complete=complete_boards, cls=Option, group=REPORT,
              help="Count instructions and estimate the time on this board.")
@click.option("--html", type=OutputPath(), cls=Option, group=REPORT, help="Draw the report as a page.")
@click.option("--png", type=OutputPath(), cls=Option, group=REPORT, help="Draw confusion matrix and learning curve "
              "(.png, .svg, .pdf).")
@json_option
@click.pass_context
def train(
    context: click.Context, data: Path, output: Path, head: str, features: str, seed: int, unknown: bool | None,
    false_gestures: float, background: Path | None, normal: bool, embedding: bool, values: int, judge: bool,
    made_up: int, spoken: int, voices: Path | None, name: str | None, window: float | None, rate: float | None,
    groups: Path | None, width: int | None, steps: int | None, folds: int, board: str | None, html: Path | None,
    png: Path | None, as_json: bool, wanted: Wanted, ways: Ways,
) -> None:
    """Train a model of movements on the takes in DATA, or of sounds or pictures in it, and write it for boards.

    DATA: a folder with one folder per class, of .csv takes as midge capture records them, of .wav, .flac or .ogg
    sounds, or of .jpg or .png pictures; a folder of pictures with boxes (VOC, COCO, YOLO, Edge Impulse); or a zip file
    of takes that Edge Impulse exported. With --word there is none: synthesizers speak.
    """
    kind = "sounds" if holds_sounds(data) else "pictures" if (
        holds_pictures(data) or api.holds_boxes(data)) else "movements"
    _refuse_others(context, kind, data)
    _refuse_samples(data, [path for path in (output, html, png, wanted.tflite) if path is not None])
    _refuse_with_embedding(context, embedding)
    _refuse_with_search(context)
    if embedding:
        _embed(context, kind, MotionEmbedding(seed, values, window, rate, judge, head), made_up, wanted)
        return
    if normal:
        if ways.searches or any(path is not None for path in (html, png, board, background)):
            raise UserError("--normal has no classes to draw or to count; leave out --html, --png, --board, --search "
                            "and --background")
        _learn_normal(data, output, name or output.stem, window, rate, seed, as_json)
        return
    with stages(f"training on {data.name}", quiet=as_json) as stage:
        name = name or output.stem
        if kind == "pictures":
            trained: Outcome = wanted.train(data, name, seed, steps, width, folds, groups, board, stage)
        elif kind == "sounds":
            heard = api.SoundOptions(seed, window, unknown, width or SOUND.width, steps or SOUND.steps, folds,
                                     false_per_hour=false_gestures, spoken=spoken, voices=voices)
            trained = api.train_sounds(data, options=heard, groups=groups, name=name, stage=stage)
        else:
            options = api.TrainingOptions(head=head, features=features, seed=seed, window_s=window, rate_hz=rate,
                                          unknown=unknown, false_per_hour=false_gestures)
            trained = ways.train(data, options, name, background, board, Limits(wanted.max_flash, wanted.max_arena),
                                 stage)
    write_whole(output, lambda aside: aside.write_bytes(trained.blob))
    wanted.write(trained)
    costs, missing = (None, "") if board is None else _costs(trained, board)
    if html is not None:
        from ..plots.training_page import training_page

        page = training_page(trained, str(data), output.name, costs, _speed(costs, board), ways.found)
        write_whole(html, lambda aside: aside.write_text(page, encoding="utf-8"))
    _draw(trained, output, png)
    if as_json:
        print_json({"data": str(data), "output": str(output), **trained.facts(), **ways.facts(),
                    **({"profile": costs.facts(), "microjoules_estimate": energy_facts(costs)} if costs else {})})
        return
    ways.print()
    _print(trained, data, output, costs, board, missing)
    shown = [path for path in (html, png) if path is not None]
    print_next(f"midge upload {output}", *([f"look at {shown[0]}"] if shown else [
        f"midge train {data} -o {output} --html {output.with_suffix('.html')}"]))


def _draw(trained: Outcome, output: Path, png: Path | None) -> None:
    if png is not None:
        from ..plots import save
        from ..plots.training import training_figure

        save(training_figure(trained, output.stem), png)


def _refuse_others(context: click.Context, kind: str, data: Path) -> None:
    """Refuse options of models of other kinds. Raises UserError."""
    for option in context.command.params:
        of = OWN.get(str(option.name), (kind,))
        if kind not in of and _is_given(context, str(option.name)):
            raise UserError(f"{option.opts[0]} is of {' and '.join(of)}; {data} holds {kind}: leave it out")
    if context.params["voices"] is not None and not context.params["spoken"]:
        raise UserError("--voices goes with --spoken or --word: add one of them, or leave it out")


def _refuse_samples(data: Path, outputs: Sequence[Path]) -> None:
    """Refuse to write over a file in the folder that is read, unless its ending says that no sample is in it."""
    for path in outputs:
        if path.exists() and data.resolve() in path.resolve().parents and path.suffix not in WRITTEN:
            raise UserError(f"{path}: is among what is trained on, and would be lost; name another file to write")


def _refuse_with_embedding(context: click.Context, embedding: bool) -> None:
    """Refuse options that an embedding has not, or that only an embedding has. Raises UserError."""
    for name in NOT_EMBEDDED if embedding else EMBEDDED:
        if _is_given(context, name):
            option = next(option.opts[0] for option in context.command.params if option.name == name)
            raise UserError(f"--embedding knows no {option}: leave it out" if embedding
                            else f"{option} goes with --embedding: add it, or leave it out")


def _embed(context: click.Context, kind: str, asked: MotionEmbedding, made_up: int, wanted: Wanted) -> None:
    """Make an embedding. asked: what those of all kinds have in common."""
    from .train_embedding import train_embedding

    given = context.params
    options: MotionEmbedding | SoundEmbedding | PictureEmbedding = asked
    if kind == "sounds":
        options = SoundEmbedding(seed=asked.seed, values=asked.values, made_up=made_up, judge=asked.judge)
        if asked.window_s is not None:
            options = replace(options, window_s=asked.window_s)
    elif kind == "pictures":
        options = PictureEmbedding(seed=asked.seed, values=asked.values, flips=wanted.flips or "none",
                                   camera=wanted.camera, judge=asked.judge)
    if not isinstance(options, MotionEmbedding):
        for name in ("width", "steps"):
            if _is_given(context, name):
                options = replace(options, **{name: given[name]})
    output = given["output"]
    train_embedding(given["data"], output, options, given["as_json"], groups=given["groups"], size=wanted.picture_size,
                    person=wanted.person, name=given["name"] or output.stem)


def _refuse_with_search(context: click.Context) -> None:
    """Refuse options that say what a search would find. Raises UserError."""
    given = [name for name in ("head", "features") if _is_given(context, name)]
    if _is_given(context, "searches") and given:
        raise UserError(f"--search tries all there are: leave --{given[0]} out")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _learn_normal(
    data: Path, output: Path, name: str, window: float | None, rate: float | None, seed: int, as_json: bool
) -> None:
    learned = api.learn_normal(data, window_s=window, rate_hz=rate, seed=seed, name=name)
    write_whole(output, lambda aside: aside.write_bytes(learned.blob))
    facts = learned.facts()
    if as_json:
        print_json({"data": str(data), "output": str(output), **facts})
        return
    signal = learned.signal
    say("[bold]{}[/]: {} recordings of what is normal, {} windows of {:.2f} s at {:.4g} Hz, {} axes; learned in "
        "{:.1f} s", data, number(facts["takes"]), number(facts["windows"]), signal.samples / signal.rate_hz,
        signal.rate_hz, len(signal.columns), learned.seconds)
    _print_notes(learned.takes.notes)
    centres = facts["centres"]
    print_facts([
        ("normal", "one way of running" if centres == 1 else f"{centres} ways of running"),
        ("left out", f"{facts['beyond']} of {number(facts['left_out'])} windows beyond the threshold, the furthest at "
                     f"{facts['largest_left_out']:.2f} of it"),
        ("on a board", f"{number(facts['flash_bytes'])} B of flash, {number(facts['arena_bytes'])} B of RAM")])
    say("wrote [bold]{}[/]", output)
    print_next(f"midge upload {output}", "on the board, midge.anomaly learns what is normal where it is")


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes[:MOST_LINES]:
        print_note(note)
    if len(notes) > MOST_LINES:
        print_note(f"and {len(notes) - MOST_LINES} more; --json lists them")


def _costs(trained: Outcome, board: str) -> tuple[Costs | None, str]:
    """Return what an answer costs on a board, or why that cannot be counted here."""
    from ..profiling.estimate import choose_core, estimate

    core = choose_core(None, board)
    try:
        return estimate(trained.blob, core), ""
    except UserError as error:
        return None, str(error)


def share_text(share: Share) -> str:
    """Return a share and its interval: "98.3 % (91 to 100)"."""
    low, high = share.interval
    return f"{share.value:.1%} ({low:.0%} to {high:.0%})"


def _headline(trained: Outcome, data: Path) -> None:
    """Say what it was trained on."""
    if isinstance(trained, TrainedSounds):
        heard = trained.fitted
        seconds = sum(clip.seconds for clip in trained.recordings)
        say("[bold]{}[/]: {} clips of {} classes, {:.1f} min in all, a window of {:.2f} s; trained in {:.0f} s", data,
            number(len(trained.recordings)), len(heard.takes.labels), seconds / 60, heard.window_s, heard.seconds)
    elif isinstance(trained, Trained):
        fitted = trained.fitted
        takes, windows, signal = fitted.takes.takes, fitted.windows, fitted.signal
        units = "/".join(dict.fromkeys(unit for unit in takes[0].units if unit))
        say("[bold]{}[/]: {} takes of {} classes, windows of {:.2f} s at {:.4g} Hz, {} axes{}; trained in {:.1f} s",
            data, number(len(takes)), len(fitted.takes.labels), windows.samples / signal.rate_hz, signal.rate_hz,
            len(signal.columns), f" in {units}" if units else "", fitted.seconds)
    else:
        say("[bold]{}[/]: {}; trained in {:.0f} s", data, trained.words.about, trained.facts()["seconds"])


def _print(trained: Outcome, data: Path, output: Path, costs: Costs | None, board: str | None, missing: str) -> None:
    judged = trained.judgement
    _headline(trained, data)
    _print_notes(trained.notes)
    print_facts(_facts(trained, costs, board))
    if missing:
        print_note(f"no instructions counted: {missing.splitlines()[0]}")
    _print_classes(trained)
    print_wrong(trained)
    for doubt in judged.suspicions[:MOST_LINES]:
        say("  [bold yellow]look[/]  {}: looks like {} ({:.2f}), hardly like {} ({:.2f}); mislabelled? Move or remove "
            "it", doubt.take.path, doubt.says, doubt.score, doubt.take.label, doubt.own_score)
    if len(judged.curve) > 1:
        say("with fewer takes a class: {}", ", ".join(f"{n}: {a:.1%}" for n, a in judged.curve))
    for line in judged.advice:
        say("  [bold green]better[/]  {}", line)
    say("wrote [bold]{}[/]", output)


def _facts(trained: Outcome, costs: Costs | None, board: str | None) -> list[tuple[str, str]]:
    judged, agreed = trained.judgement, trained.agreement
    low, high = judged.accuracy.interval
    words = trained.words
    kind = words.left_out
    facts: list[tuple[str, str]] = [
        (f"{kind} left out", mark("[bold]{:.1%}[/] {} ({}19 times in 20 it lies in {:.0%} to {:.0%})",
                                  judged.accuracy.value, words.measure,
                                  f"{judged.accuracy.right} of {judged.accuracy.count}; " if words.measure == "right"
                                  else "", low, high)),
        ("integers, floats", f"the same answer for {agreed.right} of {agreed.count} {words.rows}")]
    if isinstance(trained, Trained) and (patterns := len(trained.fitted.front.patterns)):
        without = [tried.accuracy for tried in trained.fitted.tried if not tried.patterns]
        facts.append(("features", f"moments and {patterns} patterns" + (
            f"; classes weighed alike, moments alone are {max(without):.1%} right" if without else "")))
    if judged.found_at_threshold is not None and judged.false_per_hour is not None:
        facts.append(("answers from", f"a score of {judged.threshold:.2f}: {judged.found_at_threshold.value:.0%} of "
                      f"{words.answered} are answered; false ones in an hour of made {words.made}: "
                      f"{judged.false_per_hour:.0f}"))
    if judged.recorded is not None:
        facts.append(("background", f"{judged.recorded.false} false answers in {judged.recorded.minutes:.1f} min that "
                      "it did not learn from"))
    if isinstance(trained, TrainedSounds) and (spoken := trained.fitted.spoken):
        facts.append(("names spoken", f"{spoken_text(spoken)}, to train on alone"))
    return [*facts, *picture_facts(trained), ("on a board", _board_text(trained, costs, board))]


def _board_text(trained: Outcome, costs: Costs | None, board: str | None) -> str:
    text = f"{number(len(trained.blob))} B of flash, {number(trained.conversion.plan.arena_size)} B of RAM"
    if costs is None:
        return f"{text}, {number(trained.conversion.macs)} multiplications an answer"
    text += f", {number(costs.profile.total.instructions)} instructions an answer"
    return text + _speed(costs, board)


def _speed(costs: Costs | None, board: str | None) -> str:
    """Return time and energy of an answer on a board, as they follow what was counted."""
    if costs is None or board is None:
        return ""
    name = load_board(board).name
    times = {row.name: seconds for row, seconds in costs.seconds()}
    energies = known_energies(costs)
    text = f", about {1000 * times[name]:.2f} ms on {name}" if name in times else ""
    return f"{text}, {interval(energies[name], joules)}" if name in energies else text


def _print_classes(trained: Outcome) -> None:
    judged, labels = trained.judgement, trained.labels
    rows = []
    for c in judged.classes:
        rows.append([c.name, str(c.takes), share_text(c.recall), _bar(c), share_text(c.precision),
                     _mistaken(trained, labels.index(c.name))])
    print_table(["class", trained.words.recordings, "found", "", "right when said", "taken for"], rows, right=(1,),
                whole=(0, 2, 3, 4))
    if len(never := [label for label in labels if is_quiet(label)]) > 1:
        none = "neither" if len(never) == 2 else "none"
        say("[dim]{} count as one: {} is ever answered[/]", " and ".join(never), none)


def _bar(c: ClassReport) -> str:
    full = round(BAR * c.recall.value)
    return mark("[green]{}[/][dim]{}[/]", "━" * full, "─" * (BAR - full))


def _mistaken(trained: Outcome, i: int) -> str:
    quiet = trained.quiet
    row = trained.judgement.confusion[i]
    wrong = [(n, j) for j, n in enumerate(row) if n and j != i and not (i in quiet and j in quiet)]
    return ", ".join(f"{trained.labels[j]} {n}x" for n, j in sorted(wrong, reverse=True)[:3])
