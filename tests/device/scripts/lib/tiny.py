# SPDX-License-Identifier: MIT
"""Hand-made .midge files, small enough to be made on a board; the layout is native_module/FORMAT.md's.

classifier()  imu int8 [1, 4, 3] -> LUT (relu) -> COPY (column 0) -> scores int8 [1, 4], four labels;
              reals are 0.5 * (q - 2) of input and output
column(dtype) imu [1, 4, 3] -> COPY (column 0) -> scores [1, 4], both of any dtype, plain numbers
ear(n)        sound int16 [4] -> COPY (the first n) -> scores int16 [n], reals are 0.001 * q; labels by n
rows()        sound int16 [4] -> CAST -> row int8 [4], their low bytes; hops of 10 ms, of which a learner sees five
pair()        codes int8 [2] -> DEQUANTIZE -> reals float32 [2], and level float32 [3] -> QUANTIZE ->
              steps int8 [3]; no labels, no name
"""

import struct

try:
    from binascii import crc32
except ImportError:
    from zlib import crc32

INT8, INT16, FLOAT32, BOOL, UINT16 = 1, 3, 5, 9, 10
SIZES = {INT8: 1, INT16: 2, FLOAT32: 4, BOOL: 1, UINT16: 2}
NONE = 0xFFFFFFFF  # no initial value
COPY, LUT, QUANTIZE, DEQUANTIZE, CAST = 9, 10, 11, 12, 22


def tensor(dtype, offset, name, scale, zero_point, *dims):
    size = SIZES[dtype]
    for dim in dims:
        size *= dim
    rank = len(dims)
    dims = dims + (1,) * (6 - rank)
    return struct.pack("<BBBBIIIfi7I", dtype, rank, 0, 0, offset, size, name, scale, zero_point, *dims + (NONE,))


def node(op, name, inputs, outputs, params):
    tensors = inputs + outputs
    tensors += (0,) * (len(tensors) % 2)
    size = 20 + 2 * len(tensors) + len(params)
    head = struct.pack("<HHBBHIII", op, size, len(inputs), len(outputs), 0, name, 0, 0)
    return head + struct.pack("<%dH" % len(tensors), *tensors) + params


def pad(blob, alignment):
    return blob + bytes(-len(blob) % alignment)


def build(arena, tensors, nodes, inputs, outputs, strings, data, n_labels=0, name=0, labels=0, metadata=0):
    body = b""
    at = []
    for section, alignment in (
        (b"".join(tensors), 4),
        (b"".join(nodes), 4),
        (struct.pack("<%dH" % (len(inputs) + len(outputs)), *inputs + outputs), 4),
        (strings, 16),
        (data, 4),
    ):
        at.append(80 + len(body))
        body = pad(body + section, alignment)
    head = struct.pack(
        "<IIHHHHHH11I",
        0, arena, len(tensors), len(nodes), len(inputs), len(outputs), n_labels, 0,
        at[0], at[1], sum(len(n) for n in nodes), at[2], at[3], len(strings), at[4], len(data),
        name, labels, metadata,
    )
    crc = crc32(body, crc32(head)) & 0xFFFFFFFF
    return struct.pack("<4sHHII", b"MIDG", 2, 0, 80 + len(body), crc) + head + body


def copy_column(element_size):
    """The parameters of a COPY of each row's first element of three."""
    return struct.pack(
        "<5I5i5iIIiHH", 1, 1, 1, 1, 4, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 0, 0, 0, element_size, 0
    )  # dims, in_stride, out_stride, in_start, out_start, fill_value, element_size, fill


