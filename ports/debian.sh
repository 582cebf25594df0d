# SPDX-License-Identifier: MIT
# Packages of any Debian suite, without root and without touching the machine's apt. To be sourced.
#
#   fetch_debian SUITE NAME... source/NAME=VERSION...    into the current folder

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

# fetch_debian SUITE WHAT...: .deb files of binary packages, tarballs of source packages, into the current folder.
fetch_debian() {
    command -v apt-get >/dev/null || return 1
    suite=$1
    shift
    read -r archive keyring <<-EOF
	$(debian_archive | head -n 1)
	EOF
    [ -n "$archive" ] || return 1
    : "${keyring:=/usr/share/keyrings/debian-archive-keyring.gpg}"
    apt=$PWD/.apt-$suite
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    printf '%s [signed-by=%s] %s %s main\n' deb "$keyring" "$archive" "$suite" \
        deb-src "$keyring" "$archive" "$suite" >"$apt/sources.list"
    own_apt update || return 1
    for what in "$@"; do
        case $what in
            source/*) own_apt source --download-only --only-source "${what#source/}" || return 1 ;;
            *) own_apt download "$what" || return 1 ;;
        esac
    done
}

own_apt() {
    apt-get -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}
