#!/bin/bash
# The boundary that the linker proves: which libraries each program may reach.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
cd "${builddir:-.}" || exit 1

# lacks NUMBER PROGRAM LIBRARY…: none of them, directly or through another.
lacks() {
	local number=$1 program=$2 links found

	shift 2
	links=$(ldd "./$program") || links="ldd $program failed"
	found=$(printf '%s\n' "$links" | grep -E "lib($(IFS='|'; echo "$*"))[.-]|failed")
	if [ -z "$found" ]; then
		echo "ok $number - $program links none of: $*"
	else
		echo "not ok $number - $program links what it may not"
		printf '%s\n' "$found" | sed 's/^/# /'
	fi
}

echo 1..2
lacks 1 tesserad avcodec avformat avutil swscale swresample vpx opus srtp2 mbedtls mbedcrypto \
    yuv seccomp
lacks 2 tessera-room ssl event_openssl jansson cyaml yaml avformat
