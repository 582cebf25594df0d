# SPDX-License-Identifier: MIT
"""Hear words and sounds: a microphone's samples go to models hop by hop, and what they are sure of comes out.

    for word in midge.listen(mic, nabu):             # a model that midge convert --manifest made, or several
        print(word.label)
    async for word in midge.listen(mic, nabu): ...   # the same, and other tasks run meanwhile
    for sound in midge.listen(mic, cry, end=0.3):    # sounds that last
        print(sound.label, sound.event)              # "start", later "end"

A word was heard when the mean of its latest scores reaches its threshold; it is heard again when the mean has been
below that, and its refractory time is over. A sound starts at one threshold and ends below another. Hops in which
nothing is heard allocate nothing, as long as scores are integers, as they are in quantised models.

A microphone has rate_hz, name, timeout_ms, overflow and clear(), as other sensors have; wait_ms(n), in how many
milliseconds n samples will be there; and read_into(buffer), which fills an array(mic.typecode) and returns how many
samples that were, or returns 0. Samples become 16 bits by mic.scales, an array("f") or None. drivers/microphone.py is
what such a class starts from.
"""

from array import array

from .answers import Answers, elements

_CODES = {"int8": "b", "uint8": "B", "int16": "h", "float32": "f"}


def listen(mic, *models, **options):
    """Hear words and sounds: yield a Heard for each, with `for` or `async for`.

    mic            a microphone, such as i2s_microphone.I2SMicrophone
    models         models that take samples of sound: what midge convert --manifest or --front-end makes
    threshold      the mean score from which a word was heard; by default what the model says, or 0.5
    mean           of how many of the latest scores; by default what the model says, or 1
    refractory_ms  after a word it is not heard again for so long; by default what the model says, or 1000
    end            for sounds: the mean score below which one has ended; there are two answers then, start and end
    gate           called with each hop of samples, array("h"); the models rest where it returns nothing that is true
    voice          a model for voices: a word counts only while its score reaches its own threshold

    Raises ValueError for models that take other samples than the microphone gives, and OSError when it falls silent.
    """
    return Listener(mic, models, **options)


class Heard:
    """What was heard: .label, .score (a mean), .event ("word", "start", "end"), .model, and .at, in samples."""

    def __init__(self, model, label, score, event, at):
        self.model = model
        self.label = label
        self.score = score
        self.event = event
        self.at = at

    def __repr__(self):
        return "<Heard %s %s %.3g>" % (self.event, self.label, self.score)


class Listener(Answers):
    """What is heard, one at a time, for `for` and `async for`; midge.listen() makes it.

    samples  how many samples the models have heard, or slept through where a gate was closed
    lost     how often samples were lost because nobody took them in time; the models then start afresh
    """

    def __init__(
        self, mic, models, threshold=None, mean=None, refractory_ms=None, end=None, gate=None, voice=None
    ):
        if not models:
            raise ValueError("got no models, wanted one or more")
        self._mic, self._gate = mic, gate
        self._ears = [_Ear(model, mic, threshold, mean, refractory_ms, end) for model in models]
        self._voice = _Ear(voice, mic, None, None, None, None) if voice else None
        everyone = self._ears + ([self._voice] if voice else [])
        self._hop = everyone[0].hop
        for ear in everyone:
            if ear.hop != self._hop:
                raise ValueError("models take %d and %d samples at a time, wanted the same" % (self._hop, ear.hop))
        self._everyone, self._core = everyone, models[0]._core
        self._sound = self._raw = array("h", [0] * self._hop)
        if mic.scales:
            self._raw = array(mic.typecode, [0] * self._hop)
        self._hops = self.lost = 0
        self._rested = False
        self._more = []
        self.reset()
        mic.clear()

    @property
    def samples(self):
        return self._hops * self._hop

    def scores(self):
        """Return the mean of the latest scores of each class of the first model."""
        ear = self._ears[0]
        return [ear.score(i) for i in range(ear.classes)]

    def reset(self):
        """Forget what was heard: what follows comes as after silence."""
        for ear in self._everyone:
            ear.reset()

    def _take(self):
        if self._more:
            return 1
        mic = self._mic
        self._wait_ms = mic.wait_ms(self._hop)
        n = mic.read_into(self._raw)
        self._gave(n, mic)
        if mic.overflow:
            mic.clear()
            self.lost += 1
            self.reset()
            return 0
        return n

    def _advance(self, taken):
        if self._more:
            return self._more.pop(0)
        if not taken:
            return None
        self._hops += 1
        sound = self._sound
        if self._mic.scales:
            self._core.push(sound, self._raw, 0, self._mic.scales)
        if self._gate and not self._gate(sound):
            if not self._rested:
                self.reset()
            self._rested = True
            return None
        self._rested = False
        for ear in self._everyone:
            ear.hear(sound)
        spoken = not self._voice or self._voice.reaches(0)
        for ear in self._ears:
            for i in range(ear.classes):
                event = ear.event(i, self._hops, spoken)
                if event:
                    self._more.append(Heard(ear.model, ear.labels[i], ear.score(i), event, self.samples))
        return self._more.pop(0) if self._more else None


