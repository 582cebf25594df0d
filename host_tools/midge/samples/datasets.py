# SPDX-License-Identifier: MIT
"""Read samples and their labels from what people have: .npy, .npz, .csv, or folders of .wav, .csv, .png or .jpg.

A folder has one folder per class in it. Values stay in the units that the file gives, except pictures (see pixels) and
sound, which is read as -1 to 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import UserError, visible
from ..graph.sight import pixel_scale, pixel_units
from ..limits import check_unpacked
from .camera_pictures import View, read_as_camera
from .faults import noted, raise_faults
from .picture_files import PICTURES, is_picture, read_picture
from .sound_files import SOUNDS, read_sound
from .text import Splitter, number, read_text

TARGET_NAMES = ("y", "label", "labels", "target", "targets", "classes")
TABLES = (".csv", ".txt")
FEW = 16  # calibration samples below which ranges are guesses


class Input(Protocol):
    """A model's input: a tensor of a graph or of a file."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def scale(self) -> float:
        """Return the per-tensor scale; 0 where not quantised."""
        ...

    @property
    def zero_point(self) -> int:
        """Return the per-tensor zero point; 0 where not quantised."""
        ...


@dataclass
class Dataset:
    """Samples for each input of a model as arrays [samples, *shape], and their labels, one per sample, or None."""

    inputs: list[np.ndarray]
    targets: np.ndarray | None = None
    classes: list[str] = field(default_factory=list)  # names of the class numbers in targets, where known
    notes: list[str] = field(default_factory=list)  # what the user may want to know
    title: str = "samples"

    def __len__(self) -> int:
        return len(self.inputs[0])


def read_dataset(
    source: str | Path | np.ndarray | tuple[Any, ...] | Sequence[np.ndarray] | Dataset, inputs: Sequence[Input],
    labels: Sequence[str] = (), pixels: str | None = None, view: View | None = None,
) -> Dataset:
    """Return samples for the inputs of a model: float32 [samples, *shape], checked to be finite and of the right size.

    source: a path (`file.npz:name` takes one array of several), arrays [samples, ...] for each input, or a Dataset.
    labels: the model's class names, to which folders are matched. pixels: the units of pictures, for pixel_scale; by
    default what the input's scale tells. view: what a model takes pictures as. Raises UserError.
    """
    if isinstance(source, Dataset):
        found = source
    elif isinstance(source, np.ndarray):
        found = Dataset([source])
    elif isinstance(source, (str, Path)):
        found = _from_path(source, inputs, labels, pixels, view=view)
    else:
        found = Dataset([np.asarray(x) for x in source])
    _check_count(found, inputs)
    shaped = [_samples(x, tensor, found.title) for x, tensor in zip(found.inputs, inputs, strict=True)]
    found.inputs = [_finite(x, found.title) for x in shaped]
    if found.targets is not None and len(found.targets) != len(found):
        raise UserError(f"{found.title}: {len(found.targets)} labels for {len(found)} samples; give each sample one")
    return _same_length(found)


def read_vectors(
    source: str | Path, inputs: Sequence[Input], view: View | None = None, pixels: str | None = None
) -> list[np.ndarray]:
    """Return what a file or folder holds for each input of a model, [runs, *shape] in the file's own dtype.

    It takes what read_dataset refuses: a recording of another shape is cut into as many runs as it holds, values may
    be NaN, and of several arrays in an .npz file of which none is called x the first one counts. view: what a model
    takes pictures as; pixels: their units. Raises UserError.
    """
    found = _from_path(source, inputs, pixels=pixels, guess=True, view=view)
    _check_count(found, inputs)
    found.inputs = [_cut(x, t, found.title) for x, t in zip(found.inputs, inputs, strict=True)]
    return _same_length(found).inputs


def _from_path(
    source: str | Path, inputs: Sequence[Input], labels: Sequence[str] = (), pixels: str | None = None,
    guess: bool = False, view: View | None = None,
) -> Dataset:
    path, key = _split(str(source))
    reader = _Reader(inputs[0], pixels, view)
    found = (_from_folder(path, inputs, labels, reader) if path.is_dir()
             else Dataset([reader.read(path)[None]]) if is_picture(path)
             else _from_file(path, key, inputs, guess))
    found.title = str(source)
    return found


def _split(text: str) -> tuple[Path, str | None]:
    """Return a path, and the array's name after a colon."""
    path, colon, key = text.rpartition(":")
    return (Path(path), key) if colon and Path(path).suffix == ".npz" else (Path(text), None)


# Arrays


