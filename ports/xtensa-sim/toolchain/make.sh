#!/bin/sh
# SPDX-License-Identifier: MIT
# Make compilers for ESP8266 (xtensa) and for ESP32, S2 and S3 (xtensawin) out of Debian's, in half a minute.
#
#   ports/xtensa-sim/toolchain/make.sh <MicroPython's source>     build/toolchain/xtensa/<arch>/bin/xtensa-*-elf-*
#
# Debian's GCC is one for the ESP8266, whose libgcc lacks what lies in that chip's ROM: float and 64-bit arithmetic. It
# and its binutils take another core from the plugin that XTENSA_GNU_CONFIG names. For both cores libgcc is compiled
# from GCC's source. Nothing is installed. Whole compilers on the path are preferred.
set -eu

micropython=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
final=$root/build/toolchain/xtensa
. "$root/ports/debian.sh"

# prefix ARCH: what the names of its tools begin with.   whole ARCH: is there a compiler that can divide?
prefix() { case $1 in xtensa) echo xtensa-lx106-elf ;; xtensawin) echo xtensa-esp32-elf ;; esac; }
whole() {
    compiler=$(command -v "$(prefix "$1")-gcc") || return 1
    "$(prefix "$1")-nm" "$("$compiler" --print-libgcc-file-name)" 2>/dev/null | grep -q ' T __divdf3$'
}

# They share a folder, so where one is missing all are made.
wanted= missing=
for arch in xtensa xtensawin; do
    whole $arch && continue
    wanted="$wanted $arch"
    [ -x "$final/$arch/bin/$(prefix $arch)-gcc" ] || missing=yes
done
[ -n "$missing" ] || exit 0

exec 3>&2
fail() { echo "xtensa toolchain: $*" >&3; exit 1; }
command -v dpkg >/dev/null || fail "no compiler for$wanted; install Espressif's (this machine has no Debian packages)"

mkdir -p "$root/build/toolchain"
work=$(mktemp -d "$root/build/toolchain/.xtensa-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo "making compilers for$wanted from Debian's packages"

fetch_sources() {
    mkdir -p "$work/source/packages"
    cd "$work/source/packages"
    fetch_debian bookworm gcc-xtensa-lx106 binutils-xtensa-lx106 picolibc-xtensa-lx106-elf binutils-source \
        gcc-12-source source/qemu
    for package in *.deb; do
        case $package in
            *-source_*) dpkg -x "$package" "$work/source/sysroot" ;;
            *) dpkg -x "$package" "$work/sysroot" ;;
        esac
    done
    cd "$work/source"
    tar -xf packages/qemu_*.orig.tar.xz --strip-components=1 --wildcards '*/target/xtensa/core-de233_fpu/*' \
        '*/target/xtensa/core-lx106/*'
    tar -xf sysroot/usr/src/binutils/binutils-*.tar.xz --strip-components=1 --wildcards '*/include/*.h'
    tar -xf sysroot/usr/src/gcc-12/gcc-12*.tar.xz --strip-components=1 --wildcards '*/libgcc/config/xtensa/*' \
        '*/libgcc/libgcc2.[ch]' '*/gcc/coretypes.h' '*/gcc/tsystem.h'
}

