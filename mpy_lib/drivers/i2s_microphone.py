# SPDX-License-Identifier: MIT
"""A microphone on I2S, such as the INMP441, ICS-43434 or SPH0645, through machine.I2S and its DMA ring.

    mic = I2SMicrophone(0, sck=Pin(16), ws=Pin(17), sd=Pin(18))
    for word in midge.listen(mic, nabu): ...

Words of 32 bits are what these parts give, on the channel that their L/R pin says: left where it is low. The left one
goes to the models as it is, in C; the right one, or both, pass through a loop of Python, which at 480 samples takes
some 300,000 instructions.

With ws=None it is a microphone that gives PDM, its clock at sck, on an ESP32 whose firmware has I2S.PDM_RX, which
MicroPython's own has not; bits=16 then.
"""

from array import array

from machine import I2S
from microphone import Microphone


class I2SMicrophone(Microphone):
    """A running microphone; see microphone.py for how it is read."""

    def __init__(self, id, sck, ws, sd, bits=32, channel="left", rate_hz=16000, buffer_ms=250, gain=1):
        """Start the microphone.

        bits       of a word on the wire, 16 or 32
        channel    "left", "right", or "both" for the mean of the two
        buffer_ms  how much sound the DMA ring holds: how long the program may do something else
        gain       what samples are multiplied with; what does not fit 16 bits is clipped

        Raises ValueError for what cannot be.
        """
        if bits not in (16, 32) or channel not in ("left", "right", "both"):
            raise ValueError("wanted bits 16 or 32 and channel left, right or both")
        wires = {"sck": sck, "sd": sd, "mode": I2S.PDM_RX if ws is None else I2S.RX}
        if ws is not None:
            wires["ws"] = ws
        stereo = channel != "left"
        frame = bits // 8 * (2 if stereo else 1)
        ring = rate_hz * buffer_ms // 1000 * frame
        self._i2s = I2S(
            id, bits=bits, format=I2S.STEREO if stereo else I2S.MONO, rate=rate_hz, ibuf=ring, **wires
        )
        self._step = frame // 2 if stereo else 0  # halves of words per frame; the upper half of a word is the sample
        self._first = (1 if channel == "both" else 2) * (bits // 16) - 1
        self._apart = bits // 16 if channel == "both" else 0
        self._halves = None
        whole = bits == 32 and not stereo
        scale = gain / 65536 if whole else gain
        super().__init__("I2S microphone", rate_hz, ring // frame, "i" if whole else "h", scale)

    def stop(self):
        """Stop the microphone and free its pins."""
        self._i2s.deinit()

    def _fill(self, buffer):
        step = self._step
        if not step:
            self._i2s.readinto(buffer)
            return
        n = len(buffer)
        halves = self._halves
        if halves is None or len(halves) != n * step:
            halves = self._halves = array("h", bytes(2 * n * step))
        self._i2s.readinto(halves)
        at = self._first
        apart = self._apart
        if not apart:
            for i in range(n):
                buffer[i] = halves[at]
                at += step
            return
        for i in range(n):
            buffer[i] = (halves[at] + halves[at + apart]) >> 1
            at += step
