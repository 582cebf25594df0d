# SPDX-License-Identifier: MIT
"""The front ends mfcc and mel: against the formulas of TensorFlow's functions and librosa's, in floats."""

from __future__ import annotations

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.convert.front_end import read_front_end
from midge.convert.pipeline import convert_graph
from midge.graph import Tensor, sound
from midge.graph.builder import Builder
from midge.graph.mel import Mel
from midge.graph.sound import RATE_HZ
from midge.samples.sound_files import read_sound
from tests.support import SHARED
from tests.support.front_end import small_network

KWS = SHARED / "models/mlperf-tiny/kws_ref_model.tflite"
SPOKEN = SHARED / "data/speech_commands_10x30"
WORDS = ["down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "silence", "unknown"]


def tensorflow_bands(bands: int, bins: int, low: float, high: float) -> np.ndarray:
    """Return what tf.signal.linear_to_mel_weight_matrix documents: triangles on HTK's scale, no weight for the mean."""
    def mel(hz: float) -> float:
        return 1127 * float(np.log(1 + hz / 700))

    edges = np.linspace(mel(low), mel(high), bands + 2)
    found = np.zeros((bands, bins))
    for i in range(1, bins):
        at = mel(i * RATE_HZ / 2 / (bins - 1))
        for band in range(bands):
            left, top, right = edges[band:band + 3]
            found[band, i] = max(0, min((at - left) / (top - left), (right - at) / (right - top)))
    return found


def librosa_bands(bands: int, bins: int, low: float, high: float) -> np.ndarray:
    """Return what librosa.filters.mel documents: Slaney's scale, straight in hertz, each band of the same area."""
    def mel(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + float(np.log(hz / 1000) / (np.log(6.4) / 27))

    def hertz(mels: float) -> float:
        return mels * 200 / 3 if mels < 15 else 1000 * float(np.exp((mels - 15) * np.log(6.4) / 27))

    edges = [hertz(m) for m in np.linspace(mel(low), mel(high), bands + 2)]
    found = np.zeros((bands, bins))
    for i in range(bins):
        hz = i * RATE_HZ / 2 / (bins - 1)
        for band in range(bands):
            left, top, right = edges[band:band + 3]
            share = max(0, min((hz - left) / (top - left), (right - hz) / (right - top)))
            found[band, i] = share * 2 / (right - left)
    return found


def features_of(x: np.ndarray, front: Mel, matrix: np.ndarray) -> np.ndarray:
    """Return the features of sound, -1 to 1, in floats: [rows, channels]."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(front.frame) / front.frame)
    frames = np.stack([x[at:at + front.frame] for at in range(0, len(x) - front.frame + 1, front.hop)])
    spectra = np.abs(np.fft.rfft(frames * hann, front.fft)) ** (2 if front.power else 1)
    bands = np.log(spectra @ matrix.T + front.floor)
    if not front.coefficients:
        return np.asarray(bands)
    n = np.arange(front.bands)
    dct = np.array([np.cos(np.pi * k * (2 * n + 1) / (2 * front.bands)) for k in range(front.coefficients)])
    dct *= np.sqrt(2 / front.bands)
    if front.slaney:
        dct[0] /= np.sqrt(2)
    return np.asarray(bands @ dct.T)


def padded(x: np.ndarray, size: int) -> np.ndarray:
    """Return sound of a length, the end of which is silent or left out."""
    return np.pad(x[:size], (0, size - min(len(x), size)))


def ours(pcm: np.ndarray, front: Mel) -> np.ndarray:
    """Return the features of int16 samples on the core that boards run."""
    build, rows = Builder("features"), (len(pcm) - front.frame) // front.hop + 1
    x = Tensor("sound", (front.hop,), "int16")
    model = midge.Model(convert_graph(build.graph([x], [sound.features(build, x, front, None, "float32")]), [], "f",
                                      0).blob)
    found, out = [], bytearray(4 * front.channels)
    for at in range(0, rows * front.hop + front.frame - front.hop, front.hop):
        model.run([padded(pcm[at:at + front.hop], front.hop).tobytes()], [out])
        found.append(np.frombuffer(bytes(out), np.float32))
    return np.stack(found)


KINDS = ["mfcc", "mel", "mfcc:count=0,bands=40,low=125,high=7500", "mel:count=13,bands=32,step=16,window=32",
         "mel:power=1,bands=20,high=4000,window=16,step=8", "mfcc:scale=slaney,power=2,count=20"]


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_floats(kind: str) -> None:
    front = read_front_end(kind)
    assert isinstance(front, Mel)
    made = librosa_bands if front.slaney else tensorflow_bands
    matrix = made(front.bands, front.fft // 2 + 1, front.low_hz, front.high_hz)
    np.testing.assert_allclose(front.triangles(), matrix, atol=1e-9)
    rng, t = np.random.default_rng(1), np.arange(RATE_HZ // 2) / RATE_HZ
    for loud, most in ((0.9, 0.2), (0.05, 0.3)):
        tones = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * 1900 * t * (1 + t))
        x = tones + rng.normal(0, 0.1, len(t))
        pcm = np.int16(np.round(loud * 32767 * np.clip(x, -1, 1)))
        wanted = features_of(np.concatenate([np.zeros(front.frame - front.hop), pcm / 32768]), front, matrix)
        found = ours(pcm, front)
        apart = np.abs(found[:len(wanted)] - wanted[:len(found)])[front.frame // front.hop + 1:]
        assert apart.mean() < 0.03 and apart.max() < most


@pytest.mark.skipif(not (KWS.exists() and SPOKEN.exists()), reason=f"no {SHARED}; set SHARED=<dir>")
def test_a_keyword_network_takes_samples() -> None:
    """MLPerf Tiny's network finds in sound, a tenth of a second at a time, what it finds in features of floats."""
    front = read_front_end("mfcc")
    assert isinstance(front, Mel)
    matrix, network = tensorflow_bands(40, 257, 20, 4000), midge.Model(convert(KWS).blob)
    x, chain = network.inputs[0], midge.Model(convert(KWS, front_end="mfcc", labels=WORDS).blob)
    assert chain.inputs[0].shape == (1600,)
    alike, right, out = [], [], bytearray(len(WORDS))
    for path in sorted(path for word in WORDS for path in (SPOKEN / word).glob("*.wav")):
        spoken = padded(read_sound(path).mono, RATE_HZ)
        pcm = np.int16(np.round(spoken * (32767 / np.abs(spoken).max())))
        features = features_of(pcm / 32768, front, matrix)
        raw = np.clip(np.round(features / x.scale) + x.zero_point, -128, 127).astype(np.int8)
        network.run([raw.tobytes()], [out])
        wanted = WORDS[np.frombuffer(out, np.int8).argmax()]
        chain.reset()
        for at in range(0, RATE_HZ, 1600):
            chain.run([pcm[at:at + 1600].tobytes()], [out])
        said = WORDS[np.frombuffer(out, np.int8).argmax()]
        alike.append(said == wanted)
        right.append(said == path.parent.name)
    assert len(alike) >= 70 and np.mean(alike) >= 0.95 and np.mean(right) >= 0.9


def test_a_network_of_other_features_takes_samples_on_the_host() -> None:
    made = convert(small_network(3), front_end="mel:bands=40,step=20", name="net")
    assert made.conversion.program.graph.metadata["stream.hop"] == "960"
    (tensor,) = midge.load(made.blob).inputs
    assert (tensor.dtype, tensor.shape) == ("int16", (960,))
