#!/bin/sh
# SPDX-License-Identifier: MIT
# Make sure that the tools for one kind of build are on this machine.
#
#   ports/toolchain.sh arm unix ...
#
# Silent and quick when everything is there. Otherwise root on Debian or Ubuntu gets the packages
# installed; anyone else gets one line that names them.
set -eu

# found WHAT...: a command on the path, or LIBRARY@COMPILER, a file that the compiler must be able to find.
found() {
    for what in "$@"; do
        case $what in
            *@*) command -v "${what#*@}" >/dev/null &&
                [ "$("${what#*@}" -print-file-name="${what%@*}")" != "${what%@*}" ] || return 1 ;;
            *) command -v "$what" >/dev/null || return 1 ;;
        esac
    done
}

# The sanitizer runtimes live in a package that carries clang's version in its name.
clang_packages() {
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
    echo "clang libclang-rt-${version:-14}-dev"
}

# The package without a version in its name, gcc-multilib, is not to be had beside compilers for other processors.
m32_package() {
    version=$(apt-cache depends gcc 2>/dev/null | sed -n 's/.*Depends: gcc-\([0-9]*\)$/\1/p')
    echo "gcc-${version:-12}-multilib"
}

fuzzer_links() {
    echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p && n > 0 ? 0 : 0; }' |
        clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null
}

m32_links() {
    echo 'int main(void) { return 0; }' | gcc -m32 -fsanitize=address,undefined -x c - -o /dev/null 2>/dev/null
}

KINDS=" unix arm riscv xtensa rp2 fuzz m32 aarch64 npm browser "

# present KIND: are the tools there?   packages KIND: which packages hold them?
present() {
    case $1 in
        unix) found gcc make git ;;
        arm) found make arm-none-eabi-gcc libm.a@arm-none-eabi-gcc qemu-system-arm ;;
        riscv) found make riscv64-unknown-elf-gcc qemu-system-riscv32 ;;
        xtensa) found make gcc xz qemu-xtensa qemu-system-xtensa ;;
        rp2) found make cmake g++ arm-none-eabi-g++ libstdc++.a@arm-none-eabi-gcc ;;
        fuzz) found clang && fuzzer_links ;;
        m32) found make gcc && m32_links ;;
        aarch64) found make aarch64-linux-gnu-gcc libc.a@aarch64-linux-gnu-gcc qemu-aarch64 ;;
        npm) found npm ;;
        browser) found chromium npm ;;
    esac
}

packages() {
    case $1 in
        unix) echo gcc libc6-dev make git ;;
        arm) echo make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm ;;
        riscv) echo make gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc ;;
        xtensa) echo make gcc libc6-dev xz-utils qemu-user qemu-system-misc ;; # the compiler: ports/xtensa-sim/toolchain
        rp2) echo make cmake g++ gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib ;;
        fuzz) clang_packages ;;
        m32) echo make; m32_package ;;
        aarch64) echo make gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user ;;
        npm) echo npm ;;
        browser) echo chromium; command -v npm >/dev/null || echo npm ;; # another maker's npm is no package; what looks at the studio's page
    esac
}

# Someone else may hold the package lock for a while; wait for them instead of failing.
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null; }

missing=
for kind in "$@"; do
    case $KINDS in
        *" $kind "*) present "$kind" || missing="$missing $kind" ;;
        *) echo "toolchain: unknown kind '$kind'; known:$KINDS" >&2; exit 2 ;;
    esac
done
[ -n "$missing" ] || exit 0

wanted=$(for kind in $missing; do packages "$kind"; done | tr ' ' '\n' | sort -u | xargs)
if ! command -v apt-get >/dev/null; then
    echo "toolchain: no tools for$missing; install what Debian calls: $wanted" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "toolchain: no tools for$missing; run: sudo apt-get install $wanted" >&2
    exit 1
fi

echo "toolchain: installing $wanted"
# Package lists that are missing or out of date show as a failed installation: only then fetch them.
# shellcheck disable=SC2086  # the list is meant to fall apart into words
if ! apt install --no-install-recommends $wanted 2>/dev/null; then
    apt update
    wanted=$(for kind in $missing; do packages "$kind"; done | tr ' ' '\n' | sort -u | xargs)
    apt install --no-install-recommends $wanted
fi

for kind in $missing; do
    present "$kind" || { echo "toolchain: $wanted installed, yet the tools for $kind do not work" >&2; exit 1; }
done