# The names stay as they are when the folder moves to its place: wrappers find their own.
# wrap ARCH ENVIRONMENT FLAGS
wrap() {
    bin=$work/$1/bin
    mkdir -p "$bin"
    find_home='home=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")'
    for tool in as ld ar nm objcopy objdump size strip ranlib; do
        printf '#!/bin/sh\n%s\n%s exec "$home/sysroot/usr/bin/xtensa-lx106-elf-%s" "$@"\n' \
            "$find_home" "$2" $tool >"$bin/$(prefix "$1")-$tool"
    done
    cat >"$bin/$(prefix "$1")-gcc" <<-EOF
	#!/bin/sh
	$find_home
	case " \$* " in
	    *--print-libgcc-file-name*) echo "\$home/$1/lib/libgcc.a"; exit ;;
	    *--print-file-name=libm.a*) echo "\$home/$1/lib/libm.a"; exit ;;
	esac
	$2 PATH=\$home/sysroot/usr/bin:\$PATH exec "\$home/sysroot/usr/bin/xtensa-lx106-elf-gcc" \\
	    $3 -isystem "\$home/sysroot/usr/lib/xtensa-lx106-elf/include" "\$@"
	EOF
    chmod +x "$bin"/*
}

make_plugin() {
    mkdir -p "$work/source/empty/qemu"
    : >"$work/source/empty/qemu/osdep.h"
    cd "$work/source"
    gcc -O1 -w -shared -fPIC -I empty -I "$here" -I . -I include -o "$work/plugin.so" \
        "$here/plugin.c" "$here/instructions.c"
}

# What libgcc's C wants of GCC's own build, reduced to what these few functions use.
# make_libgcc ARCH CORE FLAGS: the core as a header, in the names of Tensilica's.
make_libgcc() {
    mkdir -p "$work/$1/lib" "$work/source/objects-$1" "$work/source/stub-$1"
    cd "$work/source"
    printf '#include "%s"\n' "$2" >"stub-$1/xtensa-config.h"
    for header in auto-target.h libgcc_tm.h tconfig.h; do : >"stub-$1/$header"; done
    printf '%s\n' '#define BITS_PER_UNIT 8' '#define UNITS_PER_WORD 4' '#define MIN_UNITS_PER_WORD 4' \
        '#define LIBGCC2_HAS_SF_MODE 1' '#define LIBGCC2_HAS_DF_MODE 1' '#define FLOAT_BIT_ORDER_MISMATCH 0' \
        >"stub-$1/tm.h"
    printf '#include <%s.h>\n' stddef stdint float limits >"stub-$1/tsystem.h"
    cc=$work/$1/bin/$(prefix "$1")-gcc
    for name in $(sed -n '/LIB1ASMFUNCS = /,/^$/p' libgcc/config/xtensa/t-xtensa | sed 's/LIB1ASMFUNCS = //; s/\\//g'); do
        "$cc" -DL"$name" -Os $3 -I "stub-$1" -x assembler-with-cpp -c libgcc/config/xtensa/lib1funcs.S \
            -o "objects-$1/$name.o" || return 1
    done
    for name in _muldi3 _divdi3 _moddi3 _udivdi3 _umoddi3 _negdi2 _cmpdi2 _ucmpdi2 _clzdi2 _ctzdi2 _popcountsi2 \
            _popcountdi2 _powisf2 _powidf2 _udivmoddi4; do
        "$cc" -DL"$name" -Os $3 -ffreestanding -DIN_LIBGCC2 -DIN_GCC -DUSED_FOR_TARGET -Dinhibit_libc -w \
            -I "stub-$1" -I libgcc -I gcc -I include -c libgcc/libgcc2.c -o "objects-$1/$name.o" || return 1
    done
    "$work/$1/bin/$(prefix "$1")-ar" rcs "$work/$1/lib/libgcc.a" "objects-$1"/*.o
}

# MicroPython's rules for native modules look for a libm.   make_libm ARCH FLAGS
make_libm() {
    mkdir -p "$work/source/libm-$1"
    cd "$work/source"
    for source in "$micropython"/lib/libm/[a-z]*.c; do
        name=$(basename "$source" .c)
        case $name in *test* | thumb*) continue ;; esac
        "$work/$1/bin/$(prefix "$1")-gcc" -Os $2 -std=c99 -ffreestanding -w -I "$micropython" \
            -I "$micropython/ports/minimal" -I "$micropython/lib/libm" -DMICROPY_FLOAT_IMPL=1 -c "$source" \
            -o "libm-$1/$name.o" || true
    done
    "$work/$1/bin/$(prefix "$1")-ar" rcs "$work/$1/lib/libm.a" "libm-$1"/*.o
}

make_xtensa() {
    wrap xtensa "" ""
    cat >"$work/source/lx106.h" <<-EOF
	#include "$work/source/target/xtensa/core-lx106/core-isa.h"
	#define XSHAL_ABI 1 /* call0 */
	EOF
    make_libgcc xtensa "$work/source/lx106.h" "" && make_libm xtensa ""
}

make_xtensawin() {
    wrap xtensawin 'XTENSA_GNU_CONFIG=$home/plugin.so' -mabi=windowed
    make_plugin && make_libgcc xtensawin "$here/core.h" -mlongcalls && make_libm xtensawin -mlongcalls
}

(fetch_sources && for arch in $wanted; do "make_$arch" || exit 1; done) >"$work/log" 2>&1 ||
    fail "cannot make it: $(tail -n 1 "$work/log"); install Espressif's compiler, which is used where it is on the path"
rm -rf "$work/source" "$final"
mv -T "$work" "$final" 2>/dev/null || [ -x "$final/xtensa/bin/xtensa-lx106-elf-gcc" ] || fail "cannot create $final"
