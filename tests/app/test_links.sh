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

# Memory that runs short fails a request there, never the process (util/xalloc.h).
ends_by_itself() {
	nm "$1" | grep -E ' T x(calloc|strdup)$'
}

echo 1..3
lacks 1 tesserad avcodec avformat avutil swscale swresample vpx opus srtp2 mbedtls mbedcrypto \
    yuv seccomp
lacks 2 tessera-room ssl event_openssl jansson cyaml yaml avformat
if [ -n "$(ends_by_itself tessera-room)" ] && [ -z "$(ends_by_itself tesserad)" ]; then
	echo "ok 3 - tesserad has no allocation that ends it"
else
	echo "not ok 3 - tesserad has an allocation that ends it, or nm shows none at all"
fi
