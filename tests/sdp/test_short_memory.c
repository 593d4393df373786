/*
 * Offers, answers and fragments while memory is short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sdp/fragment.h"
#include "sdp/offer_answer.h"
#include "short_memory.h"

static const struct sdp_answer_config config = { .cname = "room",
	.ufrag = "abcd", .pwd = "abcdefghijklmnopqrstuv", .port = 9,
	.candidate_count = 1, .candidates = { { false, "192.0.2.1" } } };

/* Our own offer is answered, and the answer read, each with its words. */
static bool
agrees(void *to)
{
	const struct sdp_offer_config ours = { .send = true, .receive = true,
		.audio = true, .video = true, .ufrag = "efgh",
		.pwd = "abcdefghijklmnopqrstuv", .audio_ssrc = 1,
		.video_ssrc = 2, .cname = "me", .levels = true, .twcc = true };
	struct sdp_negotiated agreed;
	struct sdp_answered   answered;
	struct strbuf         offer, answer;
	const char           *why = NULL;
	bool                  good;
	int                   err;

	(void)to;
	strbuf_init(&offer, 16384);
	strbuf_init(&answer, 16384);
	good = sdp_offer_write(&offer, &ours) == 0;
	if (good) {
		assert_non_null(strbuf_text(&offer));
		err = sdp_answer(&agreed, &answer, offer.text, offer.len,
		    &config, &why);
		good = err == 0;
		if (err)
			assert_non_null(why);
		else
			assert_non_null(strbuf_text(&answer));
	}
	good = good && sdp_answer_read(&answered, answer.text,
	    answer.len) == 0;
	strbuf_clear(&offer);
	strbuf_clear(&answer);
	return good;
}

static bool
restarts(void *to)
{
	static const char asked[] = "a=group:BUNDLE 0\r\n"
	    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
	    "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n";
	struct sdp_fragment fragment;
	struct strbuf       answer;
	const char         *why = NULL;
	bool                good;

	(void)to;
	if (sdp_fragment_read(&fragment, asked, strlen(asked), &why) < 0) {
		assert_non_null(why);
		return false;
	}
	strbuf_init(&answer, 16384);
	good = sdp_fragment_answer(&answer, &fragment, &config) == 0;
	if (good)
		assert_non_null(strbuf_text(&answer));
	strbuf_clear(&answer);
	sdp_fragment_clear(&fragment);
	return good;
}

static void
says_so_for_each_allocation_that_fails(void **state)
{
	(void)state;
	assert_true(short_memory_each(agrees, NULL) > 6);
	assert_true(short_memory_each(restarts, NULL) > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_so_for_each_allocation_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