def _from_file(path: Path, key: str | None, inputs: Sequence[Input], guess: bool) -> Dataset:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                check_unpacked(sum(info.file_size for info in archive.zip.infolist()))
                arrays = {name: archive[name] for name in archive.files}
            return _from_archive(path, arrays, key, inputs, guess)
        if path.suffix == ".npy":
            return Dataset([load_array(path)])
        if path.suffix in TABLES:
            return Dataset([read_table(path)])
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error
    except Exception as error:  # numpy, zipfile and zlib fail in many ways
        raise UserError(f"{path}: no numbers could be read from it ({error})") from error
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; check the path")
    also = "; what a model hears in a sound, midge evaluate --events tells" if path.suffix.lower() in SOUNDS else ""
    raise UserError(f"{path}: samples can be .npy, .npz, .csv or a folder with one folder per class, "
                    f"not '{path.suffix}'{also}")


def load_array(path: Path) -> np.ndarray:
    """Return a .npy file's array; mapped first, for which the file has to hold what its header says.

    Raises what numpy raises, which is much.
    """
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise ValueError("it does not begin as a .npy file does")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers by Python 2, which are read all the same
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))


def _from_archive(
    path: Path, arrays: dict[str, np.ndarray], key: str | None, inputs: Sequence[Input], guess: bool
) -> Dataset:
    targets = next((arrays[name] for name in TARGET_NAMES if name in arrays), None)
    others = {name: a for name, a in arrays.items() if name not in TARGET_NAMES and a.dtype.kind in "iufb" and a.ndim}
    if key is not None:
        if key not in arrays:
            raise UserError(f"{path}: holds no array '{key}'; it has {', '.join(arrays)}")
        return Dataset([arrays[key]], targets)
    if len(inputs) > 1:
        for names in ([t.name for t in inputs], [f"input_{i}" for i in range(len(inputs))],
                      [f"x{i}" for i in range(len(inputs))]):
            if all(name in others for name in names):
                return Dataset([others[name] for name in names], targets)
        raise UserError(f"{path}: the model has the inputs {', '.join(t.name for t in inputs)}; name the arrays so, or "
                        f"input_0, input_1, ...; it has {', '.join(arrays) or 'none'}")
    fitting = [name for name, a in others.items() if len(a) and a[0].size == _elements(inputs[0])]
    chosen = ["x"] if "x" in others else fitting if len(fitting) == 1 else list(others) if len(others) == 1 else []
    if guess and not chosen:
        chosen = [*fitting, *others][:1]
    if len(chosen) != 1:
        raise UserError(f"{path}: which of its arrays are the samples: {', '.join(others) or 'it has none'}? "
                        f"Name one: {path}:{next(iter(fitting or others), 'x')}")
    return Dataset([others[chosen[0]]], targets)


def read_table(path: Path) -> np.ndarray:
    """Return a .csv file's numbers, float32 [rows, columns], without its line of names. Raises UserError.

    Columns are set apart by commas, semicolons, tabs or spaces; beside semicolons and tabs, a comma is a decimal point.
    """
    rows = [(at, line) for at, line in enumerate(read_text(path).splitlines(), 1)
            if line.strip(" \t,;") and not line.lstrip().startswith("#")]
    split = Splitter([line for _, line in rows[:20]])
    if rows and all(number(field) is None for field in split(rows[0][1])):
        del rows[0]  # names
    values: list[list[float]] = []
    for at, line in rows:
        found = []
        for i, text in enumerate(split(line), 1):
            value = number(text)
            if value is None:
                raise UserError(f"{path}:{at}: '{visible(text[:40])}' in column {i} is no number; leave out columns of "
                                "text (labels go into an .npz file as y, or are names of folders)")
            found.append(value)
        if values and len(found) != len(values[0]):
            raise UserError(f"{path}:{at}: {len(found)} values in this line, {len(values[0])} above; write as many in "
                            "each")
        values.append(found)
    return np.array(values, np.float32).reshape(len(values), -1)


# Folders


