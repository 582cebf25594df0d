# SPDX-License-Identifier: MIT
"""What streams of answers share: one at a time, for `for` and `async for`, and a source that must not fall silent."""

try:
    from time import sleep_ms
except ImportError:  # CPython
    from time import sleep

    def sleep_ms(ms):
        sleep(ms / 1000)


class Answers:
    """An iterator of answers. A subclass has _take() and _advance(); where it has _wait_ms, it is to wait so long.

    _take()     fetch what the source has and return how much; 0 for nothing yet, None at the end
    _advance(n) work on it, and return an answer or None
    """

    _wait_ms = _silent_ms = 0

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            taken = self._take()
            if taken is None:
                return self._end(StopIteration)
            if taken == 0 and self._wait_ms:
                sleep_ms(self._wait_ms)
            answer = self._advance(taken)
            if answer is not None:
                return answer

    def __aiter__(self):
        return self

    async def __anext__(self):
        import asyncio

        pause = getattr(asyncio, "sleep_ms", None) or (lambda ms: asyncio.sleep(ms / 1000))
        while True:
            taken = self._take()
            if taken is None:
                return self._end(StopAsyncIteration)
            await pause(self._wait_ms if taken == 0 else 0)
            answer = self._advance(taken)
            if answer is not None:
                return answer

    def _end(self, stop):
        raise stop

    def _gave(self, n, source):
        """Notice how much a source gave; raise OSError when it has been silent for its timeout_ms."""
        if n:
            self._silent_ms = 0
            return
        self._silent_ms += self._wait_ms
        if self._silent_ms > source.timeout_ms:
            raise OSError("the %s gave no sample for %d ms" % (source.name, source.timeout_ms))


def elements(shape):
    """Return how many elements a shape has."""
    n = 1
    for dim in shape:
        n *= dim
    return n


def bytes_of(dtype):
    """Return how many bytes an element of a dtype takes."""
    bits = dtype.lstrip("abcdefghijklmnopqrstuvwxyz")  # "uint16"; a bool has none and takes a byte
    return int(bits or 8) // 8
