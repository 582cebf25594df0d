#!/bin/sh
# SPDX-License-Identifier: MIT
# Make a compiler for ESP32, S2 and S3 (windowed Xtensa) out of Debian's for the ESP8266, in half a minute.
#
#   ports/xtensa-sim/toolchain/make.sh <MicroPython's source>     build/toolchain/xtensawin/bin/xtensa-esp32-elf-*
#
# GCC and binutils of the lx106 take another core from the plugin that XTENSA_GNU_CONFIG names. libgcc is compiled
# for its windowed ABI, from GCC's source. Nothing is installed. Espressif's own compiler on the path is preferred.
set -eu

micropython=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
final=$root/build/toolchain/xtensawin
. "$root/ports/debian.sh"

[ ! -x "$final/bin/xtensa-esp32-elf-gcc" ] || exit 0
! command -v xtensa-esp32-elf-gcc >/dev/null || exit 0

exec 3>&2
fail() { echo "xtensa toolchain: $*" >&3; exit 1; }
command -v dpkg >/dev/null || fail "no xtensa-esp32-elf-gcc; install ESP-IDF (this machine has no Debian packages)"

mkdir -p "$root/build/toolchain"
work=$(mktemp -d "$root/build/toolchain/.xtensawin-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo "making a compiler for windowed Xtensa from Debian's packages"

fetch_sources() {
    mkdir -p "$work/source/packages"
    cd "$work/source/packages"
    fetch_debian bookworm gcc-xtensa-lx106 binutils-xtensa-lx106 picolibc-xtensa-lx106-elf binutils-source \
        gcc-12-source source/qemu
    for package in *.deb; do
        case $package in
            *-source_*) dpkg -x "$package" "$work/source/root" ;;
            *) dpkg -x "$package" "$work/root" ;;
        esac
    done
    cd "$work/source"
    tar -xf packages/qemu_*.orig.tar.xz --strip-components=1 --wildcards '*/target/xtensa/core-de212/*'
    tar -xf root/usr/src/binutils/binutils-*.tar.xz --strip-components=1 --wildcards '*/include/*.h'
    tar -xf root/usr/src/gcc-12/gcc-12*.tar.xz --strip-components=1 --wildcards '*/libgcc/config/xtensa/*' \
        '*/libgcc/libgcc2.[ch]' '*/gcc/coretypes.h' '*/gcc/tsystem.h'
}

# The names stay as they are when the folder moves to its place: wrappers find their own.
wrap() {
    mkdir -p "$work/bin"
    for tool in as ld ar nm objcopy objdump size strip ranlib; do
        printf '#!/bin/sh\nhome=$(dirname "$(dirname "$(readlink -f "$0")")")\nXTENSA_GNU_CONFIG=$home/plugin.so %s "$@"\n' \
            "exec \"\$home/root/usr/bin/xtensa-lx106-elf-$tool\"" >"$work/bin/xtensa-esp32-elf-$tool"
    done
    cat >"$work/bin/xtensa-esp32-elf-gcc" <<-'EOF'
	#!/bin/sh
	home=$(dirname "$(dirname "$(readlink -f "$0")")")
	case " $* " in
	    *--print-libgcc-file-name*) echo "$home/lib/libgcc.a"; exit ;;
	    *--print-file-name=libm.a*) echo "$home/lib/libm.a"; exit ;;
	esac
	XTENSA_GNU_CONFIG=$home/plugin.so PATH=$home/root/usr/bin:$PATH exec "$home/root/usr/bin/xtensa-lx106-elf-gcc" \
	    -mabi=windowed -isystem "$home/root/usr/lib/xtensa-lx106-elf/include" "$@"
	EOF
    chmod +x "$work"/bin/*
}

make_plugin() {
    mkdir -p "$work/source/empty/qemu"
    : >"$work/source/empty/qemu/osdep.h"
    cd "$work/source"
    gcc -O1 -w -shared -fPIC -I empty -I "$here" -I . -I include -o "$work/plugin.so" \
        "$here/plugin.c" "$here/instructions.c"
}

# What libgcc's C wants of GCC's own build, reduced to what these few functions use.
make_libgcc() {
    mkdir -p "$work/lib" "$work/source/objects" "$work/source/stub"
    cd "$work/source"
    cp "$here/core.h" stub/xtensa-config.h
    for header in auto-target.h libgcc_tm.h tconfig.h; do : >stub/$header; done
    printf '%s\n' '#define BITS_PER_UNIT 8' '#define UNITS_PER_WORD 4' '#define MIN_UNITS_PER_WORD 4' \
        '#define LIBGCC2_HAS_SF_MODE 1' '#define LIBGCC2_HAS_DF_MODE 1' '#define FLOAT_BIT_ORDER_MISMATCH 0' >stub/tm.h
    printf '#include <%s.h>\n' stddef stdint float limits >stub/tsystem.h
    cc=$work/bin/xtensa-esp32-elf-gcc
    for name in $(sed -n '/LIB1ASMFUNCS = /,/^$/p' libgcc/config/xtensa/t-xtensa | sed 's/LIB1ASMFUNCS = //; s/\\//g'); do
        "$cc" -DL"$name" -Os -mlongcalls -I stub -x assembler-with-cpp -c libgcc/config/xtensa/lib1funcs.S \
            -o "objects/$name.o" || return 1
    done
    for name in _muldi3 _divdi3 _moddi3 _udivdi3 _umoddi3 _negdi2 _cmpdi2 _ucmpdi2 _clzdi2 _ctzdi2 _popcountsi2 \
            _popcountdi2 _powisf2 _powidf2 _udivmoddi4; do
        "$cc" -DL"$name" -Os -fpic -mlongcalls -ffreestanding -DIN_LIBGCC2 -DIN_GCC -DUSED_FOR_TARGET -Dinhibit_libc -w \
            -I stub -I libgcc -I gcc -I include -c libgcc/libgcc2.c -o "objects/$name.o" || return 1
    done
    "$work/bin/xtensa-esp32-elf-ar" rcs "$work/lib/libgcc.a" objects/*.o
}

# MicroPython's rules for native modules look for a libm.
make_libm() {
    mkdir -p "$work/source/libm"
    cd "$work/source"
    for source in "$micropython"/lib/libm/[a-z]*.c; do
        name=$(basename "$source" .c)
        case $name in *test* | thumb*) continue ;; esac
        "$work/bin/xtensa-esp32-elf-gcc" -Os -fpic -mlongcalls -std=c99 -ffreestanding -w -I "$micropython" \
            -I "$micropython/ports/minimal" -I "$micropython/lib/libm" -DMICROPY_FLOAT_IMPL=1 -c "$source" \
            -o "libm/$name.o" || true
    done
    "$work/bin/xtensa-esp32-elf-ar" rcs "$work/lib/libm.a" libm/*.o
}

(set -e; fetch_sources && wrap && make_plugin && make_libgcc && make_libm) >"$work/log" 2>&1 ||
    fail "cannot make it: $(tail -n 1 "$work/log"); install ESP-IDF, whose compiler is used where it is on the path"
rm -rf "$work/source"
mv -T "$work" "$final" 2>/dev/null || [ -x "$final/bin/xtensa-esp32-elf-gcc" ] || fail "cannot create $final"