def _from_folder(path: Path, inputs: Sequence[Input], labels: Sequence[str], reader: _Reader) -> Dataset:
    if len(inputs) != 1:
        raise UserError(f"{path}: a folder of samples feeds one input, the model has {len(inputs)}; give an .npz file")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    names = [p.name for p in folders]
    files: list[tuple[Path, int]] = []
    if not folders:
        files = [(p, -1) for p in _files(path)]
        if not files:
            raise UserError(f"{path}: no samples in this folder; put one folder per class into it, "
                            f"with {', '.join((*PICTURES, *SOUNDS, '.csv'))} files")
    classes = names
    if labels and folders:
        strange = [name for name in names if name not in labels]
        if strange:
            raise UserError(f"{path}: the folder '{strange[0]}' is none of the model's labels ({', '.join(labels)}); "
                            "name each folder like a label")
        classes = list(labels)
    for folder in folders:
        inside = _files(folder)
        if not inside:
            raise UserError(f"{folder}: no samples in this class's folder; fill it or remove it")
        files += [(p, classes.index(folder.name)) for p in inside]
    samples, faults = list[np.ndarray](), list[str]()
    for p, _ in files:
        with noted(faults):
            samples.append(reader.read(p))
    raise_faults(faults, "samples")
    return Dataset([np.stack(samples)], np.array([k for _, k in files]) if folders else None, classes, reader.notes)


def _files(folder: Path) -> list[Path]:
    known = (*SOUNDS, *TABLES, ".npy")
    return sorted(p for p in folder.iterdir()
                  if is_picture(p) or (p.suffix.lower() in known and not p.name.startswith(".")))


class _Reader:
    """Reads one file as one sample of an input."""

    def __init__(self, tensor: Input, pixels: str | None, view: View | None = None) -> None:
        self.input, self.notes = tensor, list[str]()
        if pixels is not None:
            pixel_scale(pixels)
        self.pixels, self.view = pixels, view

    def read(self, path: Path) -> np.ndarray:
        suffix = path.suffix.lower()
        try:
            values = (self._picture(path) if is_picture(path) else self._sound(path) if suffix in SOUNDS
                      else load_array(path) if suffix == ".npy" else read_table(path))
        except UserError:
            raise
        except Exception as error:  # what libraries make of damaged files
            raise UserError(f"{path}: cannot be read as a sample ({error}); replace or remove it") from error
        if values.size != _elements(self.input):
            raise UserError(f"{path}: holds {values.size} values {list(values.shape)}; the input '{self.input.name}' "
                            f"wants {list(self.input.shape)} ({_elements(self.input)} values); "
                            + ("a network on spectrograms wants those, not sound" if suffix in SOUNDS else
                               "cut the samples to that length"))
        return values.reshape(self.input.shape)

    def _picture(self, path: Path) -> np.ndarray:
        if self.view is not None:
            return read_as_camera(path, self.view)
        shape = self.input.shape[1:] if len(self.input.shape) == 4 else self.input.shape
        if len(shape) != 3 or shape[2] not in (1, 3):
            raise UserError(f"{path}: a picture for the input '{self.input.name}' {list(self.input.shape)}; "
                            "pictures need [1, height, width, 1 or 3]")
        pixels = read_picture(path, grey=shape[2] == 1)
        if pixels.shape[:2] != tuple(shape[:2]):
            raise UserError(f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels; the network takes "
                            f"{shape[1]} x {shape[0]}: resize the pictures as those that it was trained on")
        values = pixels.astype(np.float32)
        divisor, minus = pixel_scale(self._units())
        if len(divisor) not in (1, shape[2]):
            raise UserError(f"{path}: units of {len(divisor)} channels; the network takes {shape[2]}: say --pixels")
        return np.asarray(values / divisor - minus)

    def _units(self) -> str:
        if self.pixels is None:
            t = self.input
            self.pixels, note = pixel_units(t.name, t.dtype, t.scale, t.zero_point)
            self.notes.append(note)
        return self.pixels

    def _sound(self, path: Path) -> np.ndarray:
        return read_sound(path).mono


# Checks


