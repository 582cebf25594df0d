# SPDX-License-Identifier: MIT
"""What a Learner makes of sound: the network runs hop by hop, and its row is taken when a sound is in the middle.

A sound is in the middle of what the network sees when the centre of its loudness, above the background's, has just
come there. That is found anew for each sound, so teaching and answering see it alike, whenever it was said.
"""

from array import array

from .answers import elements, sleep_ms

HOPS = 40  # that a network sees, where its file does not tell
STEP = 8  # every so many samples one is looked at
SILENT = 8  # of 32768: a mean below is no sound
FULL = 32760
CLIPPED = 3  # samples of those looked at
WAIT_S = 10


class Hearing:
    """The rows of a network that takes int16 samples, hop by hop. known: the metadata of its file."""

    def __init__(self, model, known):
        core = self._core = model._core
        _, _, shape, _, _ = core.input(0)
        self._rate_hz = float(known.get("sensor.rate_hz", 16000))
        hops = self._hops = int(known.get("learn.hops", HOPS))
        if not 1 < hops < 256:
            raise ValueError("the model says that it sees %d hops, wanted 2 to 255" % hops)
        self._sound = array("h", bytes(2 * elements(shape)))
        self._least = SILENT * -(-len(self._sound) // STEP)
        self._sizes = array("i", bytes(4 * hops))
        self._latest = bytearray(elements(core.output(0)[2]))
        self._mic = self._raw = None
        self._silence()

    def hear(self, source, row, clean):
        """Fill `row` with what the network makes of a sound.

        source  a microphone, which is waited for, or int16 samples; of those the loudest sound counts
        clean   refuse what is silent or clipped

        Raises ValueError for those, for too few samples, for a microphone of another rate, and where nothing is heard
        for WAIT_S; OSError when the microphone falls silent.
        """
        self._full = self._peak = 0
        if hasattr(source, "read_into"):
            self._listen(source, row)
        else:
            self._look_through(source, row)
        if clean and self._peak < self._least:
            raise ValueError("silence: check the microphone, or speak up")
        if clean and self._full >= CLIPPED:
            raise ValueError("clipped: lower the gain, or stand further away, and record it anew")

    def _look_through(self, samples, row):
        sound = self._sound
        hop = len(sound)
        if isinstance(samples, (bytes, bytearray)):
            samples = array("h", samples)
        n = len(samples)
        if n < hop:
            raise ValueError("got %d samples, wanted a sound of int16, %d or more" % (n, hop))
        self._silence()
        best = -1
        for at in range(0, n - hop + hop * self._hops, hop):  # silence after it, until the end is in the middle
            for i in range(hop):
                sound[i] = samples[at + i] if at + i < n else 0
            size = self._run(at + hop <= n)
            if size > best or best < 0:
                best = size
                row[:] = self._latest

    def _listen(self, mic, row):
        if abs(mic.rate_hz - self._rate_hz) > 0.01 * self._rate_hz:
            raise ValueError("the microphone gives %g samples a second, the model takes %g"
                             % (mic.rate_hz, self._rate_hz))
        if mic is not self._mic:
            self._mic = mic
            self._raw = array(mic.typecode, [0] * len(self._sound)) if mic.scales else self._sound
            self._silence()
        mic.clear()
        heard = silent_ms = 0
        while heard < WAIT_S * self._rate_hz:
            wait_ms = mic.wait_ms(len(self._sound))
            n = mic.read_into(self._raw)
            if mic.overflow:
                mic.clear()
                self._silence()
            elif n:
                if mic.scales:
                    self._core.push(self._sound, self._raw, 0, mic.scales)
                heard += n
                silent_ms = 0
                if self._run(True) > self._hops * max(self._floor, self._least):
                    row[:] = self._latest
                    return
            else:
                silent_ms += wait_ms
                if silent_ms > mic.timeout_ms:
                    raise OSError("the %s gave no sample for %d ms" % (mic.name, mic.timeout_ms))
                sleep_ms(wait_ms)
        raise ValueError("heard nothing in %d s: check the microphone, or speak up" % WAIT_S)

    def _silence(self):
        """Begin as after silence."""
        self._core.reset()
        for i in range(self._hops):
            self._sizes[i] = 0
        self._total = self._moment = self._turn = 0
        self._floor = 1 << 20
        self._late = False

    def _run(self, is_heard):
        """Run the network on a hop. Return how loud what it sees is, if its middle has just come, and 0 otherwise.

        is_heard: False for silence that was put behind the samples.
        """
        size = self._size() if is_heard else 0
        self._core.run(self._sound, self._latest)
        hops, sizes, turn = self._hops, self._sizes, self._turn
        oldest = sizes[turn]
        sizes[turn] = size
        self._turn = turn + 1 if turn + 1 < hops else 0
        # Positions count from the oldest hop on: as one leaves, all others come one nearer.
        self._moment += oldest - self._total + size * (hops - 1)
        self._total += size - oldest
        if is_heard and size < self._floor:
            self._floor = size
        size = self._total - hops * self._floor
        before, self._late = self._late, 2 * self._moment - hops * (hops - 1) * self._floor > (hops - 1) * size
        return size if before and not self._late and size > 0 else 0

    def _size(self):
        """Return the mean size of the hop's samples, times how many are looked at, and note what is clipped."""
        size = 0
        for i in range(0, len(self._sound), STEP):
            x = self._sound[i]
            if x < 0:
                x = -x
            if x >= FULL:
                self._full += 1
            size += x
        if size > self._peak:
            self._peak = size
        return size
