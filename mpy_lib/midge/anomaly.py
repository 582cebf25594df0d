# SPDX-License-Identifier: MIT
"""Tell when a machine is no longer what it was: learn where the sensor is now what is normal, and how far is too far.

    from midge.anomaly import Anomaly
    fan = Anomaly(midge.load("fan.midge"), "fan.state")     # a model of midge train --normal
    for score in fan.stream(imu):                           # None while it learns
        if fan.alarm:
            print("not normal", score)

A score is a distance in thresholds: from 1 on it is not normal. Of the windows that are learned from, one half gives
the mean and the deviation of each feature; the distances of the other half give the threshold, which a normal window
exceeds once in `rarity` if the largest tenth of distances falls off exponentially. Normal windows move the means on,
slowly, as bearings warm up and dust settles; what is not normal moves nothing.
"""

import os
import struct
from array import array
from binascii import crc32
from math import log, sqrt

_MOST = 8  # deviations that a feature counts for
_HEAD = "<4sHf"
_TAIL = 0.1  # share of the distances that tell how they fall off


def _content(path):
    """Return the bytes of a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


class Anomaly:
    """What is normal for a machine; `alarm` tells whether it is not.

    model   a model of midge train --normal
    path    where what has been learned is kept, and found after a reset; None keeps it in RAM alone
    learn   from how many windows to learn; 0 takes what is normal from the file
    rarity  once in how many normal windows the threshold may be exceeded
    pace    by what share of the difference a normal window moves the means
    votes   (k, n): an alarm is k of the last n windows beyond the threshold

    left is how many windows are still to be learned from. Raises ValueError where path is damaged or of another model.
    """

    def __init__(self, model, path=None, learn=200, rarity=1000, pace=0.01, votes=(3, 5)):
        if model._n_outputs != 2 or (learn and learn < 40):
            raise ValueError("wanted a model of midge train --normal, and 40 windows or more to learn from")
        self._model, self._path, self._learn, self._rarity, self._pace = model, path, learn, rarity, pace
        self._votes, self._latest, self._turn = votes[0], bytearray(votes[1]), 0
        n = model.outputs[1].shape[-1]
        self._mean, self._deviation = array("f", [0] * n), array("f", [0] * n)
        self._threshold = 0
        self._distances = None
        self.alarm = False
        self.left = learn
        if path and learn:
            self._restore()

    def __call__(self, samples):
        """Judge a window of samples in the units that the model was trained on; return its score, or None."""
        return self.take(self._model(samples))

    def stream(self, source, hop=None):
        """Yield the score of each window of a sensor, None while it learns; source and hop as model.stream() has."""
        for result in self._model.stream(source, hop, every=True):
            yield self.take(result)

    def take(self, result):
        """Judge, or learn from, the Result of a window; return its score, or None."""
        x = result.outputs[1]
        if self.left:
            self._learn_from(x)
            return None
        score = self._distance(x) / self._threshold if self._learn else result.outputs[0][0]
        far = score >= 1
        self._latest[self._turn] = far
        self._turn = (self._turn + 1) % len(self._latest)
        self.alarm = sum(self._latest) >= self._votes
        if self._learn and not far and not self.alarm:
            mean, pace = self._mean, self._pace
            for i in range(len(mean)):
                mean[i] += pace * (x[i] - mean[i])
        return score

    def relearn(self):
        """Forget what is normal, as after the sensor has been mounted anew."""
        self.left = self._learn
        for i in range(len(self._mean)):
            self._mean[i] = self._deviation[i] = 0
        for i in range(len(self._latest)):
            self._latest[i] = 0
        self.alarm = False

    def save(self):
        """Keep what has been learned up to now in the file, which a power cut leaves whole, old or new."""
        body = struct.pack(_HEAD, b"mga1", len(self._mean), self._threshold)
        body += bytes(self._mean) + bytes(self._deviation)
        aside = self._path + ".new"
        with open(aside, "wb") as file:
            file.write(body)
            file.write(struct.pack("<I", crc32(body) & 0xFFFFFFFF))
        try:
            os.rename(aside, self._path)
        except OSError:  # FAT renames over nothing
            os.remove(self._path)
            os.rename(aside, self._path)

    def _restore(self):
        """Take what save has kept. On FAT power may have failed within its last two lines."""
        aside = self._path + ".new"
        body, new = _content(self._path), _content(aside)
        if not body and new and self._holds(new):
            os.rename(aside, self._path)
            body = new
        if not body:
            return
        if not self._holds(body):
            raise ValueError("%s is damaged or of another model; remove it to learn anew" % self._path)
        n, at = len(self._mean), struct.calcsize(_HEAD)
        self._threshold = struct.unpack(_HEAD, body[:at])[2]
        self._mean, self._deviation = array("f", body[at : at + 4 * n]), array("f", body[at + 4 * n : at + 8 * n])
        self.left = 0
        if new == body and _content(aside):  # two names of the same blocks, of which a write would free the other's
            os.remove(aside)
            os.remove(self._path)
            self.save()

    def _holds(self, body):
        """Tell whether the bytes are a whole file of such a model."""
        n, at = len(self._mean), struct.calcsize(_HEAD)
        whole = len(body) == at + 8 * n + 4 and struct.unpack("<I", body[-4:])[0] == crc32(body[:-4]) & 0xFFFFFFFF
        return whole and struct.unpack(_HEAD, body[:at])[:2] == (b"mga1", n)

    def _learn_from(self, x):
        """Welford's means and squares of half of the windows, then distances of the other half."""
        mean, squares = self._mean, self._deviation
        first = self._learn // 2
        done = self._learn - self.left
        self.left -= 1
        if done < first:
            for i in range(len(mean)):
                off = x[i] - mean[i]
                mean[i] += off / (done + 1)
                squares[i] += off * (x[i] - mean[i])
            if done == first - 1:
                for i in range(len(mean)):
                    squares[i] = max(sqrt(squares[i] / first), 1)
                self._distances = array("f", [0] * (self._learn - first))
            return
        self._distances[done - first] = self._distance(x)
        if self.left == 0:
            self._distances[0] = max(threshold(self._distances, self._rarity), 1)  # one deviation is always normal
            self._threshold = self._distances[0]  # rounded as in the file
            self._distances = None
            if self._path:
                self.save()

    def _distance(self, x):
        """Return the root of the mean square of deviations."""
        mean, deviation, total = self._mean, self._deviation, 0
        for i in range(len(mean)):
            z = min(abs(x[i] - mean[i]) / deviation[i], _MOST)
            total += z * z
        return sqrt(total / len(mean))


def threshold(distances, rarity):
    """Return the distance that one in `rarity` exceeds, if what exceeds nine tenths of them falls off exponentially."""
    known = sorted(distances)
    tail = max(int(len(known) * _TAIL), 2)
    start = known[-tail - 1]
    excess = sum([d - start for d in known[-tail:]]) / tail
    return start + excess * max(log(rarity * tail / len(known)), 0)
