# SPDX-License-Identifier: MIT
"""The one kind of failure that is the user's to mend."""


class UserError(Exception):
    """What was found, what was wanted, what to do: one line at the command line, exit code 1."""
