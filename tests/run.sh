#!/bin/bash
# Runs test programs that speak TAP and sums them up; the last line is `N passed, N failed`.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: tests/run.sh PROGRAM… [--alone PROGRAM…]     (or .sh, .py, .js and .mjs scripts)
#   --alone        those before it run beside each other, those behind it one after the other,
#                  when the others have ended
#   TEST_JOBS      how many run beside each other (1)
#   TEST_TIMEOUT   seconds a program may take (240); a script may ask for more in its first ten
#                  lines by `# timeout: SECONDS` (or `// timeout: SECONDS`)
#   TEST_LOGS      where the logs go (./test-logs)
#
# A program has failed when a test of it is `not ok` or skipped, and also when it ends by a
# signal, with a status other than 0, in time-out, without a plan, or after fewer or more tests
# than it planned: each of these counts as one failed test more.
set -u
export LC_ALL=C.UTF-8 CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
jobs=${TEST_JOBS:-1}
limit=${TEST_TIMEOUT:-240}
logs=${TEST_LOGS:-test-logs}
passed=0
failed=0

# How to start a program, into the array `command`.
choose_command() {
	case $1 in
	*/*) path=$1 ;;
	*) path=./$1 ;;
	esac
	case $path in
	*.py) command=(/usr/bin/python3 "$path") ;;
	*.js | *.mjs) command=(node "$path") ;;
	*.sh) command=(bash "$path") ;;
	*) command=("$path") ;;
	esac
}

# Seconds that a program may take.
seconds_for() {
	local asked=
	case $1 in
	*.py | *.js | *.mjs | *.sh)
		asked=$(head -n 10 "$1" |
		    sed -nE 's,^[#/*" ]*timeout: ([0-9]+)[^0-9]*$,\1,p' | head -n 1)
		;;
	esac
	if [ -n "$asked" ] && [ "$asked" -gt "$limit" ]; then
		echo "$asked"
	else
		echo "$limit"
	fi
}

# Counts what two streams say together: `plans planned ok not_ok skipped bailed`.
count_logs() {
	awk '
	/^1\.\.[0-9]+/ { plans++; split($1, p, /\.\./); planned += p[2] }
	/^ok( |$)/ { if (toupper($0) ~ /# *SKIP/) skipped++; else ok++ }
	/^not ok( |$)/ { bad++ }
	/^Bail out!/ { bailed++ }
	END { print plans + 0, planned + 0, ok + 0, bad + 0, skipped + 0, bailed + 0 }' "$@"
}

# Why a program failed besides its tests, or nothing.
reason_for() {
	local status=$1 seconds=$2 plans=$3 planned=$4 ok=$5 bad=$6 skipped=$7 bailed=$8

	if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
		echo "ended after $seconds s"
	elif [ "$status" -gt 128 ]; then
		echo "killed by SIG$(kill -l $((status - 128)))"
	elif [ "$plans" -eq 0 ]; then
		echo "no plan (exit status $status)"
	elif [ $((ok + bad + skipped)) -ne "$planned" ]; then
		echo "planned $planned tests, ran $((ok + bad + skipped))"
	elif [ "$planned" -eq 0 ]; then
		echo "ran no test"
	elif [ "$bailed" -ne 0 ]; then
		echo "bailed out"
	elif [ "$status" -ne 0 ] && [ $((bad + skipped)) -eq 0 ]; then
		echo "all tests ok, but exit status $status"
	fi
}

# What a program is called in words and in files.
name_of() {
	local name

	name=$(realpath -m "$1")
	name=${name#"$PWD"/}
	name=${name#"$top"/}
	printf '%s' "${name#tests/}"
}

log_of() {
	printf '%s/%s.log' "$logs" "$(name_of "$1" | tr / _)"
}

# Its verdict in words on stdout; `passed failed` into the sum beside its log.
run_one() {
	local program=$1 name log errors status seconds counts why started bad

	name=$(name_of "$program")
	log=$(log_of "$program")
	seconds=$(seconds_for "$program")
	choose_command "$program"
	started=$SECONDS
	# Apart: in one file the buffered stream is cut where the other one comes between, within
	# a line too. cmocka says `ok` on one and `not ok` on the other.
	errors=${log%.log}.err
	timeout -k 5 "$seconds" "${command[@]}" >"$log" 2>"$errors" </dev/null
	status=$?
	read -r -a counts < <(count_logs "$log" "$errors")
	why=$(reason_for "$status" "$seconds" "${counts[@]}")
	bad=$((counts[3] + counts[4]))
	[ -z "$why" ] || bad=$((bad + 1))
	echo "${counts[2]} $bad" >"${log%.log}.sum"
	if [ "$bad" -eq 0 ]; then
		echo "PASS $name (${counts[2]} tests, $((SECONDS - started)) s)"
		return
	fi
	echo "FAIL $name: ${why:-$bad of ${counts[1]} tests}"
	grep -hE '^not ok|^ok .*# *[Ss][Kk][Ii][Pp]' "$log" "$errors" | head -n 20 | sed 's/^/  /'
	for log in "$log" "$errors"; do
		[ -s "$log" ] || continue
		echo "  the end of $log:"
		tail -n 60 "$log" | sed 's/^/  | /'
	done
}

# Starts one when there is room for it.
start() {
	[ "${#running[@]}" -lt "$1" ] || end_one
	rm -f "$(log_of "$2" | sed 's/log$/sum/')"
	run_one "$2" >"$(log_of "$2" | sed 's/log$/verdict/')" &
	running[$!]=$2
}

# Waits for the next one to end, and tells of it.
end_one() {
	local pid log good=0 bad=1

	wait -n -p pid "${!running[@]}"
	log=$(log_of "${running[$pid]}")
	unset "running[$pid]"
	cat "${log%.log}.verdict"
	read -r good bad <"${log%.log}.sum" || echo "FAIL $log: no verdict"
	passed=$((passed + good))
	failed=$((failed + bad))
}

end_all() {
	while [ "${#running[@]}" -gt 0 ]; do
		end_one
	done
}

top=$(cd "$(dirname "$0")/.." && pwd)
running=()
mkdir -p "$logs"
for program; do
	if [ "$program" = --alone ]; then
		end_all
		jobs=1
	else
		start "$jobs" "$program"
	fi
done
end_all
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
