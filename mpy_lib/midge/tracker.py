# SPDX-License-Identifier: MIT
"""Follow things from picture to picture by their centres, and count them.

    seen = midge.track()
    for found in midge.watch(model, camera):
        for thing in seen(found.boxes):
            print(thing.number, thing.label, thing.x, thing.y)
        print(seen.counts)
"""


class Thing:
    """A thing that is followed: number, label, centre x and y, its latest box, in how many pictures it was seen.

    missed is how many pictures ago that was: 0 for now.
    """

    def __init__(self, number, box):
        self.number = number
        self.label = box.label
        self.seen = 0
        self.take(box)

    def take(self, box):
        """Take a box as the latest one."""
        self.box = box
        self.x = box.x + box.w // 2
        self.y = box.y + box.h // 2
        self.missed = 0
        self.seen += 1

    def __repr__(self):
        return "<Thing %d %s at %d, %d>" % (self.number, self.label, self.x, self.y)


class Tracker:
    """Things by the boxes of one picture after another; track() makes it.

    counts has, by label, how many things have come so far.
    """

    def __init__(self, reach, appear, forget):
        self._reach, self._appear, self._forget = reach, appear, forget
        self._things, self._next = [], 1
        self.counts = {}

    def __call__(self, boxes):
        """Take the boxes of the next picture; return the things that are there now, in the order in which they came."""
        pairs = []
        for box in boxes:
            for thing in self._things:
                if thing.label == box.label:
                    x, y = box.x + box.w // 2 - thing.x, box.y + box.h // 2 - thing.y
                    reach = self._reach * max(box.w, box.h, thing.box.w, thing.box.h)
                    if x * x + y * y <= reach * reach:
                        pairs.append((x * x + y * y, len(pairs), box, thing))
        pairs.sort()  # the closest first; of equals, in order
        for thing in self._things:
            thing.missed += 1
        left = list(boxes)
        for _, _, box, thing in pairs:
            if thing.missed and any(b is box for b in left):
                left = [b for b in left if b is not box]
                thing.take(box)
                self._count(thing)
        for box in left:
            thing = Thing(0, box)
            self._things.append(thing)
            self._count(thing)
        self._things = [t for t in self._things if t.missed <= (self._forget if t.number else 0)]
        return [t for t in self._things if t.number]

    def _count(self, thing):
        """Give a thing a number when it has been seen often enough."""
        if not thing.number and thing.seen >= self._appear:
            thing.number, self._next = self._next, self._next + 1
            self.counts[thing.label] = self.counts.get(thing.label, 0) + 1


def track(reach=1.5, appear=2, forget=5):
    """Return a Tracker, which is called with the boxes of each picture.

    reach   how far a thing may move between two pictures, in its larger side
    appear  in how many pictures in a row it must be seen before it counts
    forget  for how many pictures it may be missed before it is another one
    """
    if reach <= 0 or appear < 1 or forget < 0:
        raise ValueError("reach must be above 0, appear 1 or more, forget 0 or more")
    return Tracker(reach, appear, forget)
