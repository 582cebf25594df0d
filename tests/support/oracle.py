# SPDX-License-Identifier: MIT
"""Reference interpreters, each in a process of its own, for they abort on parameters that they do not like.

A server reads (model, inputs) and answers (how, what). It works in a forked child: where the child dies, the server
reports the signal and forks the next, so that a death costs milliseconds. Another reference is one more function in
ENGINES.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import resource
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable

import numpy as np

from tests.support import ROOT

ARENA_SIZE = 4 << 20
PATIENCE_S = 60


class NoAnswer(Exception):
    """The reference refuses the model, or died of it; the text says how."""


def tflm(model: bytes, feeds: list[np.ndarray]) -> list[np.ndarray]:
    """TensorFlow Lite Micro's reference kernels."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_SIZE)
    for i, values in enumerate(feeds):
        interpreter.set_input(values, i)
    interpreter.invoke()
    return [np.array(interpreter.get_output(i)) for i in range(_count_outputs(model))]


def tflm_in_steps(model: bytes, feeds: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Output 0 of one interpreter of TensorFlow Lite Micro, which keeps its states, for input 0 run by run."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_SIZE)
    found = []
    for values in feeds:
        interpreter.set_input(values, 0)
        interpreter.invoke()
        found.append(np.array(interpreter.get_output(0)))
    return found


def litert(model: bytes, feeds: list[np.ndarray]) -> list[np.ndarray]:
    """LiteRT's reference kernels, for what TFLM lacks."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), feeds, strict=True):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


# by name: the function, the package that it needs, what users know it by
ENGINES: dict[str, tuple[Callable[[bytes, list[np.ndarray]], list[np.ndarray]], str, str]] = {
    "tflm": (tflm, "tflite_micro", "TFLM"),
    "litert": (litert, "ai_edge_litert", "LiteRT"),
}


def is_installed(engine: str) -> bool:
    return importlib.util.find_spec(ENGINES[engine][1]) is not None


class Oracle:
    """The client's end of a server."""

    def __init__(self, engine: str) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  (close() closes it)
        command = [sys.executable, "-m", "tests.support.oracle", engine]
        self.server = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log
        )

    def run(self, model: bytes, feeds: list[np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, or raise NoAnswer."""
        assert self.server.stdin is not None and self.server.stdout is not None
        self.log.seek(0)  # the server shares this position
        self.log.truncate()
        _send(self.server.stdin.fileno(), (model, feeds))
        answer = _receive(self.server.stdout.fileno())
        if answer is None:
            raise RuntimeError(f"the reference's server is gone: {self._last_words()}")
        how, what = answer
        if how != "ran":
            raise NoAnswer(f"{how} {what}: {self._last_words()}")
        return what

    def _last_words(self) -> str:
        text = os.pread(self.log.fileno(), 1 << 16, 0).decode(errors="replace").strip()
        return " | ".join(text.splitlines()[-3:])

    def close(self) -> None:
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.close()
        self.server.wait(10)
        self.server.stdout.close()
        self.log.close()


def _serve(engine: str) -> None:
    answers = os.dup(1)
    os.dup2(2, 1)  # what an interpreter prints is no answer
    importlib.import_module(ENGINES[engine][1])
    while (child := os.fork()) != 0:
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))
        _send(answers, ("died of", signal.Signals(os.WTERMSIG(status)).name))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (request := _receive(0)) is not None:
        signal.alarm(PATIENCE_S)
        try:
            answer = ("ran", ENGINES[engine][0](*request))
        except (RuntimeError, ValueError) as error:
            answer = ("refused", str(error))
        signal.alarm(0)
        _send(answers, answer)


def _send(fd: int, value: object) -> None:
    data = pickle.dumps(value)
    data = struct.pack("<I", len(data)) + data
    while data:
        data = data[os.write(fd, data) :]


def _receive(fd: int) -> tuple | None:
    head = _read(fd, 4)
    return pickle.loads(_read(fd, *struct.unpack("<I", head))) if head else None


def _read(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := os.read(fd, size - len(data))):
        data += part
    return data


def _count_outputs(model: bytes) -> int:
    import tflite

    return tflite.Model.GetRootAs(model).Subgraphs(0).OutputsLength()


if __name__ == "__main__":
    _serve(sys.argv[1])
