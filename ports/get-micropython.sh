#!/bin/sh
# SPDX-License-Identifier: MIT
# Put MicroPython's source tree under build/ and print its path.
#
#   ports/get-micropython.sh [version]
#
# MICROPYTHON_DIR= names a tree of your own and wins over everything. On Debian the source comes
# from the distribution's mirror, elsewhere from upstream's git. Running it again costs nothing.
set -eu

version=${1:-1.25.0}
package=micropython
suite=trixie
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
tree=$root/build/micropython-$version
if [ -f "$tree/py/mpconfig.h" ]; then
    echo "$tree"
    exit 0
fi

# Debian's tarball of each version that we know, with the sum of its .orig.tar.xz.
case $version in
    1.25.0) debian=1.25.0+ds-1 sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea ;;
    *) debian= ;;
esac

mkdir -p "$root/build"
work=$(mktemp -d "$root/build/.micropython-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The first Debian archive that this machine uses, in either notation of its sources:
# prints "URI keyring", the keyring empty when none is named.
debian_archive() {
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -f "$list" ] && awk '
            /^URIs:/ { uri = $2 }
            /^Signed-By:/ { key = $2 }
            /^$/ { if (uri ~ /\/debian\/?$/) exit; uri = key = "" }
            END { if (uri ~ /\/debian\/?$/) print uri, key }' "$list"
    done
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n \
        -e 's/^deb  *\(\[.*signed-by=\([^] ]*\).*\] *\)\{0,1\}\([^[ ][^ ]*\/debian\/\{0,1\}\) .*/\3 \2/p' \
        -e 's/^deb  *\[[^]]*\] *\([^ ]*\/debian\/\{0,1\}\) .*/\1/p'
}

# apt with lists, cache and sources of its own needs no root and leaves the machine's apt alone.
own_apt() {
    apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}

from_debian() {
    [ -n "$debian" ] && command -v apt-get >/dev/null && command -v xz >/dev/null || return 1
    read -r archive keyring <<-EOF
	$(debian_archive | head -n 1)
	EOF
    [ -n "$archive" ] || return 1
    : "${keyring:=/usr/share/keyrings/debian-archive-keyring.gpg}"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/tree"
    echo "deb-src [signed-by=$keyring] $archive $suite main" >"$work/sources.list"
    own_apt update && (cd "$work" && own_apt source --download-only --only-source "$package=$debian") || return 1
    tarball=$work/${package}_${debian%-*}.orig.tar.xz
    echo "$sha256  $tarball" | sha256sum --check --quiet || fail "$(basename "$tarball") has not the expected SHA-256"
    tar -xJf "$tarball" -C "$work/tree" --strip-components=1
}

from_git() {
    command -v git >/dev/null || return 1
    rm -rf "$work/tree"
    git clone --quiet --depth 1 -b "v$version" "$upstream" "$work/tree" &&
        git -C "$work/tree" submodule --quiet update --init --depth 1 $submodules
}

{ from_debian || from_git; } >"$work/log" 2>&1 ||
    fail "cannot fetch MicroPython $version ($(tail -n 1 "$work/log")); set MICROPYTHON_DIR= to a tree that you have"

# Debian strips the submodules; MicroPython's manifest rule wants to see this one, needed or not.
readme=$work/tree/lib/micropython-lib/README.md
[ -f "$readme" ] || { mkdir -p "$(dirname "$readme")" && : >"$readme"; }

# Whoever comes first wins; a second one that ran at the same time finds the tree in place.
mv -T "$work/tree" "$tree" 2>/dev/null || [ -f "$tree/py/mpconfig.h" ] || fail "cannot create $tree"
echo "$tree"
