/*
 * Fragments of SDP: candidates, and ICE restarts.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "sdp/fragment.h"

/* RFC 9725, 4.3.3, with other addresses. */
static const char restart[] =
    "a=ice-options:trickle ice2\r\n"
    "a=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:0\r\n"
    "a=ice-ufrag:ysXw\r\n"
    "a=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n"
    "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n"
    "a=candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n";

static const struct sdp_answer_config config = {
	.ufrag = "oursufrag", .pwd = "ourpasswordourpassword",
	.port = 40000, .candidate_count = 2,
	.candidates = { { false, "192.0.2.7" }, { true, "2001:db8::7" } },
};

static const struct sdp_negotiated agreed = {
	.ufrag = "EsAw", .pwd = "P2uYro0UCOQ4zxjKXaWCBui1",
};

static struct sdp_fragment
reads(const char *text)
{
	struct sdp_fragment f;
	const char         *why = NULL;

	assert_int_equal(sdp_fragment_read(&f, text, strlen(text), &why), 0);
	return f;
}

static void
refuses(const char *text)
{
	struct sdp_fragment f;
	const char         *why = NULL;

	assert_int_equal(sdp_fragment_read(&f, text, strlen(text), &why),
	    -EBADMSG);
	assert_non_null(why);
}

static void
answers_a_restart_in_its_own_words(void **state)
{
	struct sdp_fragment f = reads(restart);
	struct strbuf       s;

	(void)state;
	assert_true(sdp_fragment_restarts(&f, &agreed));
	assert_int_equal(f.ufrag.len, 4);
	strbuf_init(&s, 65536);
	assert_int_equal(sdp_fragment_answer(&s, &f, &config), 0);
	assert_string_equal(strbuf_text(&s),
	    "a=ice-lite\r\n"
	    "a=group:BUNDLE 0 1\r\n"
	    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
	    "a=mid:0\r\n"
	    "a=ice-ufrag:oursufrag\r\n"
	    "a=ice-pwd:ourpasswordourpassword\r\n"
	    "a=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\n"
	    "a=candidate:2 1 udp 2130706175 2001:db8::7 40000 typ host\r\n"
	    "a=end-of-candidates\r\n");
	sdp_fragment_clear(&f);
	/* The answer is a fragment itself. */
	f = reads(strbuf_text(&s));
	assert_int_equal(f.ufrag.len, strlen("oursufrag"));
	sdp_fragment_clear(&f);
	strbuf_clear(&s);
}

static void
knows_candidates_from_a_restart(void **state)
{
	static const char *const trickled[] = {
		/* The credentials that were agreed. */
		"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n",
		"m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:EsAw\r\n"
		"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=end-of-candidates",
		/* None at all. */
		"m=audio 9 RTP/AVP 0\na=mid:0\na=candidate:1 1 udp 1 "
		"192.0.2.1 9 typ host\n",
		"a=end-of-candidates\r\n", "a=x",
	};
	static const char *const restarts[] = {
		"a=ice-ufrag:EsAx\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n",
		"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui2\r\n",
		/* Text is text: other case, other credentials. */
		"a=ice-ufrag:ESAW\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(trickled) / sizeof(trickled[0]); i++) {
		struct sdp_fragment f = reads(trickled[i]);

		assert_false(sdp_fragment_restarts(&f, &agreed));
		sdp_fragment_clear(&f);
	}
	for (size_t i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		struct sdp_fragment f = reads(restarts[i]);

		assert_true(sdp_fragment_restarts(&f, &agreed));
		sdp_fragment_clear(&f);
	}
}

static void
takes_the_section_that_carries_the_bundle(void **state)
{
	struct sdp_fragment f = reads("a=group:BUNDLE b a\r\n"
	    "m=audio 9 RTP/AVP 0\r\na=mid:a\r\na=ice-ufrag:aaaa\r\n"
	    "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n"
	    "m=video 9 RTP/AVP 0\r\na=mid:b\r\na=ice-ufrag:bbbb\r\n"
	    "a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbb\r\n");

	(void)state;
	assert_int_equal(f.ufrag.p[0], 'b');
	sdp_fragment_clear(&f);
	f = reads("m=audio 9 RTP/AVP 0\r\na=ice-ufrag:aaaa\r\n"
	    "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n");
	assert_int_equal(f.ufrag.p[0], 'a');
	sdp_fragment_clear(&f);
}

static void
refuses_what_is_no_fragment(void **state)
{
	(void)state;
	refuses("");
	refuses("hello");
	refuses("a=ice-ufrag:EsAx\r\n");
	refuses("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n");
	refuses("a=ice-ufrag:E\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n");
	refuses("a=ice-ufrag:EsAx\r\na=ice-pwd:short\r\n");
	refuses("a=ice-ufrag:Es x\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n");
	refuses("a=x\r\n\r\na=y\r\n");
	refuses("a=x\001\r\n");
	refuses("v=0\r\n");
	refuses("m=audio nine RTP/AVP 0\r\n");
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(restart); len++) {
		char               *exact = malloc(len ? len : 1);
		struct sdp_fragment f;
		const char         *why;
		struct strbuf       s;

		assert_non_null(exact);
		memcpy(exact, restart, len);
		if (sdp_fragment_read(&f, exact, len, &why) == 0) {
			strbuf_init(&s, 65536);
			assert_int_equal(sdp_fragment_answer(&s, &f, &config),
			    0);
			strbuf_clear(&s);
			sdp_fragment_clear(&f);
		}
		free(exact);
	}
}

static void
survives_bit_flips(void **state)
{
	char                text[sizeof(restart)];
	struct sdp_fragment f;
	const char         *why;

	(void)state;
	for (size_t i = 0; i < 8 * strlen(restart); i++) {
		memcpy(text, restart, sizeof(text));
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		if (sdp_fragment_read(&f, text, strlen(restart), &why) == 0)
			sdp_fragment_clear(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_a_restart_in_its_own_words),
		cmocka_unit_test(knows_candidates_from_a_restart),
		cmocka_unit_test(takes_the_section_that_carries_the_bundle),
		cmocka_unit_test(refuses_what_is_no_fragment),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(survives_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
