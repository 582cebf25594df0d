# SPDX-License-Identifier: MIT
"""Gates in a row, the cheap ones first, so that the network runs only where something is worth it.

    from midge.gates import energy, network

    listen = midge.cascade(("loud", energy(rise=3)), ("voice", network(voice, "speech", 0.6)), ("word", wake))
    for beat in midge.duty(32):
        answer = listen(microphone.read())
        if answer:
            print(answer.label)

A gate is called with what the one before let through. It returns None or False to end it there, True to let the same
through, and anything else in its place. `print(listen)` says how often each was asked and how often it let through.
"""


def cascade(*gates):
    """Return gates in a row, each a function or (name, function), that end what is not worth the next."""
    return Cascade(gates)


class Cascade:
    """Gates in a row, with a count of what each let through."""

    def __init__(self, gates):
        self._gates = [gate if isinstance(gate, tuple) else ("gate %d" % i, gate) for i, gate in enumerate(gates)]
        if not self._gates:
            raise ValueError("got no gates, wanted one or more")
        self._asked = [0] * len(self._gates)
        self._passed = [0] * len(self._gates)

    def __call__(self, value):
        """Return what the last gate lets through, or None."""
        for i, (_, gate) in enumerate(self._gates):
            self._asked[i] += 1
            answer = gate(value)
            if answer is None or answer is False:
                return None
            if answer is not True:
                value = answer
            self._passed[i] += 1
        return value

    def shares(self):
        """Return (name, asked, passed, share of all values that reached the gate) of each."""
        all_values = max(self._asked[0], 1)
        return [
            (name, asked, passed, asked / all_values)
            for (name, _), asked, passed in zip(self._gates, self._asked, self._passed)
        ]

    def __repr__(self):
        rows = ["%s: asked %d times (%.1f %%), passed %d" % (n, a, 100 * s, p) for n, a, p, s in self.shares()]
        return "\n".join(rows)


def motion(pin, edge=None):
    """Return a gate that lets through once after the interrupt of a motion sensor.

    pin   the machine.Pin that the sensor's interrupt drives
    edge  which edge counts; the rising one by default
    """
    seen = bytearray(1)

    def notice(_):
        seen[0] = 1

    pin.irq(handler=notice, trigger=pin.IRQ_RISING if edge is None else edge)

    def gate(_):
        moved = seen[0]
        seen[0] = 0
        return bool(moved)

    return gate


def energy(rise=3.0, step=4, slow=0.02):
    """Return a gate for samples whose energy stands out against the background, which it learns.

    rise  how many times the background's mean square lets through
    step  every how many samples one is looked at: in Python each costs microseconds
    slow  how fast the background follows, per call; it follows down at once, and not while the gate is open
    """
    floor = [None]

    def gate(samples):
        n = len(samples)
        if not n:
            return False
        total = squares = 0
        count = 0
        for i in range(0, n, step):
            x = samples[i]
            total += x
            squares += x * x
            count += 1
        power = squares / count - (total / count) ** 2
        if floor[0] is None or power < floor[0]:
            floor[0] = power
            return False
        if power > rise * floor[0] and power > 0:
            return True
        floor[0] += slow * (power - floor[0])
        return False

    return gate


def network(model, label, threshold=0.5):
    """Return a gate that lets values through for which a network's score of a label reaches a threshold.

    label  a name of the model's, or the number of a class
    """
    labels = model.labels
    index = labels.index(label) if label in labels else label

    def gate(values):
        return model(values).scores[index] >= threshold

    return gate


def hold(gate, times):
    """Return a gate that stays open for `times` more calls after another has let through: words go on after a vowel."""
    left = [0]

    def held(value):
        answer = gate(value)
        if answer is not None and answer is not False:
            left[0] = times
            return answer
        if left[0]:
            left[0] -= 1
            return True
        return answer

    return held
