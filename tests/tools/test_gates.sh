#!/bin/bash
# Each gate passes a small good tree and fails on a bad one: a gate that cannot fail is worthless.
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 180
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
SPDX='/* One line. SPDX-License-Identifier: GPL-3.0-or-later */'

# A tree in which every gate is content, in $work/tree, built in $work/build.
good_tree() {
	rm -rf "$work/tree" "$work/build"
	mkdir -p "$work/tree/src/util" "$work/tree/src/net" "$work/tree/docs/man" \
	    "$work/tree/etc" "$work/tree/web/js" "$work/build/src/util" "$work/build/src/net"
	cd "$work/tree" || exit 1
	printf '%s\n' 'util:' 'net: util' 'app: *' 'door ^opus/ : app/' >docs/layers.txt
	printf '%s\n' "$SPDX" '#ifndef CLOCK_H' '#define CLOCK_H' '#include <stdint.h>' \
	    'int64_t clock_now_us(void);' '#endif' >src/util/clock.h
	printf '%s\n' "$SPDX" '#include "util/clock.h"' 'int64_t' 'clock_now_us(void)' '{' \
	    '	return 1;' '}' >src/util/clock.c
	printf '%s\n' "$SPDX" '#include "util/clock.h"' 'int' 'main(void)' '{' \
	    '	return (int)clock_now_us();' '}' >src/net/udp.c
	printf '%s\n' '# How loud.' 'log:' '  level: info' >etc/tesserad.yaml
	printf '%s\n' '*log*:' '	Logs.' '*log.level*: info' '	How loud.' \
	    >docs/man/tesserad.yaml.5.scd
	printf '%s\n' '#!/bin/sh' 'printf "log:\n  level: info\n"' >"$work/build/tesserad"
	chmod +x "$work/build/tesserad"
	printf '%s\n' "el.textContent = 'x';" >web/js/main.js
}

build() {
	for source in "$work"/tree/src/*/*.c; do
		name=${source#"$work/tree/"}
		cc -std=c11 -I"$work/tree/src" -c "$source" -o "$work/build/${name%.c}.o" || exit 1
	done
}

tap() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/out"
	fi
}

gate() {
	"$top/tools/check-$1" "$work/tree" "$work/build" >"$work/out" 2>&1
}

passes() {
	gate "$1"
	tap $? "$2"
}

# Fails, and says the words of $2.
fails() {
	if gate "$1"; then
		tap 1 "$3"
	else
		grep -q -- "$2" "$work/out"
		tap $? "$3"
	fi
}

repeat() {
	for ((i = 0; i < $1; i++)); do
		printf '%s\n' "$2"
	done
}

function_of() {
	printf '%s\n' "$SPDX" 'int f(int x);' 'int' 'f(int x)' '{'
	cat
	printf '%s\n' '	return x;' '}'
}

test_layers() {
	good_tree
	passes layers "layers: a call that goes down passes"
	echo '#include "net/udp.h"' >>src/util/clock.c && : >src/net/udp.h
	fails layers 'util/ may not include net/' "layers: an include that goes up fails"
	good_tree && echo '#include <opus/opus.h>' >>src/net/udp.c
	fails layers 'not behind its door' "layers: a library past its door fails"
	good_tree && echo '#include <zlib.h>' >>src/net/udp.c
	fails layers 'has no door' "layers: a library without a door fails"
	good_tree && echo '#include "clock.h"' >>src/util/clock.c
	fails layers 'no such header' "layers: an include not written from src/ fails"
	good_tree && : >src/util/clock_internal.h
	echo '#include "util/clock_internal.h"' >>src/net/udp.c
	fails layers 'alone' "layers: a private header of another folder fails"
	good_tree && mkdir src/misc && echo "$SPDX" >src/misc/x.c
	fails layers 'no layer' "layers: a folder that is no layer fails"
}

test_headers() {
	good_tree
	passes headers "headers: one that brings what it needs passes"
	sed -i '/stdint/d' src/util/clock.h
	fails headers 'does not compile alone' "headers: one that needs another before it fails"
	good_tree && echo 'struct twice { int x; };' >>src/util/clock.h
	fails headers 'redefinition' "headers: one without a guard fails"
}

test_size() {
	good_tree
	passes size "size: small things pass"
	repeat 1001 '/* a line */' >src/util/long.c
	fails size 'lines, more than 1000' "size: a file of 1001 lines fails"
	good_tree && repeat 101 '	x++;' | function_of >src/util/f.c
	fails size 'lines in f, more than 100' "size: a function of more than 100 lines fails"
	good_tree && repeat 25 '	x += x ? 1 : 2;' | function_of >src/util/f.c
	fails size 'complexity of f, more than 25' "size: a function of complexity 26 fails"
	good_tree && repeat 16 '	x += x ? 1 : 2;' | function_of >src/util/f.c
	passes size "size: a function of complexity 17 is only warned of"
	grep -q 'warning: 17 is the complexity' "$work/out"
	tap $? "size: and the warning is printed"
	good_tree && repeat 301 '// a line' >web/js/long.js
	fails size 'lines, more than 300' "size: a script of 301 lines fails"
}