def _channels_last(x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return samples [n, C, H, W], as networks from PyTorch take them, as [n, H, W, C] if that is the input's shape."""
    first = (shape[-1], *shape[1:-1]) if len(shape) > 2 else ()
    return np.moveaxis(x, 1, -1) if first and x.shape[1:] == first != tuple(shape[1:]) else x


def _elements(tensor: Input) -> int:
    return int(np.prod(tensor.shape, dtype=np.int64))


def _check_count(data: Dataset, inputs: Sequence[Input]) -> None:
    if len(data.inputs) != len(inputs):
        raise UserError(f"{data.title}: arrays for {len(data.inputs)} inputs; the model has {len(inputs)}: "
                        f"{', '.join(t.name for t in inputs)}")


def _same_length(data: Dataset) -> Dataset:
    if len({len(x) for x in data.inputs}) > 1:
        raise UserError(f"{data.title}: {' and '.join(str(len(x)) for x in data.inputs)} samples for the inputs; "
                        "give each the same number")
    return data


def _samples(x: np.ndarray, tensor: Input, title: str) -> np.ndarray:
    """Return an array of samples as [samples, *shape]. Raises UserError where it is not of that size."""
    if x.dtype.kind not in "iufb":
        raise UserError(f"{title}: values of dtype {x.dtype}; numbers are wanted, as float32")
    wanted = _elements(tensor)
    if x.ndim and x.size == wanted and x.shape[:1] != (1,) and x[0].size != wanted:
        x = x[None]  # one sample
    if not x.ndim or not len(x):
        raise UserError(f"{title}: no samples in it")
    if x[0].size != wanted:
        raise UserError(f"{title}: samples of shape {list(x.shape[1:])} ({x[0].size} values); the input "
                        f"'{tensor.name}' wants {list(tensor.shape)} ({wanted} values), one sample per row")
    return _channels_last(x, tensor.shape).reshape(len(x), *tensor.shape)


def _cut(x: np.ndarray, tensor: Input, title: str) -> np.ndarray:
    """Return an array of any shape, cut into runs [runs, *shape]. Raises UserError where it does not come out even."""
    wanted = _elements(tensor)
    if x.dtype.kind not in "iufb" or not x.size or x.size % wanted:
        raise UserError(f"{title}: holds {x.size} values of {x.dtype} {list(x.shape)}; "
                        f"the model wants {wanted} numbers per run")
    return _channels_last(x, tensor.shape).reshape(-1, *tensor.shape)


def _finite(x: np.ndarray, title: str) -> np.ndarray:
    """Return samples as float32. Raises UserError for NaN and infinity."""
    real = np.asarray(x, np.float32)
    finite = np.isfinite(real.reshape(len(real), -1)).all(axis=1)
    if not finite.all():
        raise UserError(f"{title}: {(~finite).sum()} of {len(real)} samples hold NaN or infinity, first sample "
                        f"{int(np.argmin(finite))}; leave them out")
    return real


def check_calibration(data: Dataset) -> list[str]:
    """Refuse samples from which no ranges can be learnt; return warnings about doubtful ones."""
    warnings = []
    for x in data.inputs:
        rows = x.reshape(len(x), -1)
        if rows.shape[1] > 1:
            flat = rows.max(axis=1) == rows.min(axis=1)
            if flat.all():
                raise UserError(f"{data.title}: every sample is constant (all its values are alike); "
                                "give samples like those that the network will see")
            if flat.any():
                warnings.append(f"{int(flat.sum())} of {len(x)} samples are constant, first sample "
                                f"{int(np.argmax(flat))}; are they recordings?")
        elif len(rows) > 1 and rows.max() == rows.min():
            raise UserError(f"{data.title}: every sample is {rows.flat[0]:g}; give samples that differ")
        reach = float(np.abs(rows).max())
        if reach > 1e6:
            raise UserError(f"{data.title}: values up to {reach:.3g}; give them in the units that the network was "
                            "trained on, as scaled for training")
        if len(rows) > 1 and (rows == rows[0]).all():
            raise UserError(f"{data.title}: all {len(rows)} samples are the same; give samples that differ")
    if len(data) < FEW:
        warnings.append(f"only {len(data)} calibration samples: ranges are guesses; give {FEW} or more, better 100")
    return warnings


def check_range(data: Dataset, inputs: Sequence[Input]) -> list[str]:
    """Return warnings about samples that are no numbers, or that a quantised input cannot hold."""
    warnings = []
    for given, tensor in zip(data.inputs, inputs, strict=True):
        x = np.asarray(given, np.float32)
        finite = np.isfinite(x)
        if not finite.all():
            warnings.append(f"{np.count_nonzero(~finite)} of {x.size} values are NaN or infinite, which answers cannot "
                            "be told from; leave them out")
        x = x[finite]
        if tensor.dtype not in ("int8", "uint8", "int16") or not tensor.scale or not x.size:
            continue
        limits = np.iinfo(tensor.dtype)
        low, high = (tensor.scale * (q - tensor.zero_point) for q in (int(limits.min), int(limits.max)))
        outside = float(((x < low - tensor.scale) | (x > high + tensor.scale)).mean())
        used = float((x.max() - x.min()) / (high - low))
        if outside > 0.05:
            warnings.append(f"{outside:.0%} of the values lie outside of {low:.4g} to {high:.4g}, which is all that "
                            f"'{tensor.name}' can hold; give them in the units that the network was trained on")
        elif used < 0.02 and x.max() > x.min():
            warnings.append(f"the values span {x.min():.3g} to {x.max():.3g}, a small part of the {low:.4g} to "
                            f"{high:.4g} of '{tensor.name}'; give them in the units that the network was trained on")
    return warnings
