#!/bin/bash
# tests/run.sh counts as it says: no way to end badly passes for success.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

# sums NAME LAST STATUS SCRIPT: the script's run ends with this line and this status.
sums() {
	local status

	number=$((number + 1))
	printf '%s\n' "$4" >"$work/t.sh"
	TEST_TIMEOUT=${limit:-20} TEST_LOGS=$work/logs "$top/tests/run.sh" "$work/t.sh" \
	    >"$work/out" 2>&1
	status=$?
	if [ "$(tail -n 1 "$work/out")" = "$2" ] && [ "$status" -eq "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1 (exit status $status)"
		sed 's/^/# /' "$work/out"
	fi
}

sums "two good tests pass" "2 passed, 0 failed" 0 'echo 1..2; echo ok 1; echo ok 2 - x'
sums "the plan may come last" "1 passed, 0 failed" 0 'echo ok 1; echo 1..1'
sums "two groups have two plans" "2 passed, 0 failed" 0 \
    'echo 1..1; echo ok 1; echo 1..1; echo ok 1'
sums "one bad test fails" "1 passed, 1 failed" 1 'echo 1..2; echo ok 1; echo not ok 2; exit 1'
sums "a bad test fails with status 0 too" "0 passed, 1 failed" 1 'echo 1..1; echo not ok 1'
sums "a status other than 0 fails" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1; exit 3'
sums "no plan fails" "1 passed, 1 failed" 1 'echo ok 1'
sums "no output fails" "0 passed, 1 failed" 1 'true'
sums "fewer tests than planned fail" "1 passed, 1 failed" 1 'echo 1..2; echo ok 1'
sums "more tests than planned fail" "2 passed, 1 failed" 1 'echo 1..1; echo ok 1; echo ok 2'
sums "an empty plan fails" "0 passed, 1 failed" 1 'echo 1..0'
sums "a skipped test fails" "0 passed, 1 failed" 1 'echo 1..1; echo "ok 1 # SKIP no time"'
sums "a crash fails" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1; kill -SEGV $$'
sums "bailing out fails" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1; echo "Bail out! no disk"'
sums "a line is not cut by the other stream" "2 passed, 0 failed" 0 \
    'echo 1..2; printf o; echo noise >&2; echo k 1; echo ok 2'
sums "a bad test may be told on the other stream" "1 passed, 1 failed" 1 \
    'echo 1..2; echo ok 1; echo not ok 2 >&2; exit 1'
limit=1 sums "too long fails" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1; exec sleep 30'
limit=1 sums "a script may ask for more time" "1 passed, 0 failed" 0 \
    $'# timeout: 20\nsleep 1.5; echo 1..1; echo ok 1'

# together NAME WANTED ARGUMENT…: three programs at once print what they see of each other.
together() {
	local name=$1 wanted=$2 seen

	shift 2
	number=$((number + 1))
	rm -f "$work"/met.*
	TEST_JOBS=3 TEST_TIMEOUT=20 TEST_LOGS=$work/logs "$top/tests/run.sh" "$@" >"$work/out" 2>&1
	seen=$(tail -n 1 "$work/out")
	if [ "$seen" = "$wanted" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$work/out"
	fi
}

# Each is good when it meets the other two; and bad when it meets anybody.
for one in a b c; do
	cat >"$work/$one.sh" <<-END
		touch $work/met.$one
		for turn in \$(seq 300); do
			[ -e $work/met.a ] && [ -e $work/met.b ] && [ -e $work/met.c ] && break
			sleep 0.05
		done
		echo 1..2; echo ok 1
		[ \$turn -lt 300 ] && echo ok 2 || echo not ok 2
	END
	cat >"$work/lone-$one.sh" <<-END
		echo 1..1
		mkdir $work/met.lone && echo ok 1 || echo not ok 1
		sleep 0.2
		rmdir $work/met.lone
	END
done
together "three run beside each other, and all are counted" "6 passed, 0 failed" \
    "$work/a.sh" "$work/b.sh" "$work/c.sh"
together "what is to be alone is, behind the others" "9 passed, 0 failed" \
    "$work/a.sh" "$work/b.sh" "$work/c.sh" --alone \
    "$work/lone-a.sh" "$work/lone-b.sh" "$work/lone-c.sh"
printf 'echo 1..1; echo not ok 1\n' >"$work/bad.sh"
together "a bad one among them fails" "6 passed, 1 failed" \
    "$work/a.sh" "$work/bad.sh" "$work/b.sh" "$work/c.sh"

number=$((number + 1))
if "$top/tests/run.sh" >"$work/out"; then
	echo "not ok $number - no program at all fails"
else
	echo "ok $number - no program at all fails"
fi
echo "1..$number"
