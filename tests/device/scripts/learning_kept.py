# SPDX-License-Identifier: MIT
"""What a Learner saved comes back to the bit, and from every power cut the old or the new comes back."""

import os
import struct
from binascii import crc32

import midge
from check import equal, ok, raises
from tiny import classifier

model = midge.load(classifier())  # a row: the xs of four samples
ROUNDS = 2


def sample(*xs):
    return [v for x in xs for v in (x, 0, 0)]


ASKED = sample(30, 9, 2, 2)


class Disk:
    """A block device in RAM. At the power cut half a block is written, and after it nothing any more."""

    def __init__(self, content, cut=0):
        self.data = bytearray(content)
        self.left = cut  # writes until the cut; 0: there is none

    def is_cut(self):
        return self.left < 0

    def readblocks(self, block, into, offset=0):
        at = 512 * block + offset
        into[:] = memoryview(self.data)[at:at + len(into)]

    def writeblocks(self, block, data, offset=0):
        if self.left < 0:
            return
        size = len(data)
        if self.left:
            self.left -= 1
            if self.left == 0:
                self.left = -1
                size //= 2
        at = 512 * block + offset
        self.data[at:at + size] = memoryview(data)[:size]

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // 512
        return 512 if operation == 5 else 0


def teach(learner, start):
    for k in range(3):
        learner.teach("up", sample(40 + k, 2, 1, start + k))
        learner.teach("down", sample(1, 40 - k, k, start))


def kept(path):
    """Save and load, without a power cut."""
    learner = midge.Learner(model, path)
    teach(learner, 0)
    learner.save()
    first = learner(ASKED).scores
    equal("the same bits", midge.Learner(model, path)(ASKED).scores, first)
    teach(learner, 5)
    learner.save()
    again = midge.Learner(model, path)
    equal("rows", again.counts(), {"up": 6, "down": 6})
    equal("the same bits of the second", again(ASKED).scores, learner(ASKED).scores)
    with open(path + ".0", "rb") as file:
        newest = file.read()
    with open(path + ".0", "wb") as file:
        file.write(newest[:-1])
    equal("a damaged file leaves the one before", midge.Learner(model, path)(ASKED).scores, first)
    equal("that goes on", midge.Learner(model, path)._generation, 1)
    raises("too little room", ValueError, "there is room for 1", midge.Learner, model, path, classes=1)
    raises("too few rows", ValueError, "3 rows of a class", midge.Learner, model, path, most=2)
    other = midge.load(classifier().replace(bytes([2] * 4), bytes([3] * 4)), checksum=False)
    raises("another network", ValueError, "another network", midge.Learner, other, path)
    for what, n, body in (
        ("rows beyond the end", 1, b"\2\3up" + bytes(11)),
        ("no name", 1, b"\0\1" + bytes(4)),
        ("no rows", 1, b"\2\0up"),
        ("a class twice", 2, b"\2\1up1234\2\1up1235"),
        ("a class too few", 2, b"\2\1up1234"),
    ):  # as somebody might make them: their checksums are right
        data = b"MGL1" + struct.pack("<IIBB", 9, again._network, 4, n) + body
        with open(path + ".1", "wb") as file:
            file.write(data + struct.pack("<I", crc32(data)))
        raises(what, ValueError, "is damaged", midge.Learner, model, path)
    for slot in ".0", ".1":
        os.remove(path + slot)


def full():
    """On a full disk the old head stays, and a later save takes it on."""
    disk = Disk(512 * 16)
    os.VfsLfs2.mkfs(disk)
    os.mount(os.VfsLfs2(disk), "/ram")
    learner = midge.Learner(model, "/ram/taught")
    teach(learner, 0)
    learner.save()
    old = learner(ASKED).scores
    filler = open("/ram/filler", "wb")
    try:
        while True:
            filler.write(bytes(256))
            filler.flush()
    except OSError:
        filler.close()
    for k in range(6):
        learner.teach("%d" % k * 200, sample(9, 30, k, 1))
    raises("a full disk", OSError, "28", learner.save)
    equal("the old head", midge.Learner(model, "/ram/taught")(ASKED).scores, old)
    os.remove("/ram/filler")
    learner.save()
    equal("the new one", midge.Learner(model, "/ram/taught")(ASKED).scores, learner(ASKED).scores)
    os.umount("/ram")


def cuts(kind, blocks):
    """Save under every power cut; return how many there were."""
    disk = Disk(512 * blocks)
    kind.mkfs(disk)
    count = 0
    os.mount(kind(disk), "/ram")
    learner = midge.Learner(model, "/ram/taught")
    teach(learner, 0)
    learner.save()
    os.umount("/ram")
    for start in range(ROUNDS):
        before, cut, ended = disk.data, 0, False
        while not ended:
            cut += 1
            disk = Disk(before, cut)
            os.mount(kind(disk), "/ram")
            learner = midge.Learner(model, "/ram/taught")
            old = learner(ASKED).scores
            learner.teach("left", sample(5, 9, start // 20, 40 + start % 20))
            new = learner(ASKED).scores
            try:
                learner.save()
                os.umount("/ram")
            except OSError:  # a file system that sees that its writes are lost
                os.umount("/ram")
            ended = not disk.is_cut()
            count += not ended
            disk = Disk(disk.data)
            os.mount(kind(disk), "/ram")
            found = midge.Learner(model, "/ram/taught")(ASKED).scores
            if found != new if ended else found not in (old, new):
                raise AssertionError("cut %d: found %r, wanted %r or %r" % (cut, found, old, new))
            os.umount("/ram")
    return count


if hasattr(os, "VfsLfs2"):
    import gc

    disk = Disk(512 * 16)
    os.VfsLfs2.mkfs(disk)
    os.mount(os.VfsLfs2(disk), "/ram")
    kept("/ram/taught")
    os.umount("/ram")
    full()
    ok("%d power cuts on littlefs" % cuts(os.VfsLfs2, 16))
    gc.collect()
    if hasattr(os, "VfsFat") and gc.mem_free() > 200000:
        ok("%d power cuts on FAT" % cuts(os.VfsFat, 64))
else:
    kept("taught")