def column(dtype):
    scores_at = -(-12 * SIZES[dtype] // 16) * 16
    return build(
        scores_at + 16,
        [tensor(dtype, 0, 1, 0.0, 0, 1, 4, 3), tensor(dtype, scores_at, 5, 0.0, 0, 1, 4)],
        [node(COPY, 0, (0,), (1,), copy_column(SIZES[dtype]))],
        (0,), (1,), b"\0imu\0scores\0", b"",
    )


def classifier(arena=48, **metadata):
    """Metadata: a_b="c" is the key a.b with the value c."""
    strings = b"\0tiny\0imu\0scores\0relu\0column\0north\0east\0south\0west\0made by\0tiny.py\0"
    for key in metadata:
        strings += b"%s\0%s\0" % (key.replace("_", ".", 1).encode(), metadata[key].encode())
    strings += b"\0"
    relu = struct.pack("<256b", *[max(q if q < 128 else q - 256, 2) for q in range(256)])  # indexed by the byte
    return build(
        arena,
        [
            tensor(INT8, 0, strings.find(b"imu"), 0.5, 2, 1, 4, 3),
            tensor(INT8, 16, 0, 0.5, 2, 1, 4, 3),
            tensor(INT8, 32, strings.find(b"scores"), 0.5, 2, 1, 4),
        ],
        [
            node(LUT, strings.find(b"relu"), (0,), (1,), struct.pack("<II", 12, 0)),
            node(COPY, strings.find(b"column"), (1,), (2,), copy_column(1)),
        ],
        (0,), (2,), strings, relu,
        4, strings.find(b"tiny"), strings.find(b"north"), strings.find(b"made by"),
    )


def ear(classes=1, **metadata):
    """Metadata as in classifier()."""
    strings = b"\0ear\0sound\0scores\0copy\0yes\0no\0hum\0"
    known = len(strings)
    for key in metadata:
        strings += b"%s\0%s\0" % (key.replace("_", ".", 1).encode(), metadata[key].encode())
    strings += b"\0"
    step = int(classes > 1)
    first = struct.pack("<5I5i5iIIiHH", 1, 1, 1, 1, classes, 0, 0, 0, 0, step, 0, 0, 0, 0, step, 0, 0, 0, 2, 0)
    return build(
        32,
        [
            tensor(INT16, 0, strings.find(b"sound"), 0.0, 0, 4),
            tensor(INT16, 16, strings.find(b"scores"), 0.001, 0, 1, classes),
        ],
        [node(COPY, strings.find(b"copy"), (0,), (1,), first)],
        (0,), (1,), strings, b"",
        classes, strings.find(b"ear"), strings.find(b"yes"), known,
    )


def rows(**metadata):
    """Metadata as in classifier()."""
    known = {"stream_hop": "4", "sensor_rate_hz": "400", "learn_hops": "5"}
    known.update(metadata)
    strings = b"\0rows\0sound\0row\0"
    told = len(strings)
    for key in known:
        strings += b"%s\0%s\0" % (key.replace("_", ".", 1).encode(), known[key].encode())
    strings += b"\0"
    return build(
        32,
        [
            tensor(INT16, 0, strings.find(b"sound"), 1.0, 0, 4),
            tensor(INT8, 16, strings.find(b"row\0"), 1.0, 0, 1, 4),
        ],
        [node(CAST, 0, (0,), (1,), struct.pack("<IHH", 4, INT16, INT8))],
        (0,), (1,), strings, b"",
        0, strings.find(b"rows"), 0, told,
    )


def pair():
    strings = b"\0codes\0level\0reals\0steps\0"
    return build(
        48,
        [
            tensor(INT8, 0, strings.find(b"codes"), 0.25, -1, 2),
            tensor(FLOAT32, 4, strings.find(b"level"), 0.0, 0, 3),
            tensor(FLOAT32, 16, strings.find(b"reals"), 0.0, 0, 2),
            tensor(INT8, 32, strings.find(b"steps"), 0.125, 3, 3),
        ],
        [
            node(DEQUANTIZE, 0, (0,), (2,), struct.pack("<Ifi", 2, 0.25, -1)),
            node(QUANTIZE, 0, (1,), (3,), struct.pack("<Ifi", 3, 0.125, 3)),
        ],
        (0, 1), (2, 3), strings, b"",
    )
