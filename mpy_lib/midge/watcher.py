# SPDX-License-Identifier: MIT
"""Let a model look through a camera, picture after picture.

    for answer in midge.watch(model, camera):
        print(answer.label, answer.score)

A midge.Learner answers in the place of a model. A camera is any object with one of two methods. rows() yields buffers
of one or more rows of the next picture, in order, and may yield None for rows that were lost: then the picture is given
up. capture() returns a whole picture. With rows, no picture is in memory at any time.
"""


class Watch:
    """An iterator of answers; watch() makes it.

    lost is how many pictures were given up because rows of them were lost, skipped how many the gate held back.
    """

    def __init__(self, model, camera, gate):
        self._model, self._gate = model, gate
        self.camera = camera
        self.lost = self.skipped = 0

    def __iter__(self):
        return self

    def __next__(self):
        if not self.see():
            raise StopIteration
        return self._model.answer()

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
            self.skipped += 1
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
            self.skipped += 1
        else:
            self.lost += 1
        model.reset()  # to the first row
        return False


def watch(model, camera, gate=None):
    """Return an iterator of a model's answers to what a camera sees; see the head of this file.

    model   a model of midge convert --camera, or a Learner with one, in the camera's format and size
    camera  an object with rows() or capture(); the iteration ends when they give nothing, or None
    gate    a gate of pictures, as of background.py: the network runs only where it opens

    Raises ValueError where camera.format or camera.size, if it has them, are not those of the model.
    """
    told = model._core.metadata()
    for name in ("format", "size"):
        theirs, ours = getattr(camera, name, None), told.get("camera." + name)
        if theirs is not None and theirs != ours:
            raise ValueError("the camera's %s is %s, the model's %s" % (name, theirs, ours))
    return Watch(model, camera, gate)