class _Ear:
    """A model that listens: the sums of the latest scores of each of its classes, and what follows from them."""

    def __init__(self, model, mic, threshold, mean, refractory_ms, end):
        core = model._core
        known = core.metadata()
        _, dtype, shape, _, _ = core.input(0)
        if model._n_inputs != 1 or dtype != "int16" or "stream.hop" not in known:
            raise ValueError("%s takes no samples of sound; convert it with --front-end micro" % core.info()[0])
        rate_hz = float(known.get("sensor.rate_hz", mic.rate_hz))
        if abs(rate_hz - mic.rate_hz) > 0.01 * rate_hz:
            raise ValueError("the microphone gives %g samples a second, the model takes %g" % (mic.rate_hz, rate_hz))
        self.model, self._core, self.hop = model, core, elements(shape)
        _, dtype, shape, scale, self._zero = core.output(0)
        n = self.classes = elements(shape)
        self._scale = scale or 1
        self.labels = model.labels or ([core.info()[0]] if n == 1 else list(range(n)))
        self._out = array(_CODES[dtype], [0] * n)
        if model._n_outputs != 1:
            raise ValueError("%s has %d outputs, wanted one, of scores" % (core.info()[0], model._n_outputs))
        self._means = _each(mean, known, "stream.mean", 1, n, int)
        self._span = max(self._means)
        if min(self._means) < 1:
            raise ValueError("a mean of %d scores, wanted 1 or more" % min(self._means))
        self._ring = array(_CODES[dtype], [0] * (n * self._span))
        self._sums = [0] * n
        thresholds = _each(threshold, known, "stream.threshold", 0.5, n, float)
        self._need = [self._sum_of(thresholds[i], i) for i in range(n)]
        self._lasts = end is not None or "stream.end" in known
        ends = _each(end, known, "stream.end", 0.5, n, float) if self._lasts else thresholds
        self._low = [self._sum_of(ends[i], i) for i in range(n)]
        if refractory_ms is None:
            refractory_ms = int(known.get("stream.refractory_ms", 1000))
        self._rest = -int(-refractory_ms * rate_hz // (1000 * self.hop))
        quiet = known.get("stream.quiet", "").split(",")
        self._quiet = bytearray([label in quiet for label in self.labels])
        self._on = bytearray(n)
        self._until = [0] * n
        self._turn = 0

    def _sum_of(self, score, i):
        """Return the least sum of class i's raw scores whose mean reaches a score."""
        sum = self._means[i] * (score / self._scale + self._zero)
        return sum if self._scale == 1 else -int((0.01 - sum) // 1)  # 0.01: floats of 32 bits are not exact

    def reset(self):
        """Forget sound and scores, which start as zeros; what has been heard lately stays."""
        self._core.reset()
        for i in range(len(self._ring)):
            self._ring[i] = self._zero
        for i in range(self.classes):
            self._sums[i] = self._means[i] * self._zero
            self._on[i] = 0

    def hear(self, samples):
        """Run the model on a hop of samples, and take its scores into account."""
        n = self.classes  # one by one: a tuple would be allocated
        out = self._out
        ring = self._ring
        sums = self._sums
        turn = self._turn
        span = self._span
        self._core.run(samples, out)
        for i in range(n):
            oldest = turn - self._means[i]
            sums[i] += out[i] - ring[(oldest + span if oldest < 0 else oldest) * n + i]
            ring[turn * n + i] = out[i]
        self._turn = turn + 1 if turn + 1 < span else 0

    def reaches(self, i):
        """Tell whether the mean score of class i reaches its threshold."""
        return self._sums[i] >= self._need[i]

    def score(self, i):
        """Return the mean of class i's latest scores."""
        return (self._sums[i] / self._means[i] - self._zero) * self._scale

    def event(self, i, now, may_begin):
        """Return what has happened to class i: "word", "start", "end" or None. now: in hops."""
        on, sum = self._on[i], self._sums[i]
        if on:
            if sum < self._low[i]:
                self._on[i] = 0
                return "end" if self._lasts and on == 1 else None
        elif may_begin and sum >= self._need[i] and not self._quiet[i]:
            if now < self._until[i]:
                self._on[i] = 2  # an echo, as long as it lasts
                return None
            self._on[i] = 1
            self._until[i] = now + self._rest
            return "start" if self._lasts else "word"
        return None


def _each(given, known, key, default, n, kind):
    """Return a setting for each of n classes: as it is given, or as the model says, one for all or one for each."""
    if given is None:
        texts = known.get(key, str(default)).split(",")
        return [kind(texts[i if len(texts) > 1 else 0]) for i in range(n)]
    if not isinstance(given, (list, tuple)):
        return [kind(given)] * n
    if len(given) != n:
        raise ValueError("got %d settings for %d labels" % (len(given), n))
    return list(given)
