#!/bin/sh
# SPDX-License-Identifier: MIT
# Put MicroPython's source tree under build/ and print its path.
#
#   ports/get-micropython.sh [version]
#
# MICROPYTHON_DIR= names a tree of your own and wins over everything. On Debian the source comes
# from the distribution's mirror, elsewhere from upstream's git, where a tag is taken only if it is the commit that we
# know: MICROPYTHON_COMMIT= names that of other versions. Running it again costs nothing.
set -eu

version=${1:-1.25.0}
package=micropython
upstream=https://github.com/micropython/micropython
submodules="lib/micropython-lib"

exec 3>&2  # so that fail is heard while a step's own noise goes to a log
fail() { echo "get-micropython: $*" >&3; exit 1; }

if [ -n "${MICROPYTHON_DIR:-}" ]; then
    [ -f "$MICROPYTHON_DIR/py/mpconfig.h" ] || fail "MICROPYTHON_DIR=$MICROPYTHON_DIR holds no py/mpconfig.h"
    echo "$MICROPYTHON_DIR"
    exit 0
fi

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/ports/debian.sh"
tree=$root/build/micropython-$version
if [ -f "$tree/py/mpconfig.h" ]; then
    echo "$tree"
    exit 0
fi

# Debian's tarball of each version that we know, with the sum of its .orig.tar.xz; and upstream's commit.
debian= commit=${MICROPYTHON_COMMIT:-}
case $version in
    1.25.0)
        suite=trixie debian=1.25.0+ds-1 sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
        commit=${commit:-f498a16c7db6d4b2de200b3e0856528dfe0613c3}
        ;;
    1.26.1)
        suite=forky debian=1.26.1+ds-1 sha256=f5ad2ec89d3e921f753d448955af98b6005655f84ba26087dde6ba0e8d062f34
        ;;
esac

mkdir -p "$root/build"
work=$(mktemp -d "$root/build/.micropython-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

from_debian() {
    [ -n "$debian" ] && command -v xz >/dev/null || return 1
    (cd "$work" && fetch_debian "$suite" "source/$package=$debian") || return 1
    mkdir -p "$work/tree"
    tarball=$work/${package}_${debian%-*}.orig.tar.xz
    echo "$sha256  $tarball" | sha256sum --check --quiet || fail "$(basename "$tarball") has not the expected SHA-256"
    tar -xJf "$tarball" -C "$work/tree" --strip-components=1
}

from_git() {
    command -v git >/dev/null || return 1
    rm -rf "$work/tree"
    [ -n "$commit" ] ||
        fail "no commit of MicroPython $version is known here; name the one that v$version is: MICROPYTHON_COMMIT="
    git clone --quiet --depth 1 -b "v$version" "$upstream" "$work/tree" || return 1
    found=$(git -C "$work/tree" rev-parse HEAD)
    [ "$found" = "$commit" ] || fail "v$version of $upstream is commit $found, wanted $commit"
    git -C "$work/tree" submodule --quiet update --init --depth 1 $submodules # their commits are in the tree
}

{ from_debian || from_git; } >"$work/log" 2>&1 ||
    fail "cannot fetch MicroPython $version ($(tail -n 1 "$work/log")); set MICROPYTHON_DIR= to a tree that you have"

# Debian strips the submodules; MicroPython's manifest rule wants to see this one, needed or not.
readme=$work/tree/lib/micropython-lib/README.md
[ -f "$readme" ] || { mkdir -p "$(dirname "$readme")" && : >"$readme"; }

# Whoever comes first wins; a second one that ran at the same time finds the tree in place.
mv -T "$work/tree" "$tree" 2>/dev/null || [ -f "$tree/py/mpconfig.h" ] || fail "cannot create $tree"
echo "$tree"
