#!/bin/bash
# tessera-room itself, started as a room starts: what it may call once it is locked down.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
room=${builddir:-.}/tessera-room
number=0

# expect CALL VERDICT STATUS
expect() {
	local said status

	said=$("$room" --probe="$1")
	status=$?
	number=$((number + 1))
	if [ "$said" = "$2" ] && [ "$status" -eq "$3" ]; then
		echo "ok $number - $1: $2"
	else
		echo "not ok $number - $1: $said (status $status), not $2 ($3)"
	fi
}

if [ "$("$room" --probe=open)" = "not locked down: built with a sanitizer" ]; then
	echo 1..1
	echo "ok 1 - a build with a sanitizer says that it is not locked down"
	exit 0
fi
denied="open create stat socket socketpair connect bind listen setsockopt fork kill map-code
    make-code chdir ioctl"
killed="exec ptrace bpf io_uring"
echo 1..21
for call in $denied; do
	expect "$call" "denied: EPERM" 0
done
for call in $killed; do
	expect "$call" "killed: SIGSYS" 0
done
expect send allowed 1
number=$((number + 1))
all=$(echo $denied $killed send | tr ' ' '\n' | sort)
if [ "$("$room" --help | tail -n 1 | tr ' ' '\n' | sort)" = "$all" ]; then
	echo "ok $number - each probe is tried here"
else
	echo "not ok $number - each probe is tried here"
fi
