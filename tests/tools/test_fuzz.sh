#!/bin/bash
# tools/fuzz counts as it says: a target that finds something fails, and the input is shown.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export srcdir=$work/tree
mkdir -p "$work/build" "$srcdir/fuzz/corpus/a" "$srcdir/fuzz/corpus/b"
echo seed >"$srcdir/fuzz/corpus/a/seed"
echo seed >"$srcdir/fuzz/corpus/b/seed"
cd "$work/build" || exit 1
number=0

# A target that behaves as libFuzzer's programs do, and writes down how it was called.
target() {
	printf '%s\n' '#!/bin/bash' "printf '%s\n' \"\$@\" >$work/arguments-$1" \
	    'for a; do case $a in -artifact_prefix=*) prefix=${a#*=} ;; esac; done' \
	    "$2" >"fuzz_$1"
	chmod +x "fuzz_$1"
}

result() {
	number=$((number + 1))
	if [ "$2" = yes ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/# /' "$work/out"
	fi
}

# ends NAME LAST STATUS: what the run of fuzz_a and fuzz_b has as last line and exit status.
ends() {
	local status

	"$top/tools/fuzz" 3 ./fuzz_a ./fuzz_b >"$work/out" 2>&1
	status=$?
	if [ "$(tail -n 1 "$work/out")" = "$2" ] && [ "$status" -eq "$3" ]; then
		result "$1" yes
	else
		result "$1" no
	fi
}

has() {
	grep -qF -e "$2" "$1" && echo yes || echo no
}

good='echo "stat::number_of_executed_units: 500"'
target a "$good"
target b "$good"
ends "two that find nothing pass" "2 passed, 0 failed" 0
result "says how many inputs there were" "$(has "$work/out" "fuzz_a (500 inputs in 3 s)")"
result "asks for the time" "$(has "$work/arguments-a" -max_total_time=3)"
result "takes chance unless told otherwise" "$(has "$work/arguments-a" -seed=0)"
SEED=7 "$top/tools/fuzz" 3 ./fuzz_a >"$work/out" 2>&1
result "takes a seed" "$(has "$work/arguments-a" -seed=7)"
result "writes new inputs into the build folder first" \
    "$([ "$(tail -n 2 "$work/arguments-b" | head -n 1)" = fuzz/grown/b ] && echo yes)"
result "reads the seeds of the source tree" \
    "$([ "$(tail -n 1 "$work/arguments-b")" = "$srcdir/fuzz/corpus/b" ] && echo yes)"

target b 'echo x >"${prefix}crash-1"
echo "artifact_prefix; Test unit written to ${prefix}crash-1"
echo "stat::number_of_executed_units: 9"
exit 77'
ends "one that crashes fails" "1 passed, 1 failed" 1
result "shows the input that did it" "$(has "$work/out" "$PWD/fuzz/found/b-crash-1")"
result "says where it belongs" "$(has "$work/out" fuzz/corpus/b/)"

target b 'exit 0'
ends "one that ran nothing fails" "1 passed, 1 failed" 1
target b "$good; kill -SEGV \$\$"
ends "one that a signal ends fails" "1 passed, 1 failed" 1
rm fuzz_b
ends "one that is not there fails" "1 passed, 1 failed" 1
number=$((number + 1))
if "$top/tools/fuzz" soon ./fuzz_a >"$work/out" 2>&1 || [ $? -ne 2 ]; then
	echo "not ok $number - a time that is no number is refused"
else
	echo "ok $number - a time that is no number is refused"
fi
number=$((number + 1))
if [ "$(find "$srcdir" -type f | wc -l)" -eq 2 ]; then
	echo "ok $number - the source tree is as it was"
else
	echo "not ok $number - the source tree is as it was"
fi
echo "1..$number"
