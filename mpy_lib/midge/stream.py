# SPDX-License-Identifier: MIT
"""Answer a stream of samples: a window slides over them, and the network runs on it once per hop.

    for r in wand.stream(imu):                # a sensor, such as midge.sensors.find(i2c)
        print(r.label)
    async for r in wand.stream(imu): ...      # the same, and other tasks run meanwhile
    for r in wand.stream(imu.read): ...       # or any function that returns the next values

The window is one buffer of the input's size; samples are quantised as they arrive. At each hop the network runs and its
scores are smoothed: score += (1 - smoothing) * (new - score). A label is sure when its score is the highest and reaches
`threshold` in k of the last n windows. Its Result is yielded when its score no longer rises, once, until it has been
sure no more. Where the model has labels that are never answered, the same label comes again only after one of them has
had the highest score: what looks like a gesture over and over, as steps may, is answered once at most. Samples of a
sensor allocate nothing, nor do windows in which nothing is sure.
"""

from array import array

from .result import Result
from .answers import Answers, bytes_of, elements


class Stream(Answers):
    """Results, one at a time, for `for` and `async for`; Model.stream() makes it.

    samples  how many samples have come
    lost     how often samples were lost because nobody took them in time; the window then starts afresh
    """

    def __init__(self, model, source, hop, smoothing, threshold, every, votes, refractory_ms):
        core = model._core
        if model._n_inputs != 1:
            raise ValueError("a stream feeds one input, this model has %d" % model._n_inputs)
        if hop is not None and (hop < 1 or hop != int(hop)):
            raise ValueError("hop is %r, wanted a whole number, 1 or more" % (hop,))
        if smoothing is not None and not 0 <= smoothing < 1:
            raise ValueError("smoothing is %r, wanted 0 or more, less than 1" % (smoothing,))
        known = core.metadata()
        self._model, self._core, self._every = model, core, every
        _, dtype, shape, _, _ = core.input(0)
        self._wanted = elements(shape)
        self._window = bytearray(self._wanted * bytes_of(dtype))
        self._scores = array("f", bytes(4 * elements(core.output(0)[2])))
        rate_hz = self._connect(source, known)
        self._hop = self._hop_in_values(hop, known, rate_hz, callable(source))
        if self._sensor:
            self._take_bursts(rate_hz)
        if votes is None:
            votes = tuple([int(n) for n in known.get("stream.votes", "1/1").split("/")])
            if smoothing is None and "stream.votes" in known:
                smoothing = 0
        elif smoothing is None:
            smoothing = 0
        self._votes, self._latest, self._turn = votes[0], [-1] * votes[1], 0
        self._later = 0.5 if smoothing is None else 1 - smoothing
        self._weight = 1  # the first window has nothing to be smoothed with
        self._threshold = float(known.get("stream.threshold", "0.5").split(",")[0]) if threshold is None else threshold
        quiet = known.get("stream.quiet")
        self._quiet = [model.labels.index(label) for label in quiet.split(",")] if quiet else []
        self._rest = self._rest_in_values(refractory_ms, known, rate_hz)
        self._held = self._fresh = self.samples = self.lost = 0
        self._label = self._last = -1
        self._resting = 0
        self._calm = True
        self._candidate = None
        self._open = self._ended = False

    def _connect(self, source, known):
        """Say how values come, and refuse a sensor that is not what the network was trained on; return its rate."""
        self._read = source if callable(source) else source.read
        self._sensor = None  # what gives raw samples in bursts
        trained = known.get("sensor.rate_hz")
        rate_hz = float(trained) if trained else None
        columns = known.get("sensor.columns")
        shape = self._core.input(0)[2]
        self._width = len(columns.split(",")) if columns else shape[-1] if len(shape) > 2 else 1  # values in a sample
        if callable(source):
            return rate_hz
        has = getattr(source, "rate_hz", None)
        if has and rate_hz and abs(has - rate_hz) > 0.1 * rate_hz:
            raise ValueError("the sensor gives %g samples a second, the network was trained on %g" % (has, rate_hz))
        for key, what in (("columns", "measures"), ("units", "is in")):
            wanted, found = known.get("sensor." + key), getattr(source, key, None)
            if wanted and found and ",".join(found) != wanted:
                raise ValueError("the sensor %s %s, the network was trained on %s" % (what, ",".join(found), wanted))
        wanted, found = known.get("sensor.range"), getattr(source, "range", None)
        if wanted and found and min([a - float(b) for a, b in zip(found, wanted.split(","))]) < 0:
            found = ",".join(["%g" % a for a in found])
            raise ValueError("the sensor's range is %s, the network was trained on %s" % (found, wanted))
        if hasattr(source, "columns"):
            self._width = len(source.columns)
        if self._wanted % self._width or (len(shape) > 2 and self._width not in shape[1:]):
            raise ValueError("a sample has %d values, the window is %s" % (self._width, list(shape)))
        if hasattr(source, "read_into"):
            self._sensor = source
        return has or rate_hz

    def _hop_in_values(self, hop, known, rate_hz, is_function):
        width = self._width
        if hop is not None:
            hop = hop if is_function else hop * width
        elif "stream.hop" in known:
            hop = int(known["stream.hop"]) * width
        elif is_function or not rate_hz:
            hop = self._wanted // width // 4 * width
        else:
            hop = int(rate_hz / 10) * width
        return max(hop, 1 if is_function else width)

    def _take_bursts(self, rate_hz):
        """Prepare to take raw samples in bursts: no more than the window holds, nor than a FIFO of 32."""
        most = min(32, self._wanted // self._width)
        self._raw = array("h", [0] * (most * self._width))
        self._bursts = [memoryview(self._raw)[: n * self._width] for n in range(most + 1)]
        self._wait_ms = max(int(1000 * min(self._hop // self._width, 4) / rate_hz), 1) if rate_hz else 5
        self._sensor.clear()

    def _rest_in_values(self, refractory_ms, known, rate_hz):
        if refractory_ms is None:
            refractory_ms = int(known.get("stream.refractory_ms", 0))
        if not refractory_ms:
            return 0
        if not rate_hz:
            raise ValueError("refractory_ms needs a sensor that tells its rate_hz, or a model that does")
        return int(refractory_ms * rate_hz * self._width / 1000)

    def _take(self):
        """Push the next values into the window and return how many; None at the end."""
        sensor = self._sensor
        if not sensor:
            values = self._read()
            if values is None:
                return None
            pushed = self._core.push(self._window, values)
            self.samples += pushed // self._width
            return pushed
        room = self._wanted - self._held or self._hop - self._fresh
        n = sensor.read_into(self._raw, room // self._width)
        if sensor.overflow:
            sensor.clear()
            self.lost += 1
            self._held = self._fresh = 0
            return 0
        self._gave(n, sensor)
        if n == 0:
            return 0
        self.samples += n
        return self._core.push(self._window, self._bursts[n], 0, sensor.scales)

    def _advance(self, pushed):
        """Run the network where a hop is full; return a Result or None."""
        self._fresh += pushed
        self._held = min(self._held + pushed, self._wanted)
        if self._held < self._wanted or self._fresh < self._hop:
            return None
        passed, self._fresh = self._fresh, 0
        self._core.run(self._window)
        best = self._core.smooth(self._scores, self._weight, self._threshold)
        self._weight = self._later
        self._resting = max(self._resting - passed, 0)
        if not self._calm:
            self._calm = self._is_calm()
        answer = self._decide(self._sure(best))
        if not self._every:
            return answer
        result = self._result()
        result.answer = answer
        if best < 0 and self._model._n_labels:
            result.label = "uncertain"
        return result

    def _sure(self, best):
        """Return the label that won k of the last n windows, -1 for none."""
        latest = self._latest
        latest[self._turn] = best
        self._turn = self._turn + 1 if self._turn + 1 < len(latest) else 0
        if best >= 0 and latest.count(best) >= self._votes:
            return best
        return self._label if self._label >= 0 and latest.count(self._label) >= self._votes else -1

    def _decide(self, sure):
        """Return the Result of a label whose score has been at its highest, or None."""
        answer = None
        if sure != self._label:
            answer, self._candidate = self._answer(), None
            self._label = sure
            self._open = sure >= 0 and sure not in self._quiet and (
                sure != self._last or (self._calm and not self._resting)
            )
        if not self._open or self._resting:
            return answer
        if self._candidate is None or self._scores[sure] > self._candidate.scores[sure]:
            self._candidate = self._result()
        else:
            answer = self._answer()
        return answer

    def _answer(self):
        """Return the candidate, which then is one no more."""
        answer = self._candidate
        if answer is not None:
            self._candidate = None
            self._open = False
            self._last, self._resting = self._label, self._rest
            self._calm = not self._quiet
        return answer

    def _is_calm(self):
        """Tell whether a label that is never answered has the highest score."""
        scores = self._scores
        return max([scores[label] for label in self._quiet]) >= max(scores)

    def _result(self):
        model = self._model
        result = Result(model, list(self._scores))
        for i in range(1, model._n_outputs):
            result.outputs.append(self._core.read(i))
        return result

    def _end(self, stop):
        """Return the last candidate when the source has ended; raise `stop` afterwards."""
        answer = self._answer()
        if answer is None or self._every:
            raise stop
        return answer
