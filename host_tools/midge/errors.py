# SPDX-License-Identifier: MIT
"""The one kind of failure that is the user's to mend."""


class UserError(Exception):
    """What was found, what was wanted, what to do: one line at the command line, exit code 1."""


class UnsupportedModel(UserError):
    """A sound model that uses ops or dtypes which no device op can run. `items` lists every one."""

    def __init__(self, name: str, items: list[tuple[str, str, str]]):
        self.items = items
        reasons: dict[tuple[str, str], list[str]] = {}
        for op, layer, reason in items:
            reasons.setdefault((op, reason), []).append(layer)
        lines = [
            f"  {op} ({len(layers)}x, first '{layers[0]}'): {reason}" for (op, reason), layers in reasons.items()
        ]
        super().__init__(f"{name}: {len(items)} of its operators cannot run\n" + "\n".join(lines))
