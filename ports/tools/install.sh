#!/bin/sh
# SPDX-License-Identifier: MIT
# Install this package with what it needs into a virtual environment.
#
#   ports/tools/install.sh VENV/bin WHAT      WHAT is for pip: '.[test]'
#
# CI (CI=...) takes nothing but the very files whose hashes tests/requirements.lock has, all that tests, wheels and the
# site need, on the kind of PC and Python that the lock was made for: see `make lock`. Setuptools comes first, which
# builds what are sources.
set -eu

bin=$1 what=$2 lock=tests/requirements.lock
case $what in
    '.[firmware]' | '.[test]' | '.[dist]' | '.[docs]') locked=${CI:-} ;;
    *) locked= ;;
esac
fits='import platform, sys
wanted = "linux", "x86_64", 3, 11
sys.exit((sys.platform, platform.machine(), *sys.version_info[:2]) != wanted)'

# Compiled when first imported: most of what comes with it never is.
install() { "$bin/pip" install --disable-pip-version-check --no-compile "$@"; }

if [ -n "$locked" ] && "$bin/python" -c "$fits"; then
    awk '/^[a-z]/ { on = /^setuptools==/ } on' "$lock" >"$bin/../setuptools.lock"
    install --require-hashes -r "$bin/../setuptools.lock"
    install --require-hashes --no-build-isolation -r "$lock"
    install --no-deps --no-build-isolation -e .
else
    install -e "$what"
fi
