# SPDX-License-Identifier: MIT
"""What the device scripts share: they print `ok <name>` for what holds, and raise at the first thing that does not."""


def ok(name):
    print("ok", name)


def equal(name, found, wanted):
    if found != wanted:
        raise AssertionError("%s: found %r, wanted %r" % (name, found, wanted))
    ok(name)


def raises(name, kind, text, function, *args, **kwargs):
    """The call raises exactly this kind of error, and its text contains `text`."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        if type(error) is kind and text in str(error):
            ok(name)
            return
        raise AssertionError("%s: found %r, wanted %s with %r" % (name, error, kind.__name__, text))
    raise AssertionError("%s: nothing raised, wanted %s with %r" % (name, kind.__name__, text))
