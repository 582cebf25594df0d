# SPDX-License-Identifier: MIT
"""Let a model look through a camera, picture after picture.

    for answer in midge.watch(model, camera):
        print(answer.label, answer.score)

A midge.Learner answers in the place of a model. A camera is any object with one of two methods. rows() yields buffers
of one or more rows of the next picture, in order, and may yield None for rows that were lost: then the picture is given
up. capture() returns a whole picture. With rows, no picture is in memory at any time.
"""

from .result import Result


class Watch:
    """An iterator of answers; watch() makes it.

    lost is how many pictures were given up because rows of them were lost, skipped how many the gate held back.
    """

    def __init__(self, model, camera, gate, smoothing=0):
        self._model, self._gate, self._smoothing = model, gate, smoothing
        self._scores = None  # the smoothed ones; None: the next picture has nothing to be smoothed with
        self.camera = camera
        self.lost = self.skipped = 0

    def __iter__(self):
        return self

    def __next__(self):
        if not self.see():
            raise StopIteration
        answer = self._model.answer()
        return self._smooth(answer) if self._smoothing else answer

    def restart(self):
        """Forget the pictures so far: the next answer is that of its own picture alone."""
        self._scores = None

    def _smooth(self, answer):
        """Return the answer that smoothed scores give in place of its own."""
        fresh, scores = answer.scores, self._scores
        if scores is None or len(scores) != len(fresh):  # a learner may have been taught another label
            scores = fresh
        scores = [old + (1 - self._smoothing) * (new - old) for old, new in zip(scores, fresh)]
        self._scores = scores
        judge = getattr(self._model, "judge", None)  # a learner's, which may be uncertain
        if judge:
            return judge(scores)
        result = Result(self._model, scores)
        result.outputs += answer.outputs[1:]
        return result

    def _skip(self):
        """Count a picture that was held back: what comes after a rest has nothing to do with what was before."""
        self.skipped += 1
        self.restart()

    def see(self):
        """Take the next picture that comes whole, and that the gate lets pass; return False where there is none."""
        by_rows = hasattr(self.camera, "rows")
        while True:
            done = self._by_rows() if by_rows else self._whole()
            if done is not False:
                return done is not None

    def _whole(self):
        picture = self.camera.capture()
        if picture is None:
            return None
        if self._gate is not None and not self._gate(picture):
            self._skip()
            return False
        self._model.rows(picture)
        return True

    def _by_rows(self):
        model, gate, left = self._model, self._gate, -1
        for rows in self.camera.rows():
            if rows is None:
                left = 1
                break
            left = model.rows(rows)
            if gate is not None:
                gate.rows(rows)
        if left < 0:
            return None
        opens = gate is None or gate.changed()
        if left == 0 and opens:
            return True
        if left == 0:
            self._skip()
        else:
            self.lost += 1
        model.reset()  # to the first row
        return False


def watch(model, camera, gate=None, smoothing=0):
    """Return an iterator of a model's answers to what a camera sees; see the head of this file.

    model   a model of midge convert --camera, or a Learner with one, in the camera's format and size
    camera  an object with rows() or capture(); the iteration ends when they give nothing, or None
    gate    a gate of pictures, as of background.py: the network runs only where it opens
    smoothing  how much of the scores so far stays with each picture, 0 or more, less than 1; what the gate held back
            ends it. Boxes are not smoothed: track() follows them

    Raises ValueError where camera.format or camera.size, if it has them, are not those of the model, and for a
    smoothing that cannot be.
    """
    told = model._core.metadata()
    if not 0 <= smoothing < 1:
        raise ValueError("smoothing is %r, wanted 0 or more, less than 1" % (smoothing,))
    if smoothing and "boxes.classes" in told:
        raise ValueError("boxes are not smoothed; midge.track() follows them")
    for name in ("format", "size"):
        theirs, ours = getattr(camera, name, None), told.get("camera." + name)
        if theirs is not None and theirs != ours:
            raise ValueError("the camera's %s is %s, the model's %s" % (name, theirs, ours))
    return Watch(model, camera, gate, smoothing)