test_banned() {
	good_tree
	passes banned "banned: a clean tree passes"
	for call in 'strcpy(a, b)' 'sprintf(a, b)' 'strtok(a, b)' 'atoi(a)' 'gets(a)' 'rand()' \
	    'alloca(1)' 'localtime(a)' 'usleep(1)' 'sscanf(a, b)' 'clock_gettime(a, b)'; do
		good_tree && printf '%s\n' "	$call;" | function_of >src/net/f.c
		fails banned "${call%%(*}()" "banned: ${call%%(*} fails"
	done
	good_tree && printf '%s\n' '	/* never strcpy() */ log("atoi(x)"); x_rand();' |
		function_of >src/net/f.c
	passes banned "banned: a name in a comment, in a string or inside another passes"
	good_tree && printf '%s\n' '	assert(x++ < 3);' | function_of >src/net/f.c
	fails banned 'assert that does' "banned: an assert with a side effect fails"
	good_tree && printf '%s\n' '	assert(x <= 3 && x != 1);' | function_of >src/net/f.c
	passes banned "banned: an assert that only compares passes"
	good_tree && echo "/* TO""DO: later */" >>src/net/udp.c
	fails banned 'without an issue number' "banned: a promise without a number fails"
	good_tree && echo "/* TO""DO(#12): later */" >>src/net/udp.c
	passes banned "banned: a promise with a number passes"
	good_tree && printf '/* a\342\200\256b */\n' >>src/net/udp.c
	fails banned 'U+202E' "banned: a character that turns the reading order fails"
	for word in innerHTML outerHTML insertAdjacentHTML; do
		good_tree && echo "el.$word = name;" >>web/js/main.js
		fails banned "$word" "banned: $word in a script fails"
	done
	good_tree && echo "eval(name);" >>web/js/main.js
	fails banned 'eval(' "banned: eval in a script fails"
}

test_format() {
	good_tree
	passes format "format: a clean tree passes"
	echo 'int x; ' >>src/net/udp.c
	fails format 'blanks at the end' "format: blanks at the end of a line fail"
	good_tree && echo '        int x;' >>src/net/udp.c
	fails format 'indent by tabs' "format: indentation by spaces fails"
	good_tree && printf '/* %0100d */\n' 0 >>src/net/udp.c
	fails format 'more than 100' "format: a line of more than 100 columns fails"
	good_tree && printf 'int x;' >>src/net/udp.c
	fails format 'no newline' "format: a file without a last newline fails"
	good_tree && sed -i 1d src/net/udp.c
	fails format 'SPDX' "format: a file without its licence fails"
	good_tree && printf '\tx: 1\n' >>etc/tesserad.yaml
	fails format 'a tab' "format: a tab in YAML fails"
}

test_man() {
	good_tree
	passes man "man: the same keys everywhere pass"
	echo '  colour: red' >>etc/tesserad.yaml
	fails man 'log.colour is not explained' "man: a key that the page lacks fails"
	grep -q 'log.colour is not printed' "$work/out"
	tap $? "man: a key that tesserad does not print fails"
	good_tree && sed -i '/level/d' etc/tesserad.yaml
	fails man 'log.level is missing' "man: a key that the example lacks fails"
	good_tree && sed -i 's/: info/: debug/' docs/man/tesserad.yaml.5.scd
	fails man 'log.level is debug' "man: a default that the page tells wrong fails"
	good_tree && printf '%s\n' '#!/bin/sh' 'exit 3' >"$work/build/tesserad"
	fails man 'exit status 3' "man: a tesserad that prints nothing fails"
}

test_static() {
	good_tree && build
	passes static "static: a function that is used passes"
	! grep -q warning "$work/out"
	tap $? "static: without a warning"
	printf '%s\n' 'int lonely(void) { return 1; }' >>src/util/clock.c && build
	gate static
	grep -q 'used by nobody: lonely' "$work/out"
	tap $? "static: a function that nobody uses is warned of"
}

test_all() {
	good_tree
	passes all "all: a good tree passes every gate"
	echo '        int x;' >>src/net/udp.c
	fails all "not ok 5 - check-format" "all: one bad gate is enough, and is named"
}

for group in layers headers size banned format man static all; do
	test_$group
done
echo "1..$number"
