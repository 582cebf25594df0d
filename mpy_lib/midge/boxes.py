# SPDX-License-Identifier: MIT
"""What a model of things answers: boxes in the camera's own pixels, those of the highest score first.

    found = model(camera.capture())
    for box in found.boxes:
        print(box.label, box.score, box.x, box.y, box.w, box.h)
"""

from collections import namedtuple

from .result import Result

# label: the thing's name, or its number where the model has no names. x, y: the upper left corner; w, h: the size.
Box = namedtuple("Box", ("label", "score", "x", "y", "w", "h"))


class Found(Result):
    """The answer of one run: .boxes, and .label and .score of the best one, None and 0 where nothing was found."""

    def __init__(self, model, corners):
        classes, scores, count = others = [model._core.read(i) for i in (1, 2, 3)]
        left, top, width, height = _crop(model)
        self.boxes = []
        for i in range(int(count[0])):
            y0, x0, y1, x1 = corners[4 * i : 4 * i + 4]
            self.boxes.append(Box(model.label(int(classes[i])), scores[i], round(left + x0 * width),
                                  round(top + y0 * height), round((x1 - x0) * width), round((y1 - y0) * height)))
        self.scores = [box.score for box in self.boxes]
        self.index = int(classes[0]) if self.boxes else -1
        self.label = self.boxes[0].label if self.boxes else None
        self.score = self.scores[0] if self.boxes else 0
        self.outputs = [corners] + others

    def _name(self, index):
        return self.boxes[index].label

    def __repr__(self):
        return "<Found %s>" % (", ".join(["%s %.4g" % (b.label, b.score) for b in self.boxes]) or "nothing")


def _crop(model):
    """Return which part of the picture corners from 0 to 1 are of: left, top, width, height in pixels."""
    if model._crop is None:
        text = model._core.metadata().get("camera.crop")
        if text is None:  # without a camera: of the network's image
            height, width = model._core.input(0)[2][-3:-1]
            model._crop = 0, 0, width, height
        else:
            size, left, top = text.split("+")
            width, height = size.split("x")
            model._crop = int(left), int(top), int(width), int(height)
    return model._crop
