#!/bin/sh
# SPDX-License-Identifier: MIT
# Put what MicroPython's rp2 port builds on into a source tree that lacks it: Pico SDK, TinyUSB, mbedtls.
#
#   ports/rp2/get-sdk.sh <MicroPython's source>
#
# Debian strips submodules from MicroPython but has each as a package; elsewhere they come from upstream's git.
set -eu

tree=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/ports/debian.sh"

exec 3>&2
fail() { echo "get-sdk: $*" >&3; exit 1; }

complete() {
    [ -f "$tree/lib/pico-sdk/pico_sdk_init.cmake" ] && [ -f "$tree/lib/tinyusb/src/tusb.h" ] &&
        [ -f "$tree/lib/mbedtls/include/mbedtls/aes.h" ]
}

complete && exit 0
[ -z "${MICROPYTHON_DIR:-}" ] || fail "$tree lacks its submodules; run there: make -C ports/rp2 submodules"

work=$(mktemp -d "$root/build/.rp2-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

from_debian() {
    command -v dpkg >/dev/null || return 1
    (cd "$work" && fetch_debian trixie pico-sdk-source tinyusb-source source/mbedtls) || return 1
    for package in "$work"/*.deb; do dpkg -x "$package" "$work/root" || return 1; done
    mkdir -p "$work/mbedtls"
    tar -xf "$(echo "$work"/mbedtls_*.orig.tar.*)" -C "$work/mbedtls" --strip-components=1 || return 1
    sdk=$(dirname "$(find "$work/root" -name pico_sdk_init.cmake | head -n 1)")
    usb=$(dirname "$(dirname "$(find "$work/root" -path '*/src/tusb.h' | head -n 1)")")
    for part in "pico-sdk $sdk" "tinyusb $usb" "mbedtls $work/mbedtls"; do
        rm -rf "$tree/lib/${part%% *}" && cp -RL "${part#* }" "$tree/lib/${part%% *}" || return 1
    done
}

from_git() {
    git -C "$tree" submodule --quiet update --init --depth 1 lib/pico-sdk lib/tinyusb lib/mbedtls
}

{ from_debian || from_git; } >"$work/log" 2>&1 && complete ||
    fail "cannot fetch the Pico SDK ($(tail -n 1 "$work/log")); set MICROPYTHON_DIR= to a tree with submodules"

# MicroPython's makefiles look whether these submodules are there by their README.
for library in pico-sdk tinyusb mbedtls micropython-lib; do
    [ -e "$tree/lib/$library/README.md" ] || { mkdir -p "$tree/lib/$library" && : >"$tree/lib/$library/README.md"; }
done
