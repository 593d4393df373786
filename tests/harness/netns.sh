#!/bin/bash
# Runs a command in a private network namespace in which every WebRTC client works.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: tests/harness/netns.sh COMMAND [ARGUMENT…]
#
# Inside are loopback and one Ethernet pair with 10.99.0.1 and a default route that leads nowhere:
# Chromium and aiortc gather no candidate on loopback alone, and Firefox gathers none at all
# without a default route. They have no link-local IPv6 address, as one becomes valid a second or
# two later, which Chromium takes for another network and drops all it loads. Nothing gets out, and
# nothing of the outside is seen. The namespace has no name, so any number of runs live side by
# side, and it ends with its last process: when the command ends, whatever it left behind is ended
# here, by process id.
#
# Needs root, or user namespaces for everybody. Without either it says so in TAP and fails.
set -u

# Into the array `strays`: the processes in this namespace besides this script.
find_strays() {
	local process

	strays=()
	for process in /proc/[0-9]*; do
		if [ "$process/ns/net" -ef /proc/$$/ns/net ] && [ "${process#/proc/}" != $$ ]; then
			strays+=("${process#/proc/}")
		fi
	done
}

end_strays() {
	local signal

	trap '' TERM INT HUP
	for signal in TERM KILL; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			find_strays
			[ "${#strays[@]}" -ne 0 ] || return 0
			kill -"$signal" "${strays[@]}" 2>/dev/null
			sleep 0.1
		done
	done
}

set_up() {
	ip link set lo up &&
	    ip link add tessera0 type veth peer name tessera1 &&
	    ip address add 10.99.0.1/24 dev tessera0 &&
	    ip link set tessera0 addrgenmode none &&
	    ip link set tessera1 addrgenmode none &&
	    ip link set tessera1 up &&
	    ip link set tessera0 up &&
	    ip route add default via 10.99.0.254 dev tessera0
}

if [ "${1:-}" = --inside ]; then
	shift
	trap end_strays EXIT
	trap 'exit 143' TERM INT HUP
	if ! set_up; then
		echo "1..1"
		echo "not ok 1 - a private network namespace is set up # ip failed, see above"
		exit 1
	fi
	TESSERA_NETNS=10.99.0.1 "$@" &
	wait $!
	exit $?
fi

[ $# -gt 0 ] || { sed -n 5,14p "$0"; exit 2; }
how=(--net)
[ "$(id -u)" -eq 0 ] || how=(--user --map-root-user --net)
if ! why=$(unshare "${how[@]}" true 2>&1); then
	echo "1..1"
	echo "not ok 1 - a private network namespace can be made # needs root: $why"
	exit 1
fi
exec unshare "${how[@]}" -- bash "$0" --inside "$@"
