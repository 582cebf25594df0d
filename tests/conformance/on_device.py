# SPDX-License-Identifier: MIT
"""The board's half of the conformance run: runs one model on recorded inputs and prints the raw outputs.

Runs unchanged on CPython, on the unix port and on boards.
"""

import binascii
import gc
import sys

import midge

_CHUNK = 512  # bytes a printed line


def run(model_path, inputs_path, input_sizes, output_sizes, runs):
    """Run a model `runs` times. inputs_path holds all inputs of run 0, then of run 1, ...; sizes in bytes."""
    gc.collect()
    model = midge.load(model_path)
    inputs = [bytearray(n) for n in input_sizes]
    outputs = [bytearray(n) for n in output_sizes]
    with open(inputs_path, "rb") as file:
        for _ in range(runs):
            for buffer in inputs:
                if file.readinto(buffer) != len(buffer):
                    raise ValueError("inputs cut short")
            model.run(inputs, out=outputs)
            for buffer in outputs:
                for at in range(0, len(buffer), _CHUNK):
                    print(binascii.hexlify(memoryview(buffer)[at : at + _CHUNK]).decode())
            print("run")
    print("done")


if __name__ == "__main__":
    job = [eval(a) for a in sys.argv[1:]]
    run(*job)
