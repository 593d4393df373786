/*
 * Offers that are small, hostile, cut, or have a line too few or too many.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "check_answer.h"

/* ---- small offers ---------------------------------------------------------- */

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" \
    "a=group:BUNDLE a v\r\n"
#define KEYS "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" \
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=rtcp-mux\r\n" \
    "a=rtpmap:111 opus/48000/2\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=rtcp-mux\r\n" \
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:* transport-cc\r\n"
#define LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
#define TWCC "http://www.ietf.org/id/" \
    "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

static int
answer_text(struct sdp_negotiated *n, const char *offer)
{
	struct strbuf text;
	const int     err = answer(n, &text, offer, strlen(offer), SDP_BOTH);

	strbuf_clear(&text);
	return err;
}

static void
follows_setup(void **state)
{
	struct sdp_negotiated n = { 0 };

	(void)state;
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS
	    "a=setup:active\r\n"), 0);
	assert_false(n.dtls_active);
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS
	    "a=setup:passive\r\n"), 0);
	assert_true(n.dtls_active);
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS), 0);
	assert_true(n.dtls_active);
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS
	    "a=setup:holdconn\r\n"), -ENOTSUP);
}

static void
an_id_keeps_one_meaning(void **state)
{
	struct sdp_negotiated n = { 0 };

	(void)state;
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS "a=extmap:2 " LEVEL
	    VIDEO KEYS "a=extmap:2 " TWCC), 0);
	assert_int_equal(n.audio.level_id, 2);
	assert_int_equal(n.video.twcc_id, 0);
	assert_false(n.video.twcc);
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS "a=extmap:2 " LEVEL
	    VIDEO KEYS "a=extmap:3 " TWCC), 0);
	assert_int_equal(n.audio.level_id, 2);
	assert_int_equal(n.video.twcc_id, 3);
	assert_true(n.video.twcc);
	/* What the peer only receives is nothing we could read. */
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS
	    "a=extmap:2/recvonly " LEVEL), 0);
	assert_int_equal(n.audio.level_id, 0);
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS
	    "a=extmap:2/sendonly " LEVEL), 0);
	assert_int_equal(n.audio.level_id, 2);
}

static void
takes_the_transport_of_the_first_taken_section(void **state)
{
	struct sdp_negotiated n = { 0 };

	(void)state;
	assert_int_equal(answer_text(&n, HEAD AUDIO KEYS VIDEO
	    "a=ice-ufrag:other\r\na=ice-pwd:zzzzzzzzzzzzzzzzzzzzzz\r\n"), 0);
	assert_string_equal(n.ufrag, "abcd");
	assert_string_equal(n.pwd, "abcdefghijklmnopqrstuv");
	assert_int_equal(n.fingerprint[31], 0xff);
	assert_int_equal(answer_text(&n, HEAD
	    "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n" VIDEO KEYS), 0);
	assert_false(n.audio.active);
	assert_true(n.video.active);
}

static void
refuses_what_cannot_work(void **state)
{
	static const struct { const char *offer; int err; } bad[] = {
		{ "", -EBADMSG },
		{ "hello", -EBADMSG },
		{ "v=1\r\n", -EBADMSG },
		{ HEAD, -ENOTSUP },
		{ HEAD AUDIO, -ENOTSUP },		/* no keys */
		{ HEAD AUDIO KEYS "a=inactive\r\n", -ENOTSUP },
		{ HEAD AUDIO KEYS "a=mid:\x01\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "x\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "v=0\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "\r\na=x\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "s=a\rb\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS AUDIO, -EBADMSG },	/* a mid twice */
		{ HEAD AUDIO KEYS "a=ssrc:4294967296 cname:x\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=extmap:4352 x\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=rtpmap:4294967296 x/1\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=rtpmap:-1 x/1\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=fingerprint:sha-256 00:11\r\n",
		    -EBADMSG },
		{ HEAD AUDIO KEYS "a=ice-ufrag:a b c d\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=ice-ufrag:abc\r\n", -EBADMSG },
		{ HEAD AUDIO KEYS "a=ice-pwd:tooshort\r\n", -EBADMSG },
		{ HEAD "m=audio 65536 UDP/TLS/RTP/SAVPF 111\r\n", -EBADMSG },
		{ HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 128\r\n", -EBADMSG },
		{ HEAD "m=audio 9 UDP/TLS/RTP/SAVPF\r\n", -EBADMSG },
		{ HEAD "m=audio 9 RTP/AVP 111\r\na=rtcp-mux\r\n"
		    "a=rtpmap:111 opus/48000/2\r\n" KEYS, -ENOTSUP },
		{ HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\n"
		    "a=rtpmap:111 opus/48000/2\r\n" KEYS, -ENOTSUP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sdp_negotiated n;
		struct sdp_negotiated before;

		memset(&n, 0x55, sizeof(n));
		memcpy(&before, &n, sizeof(n));
		if (answer_text(&n, bad[i].offer) != bad[i].err)
			fail_msg("offer %zu is not refused so", i);
		assert_memory_equal(&n, &before, sizeof(n));
	}
}

static void
keeps_to_its_maxima(void **state)
{
	char                 *big = malloc(SDP_TEXT_MAX + 64);
	struct sdp_negotiated n;
	size_t                len;

	(void)state;
	len = (size_t)snprintf(big, SDP_TEXT_MAX, "%s", HEAD AUDIO KEYS);
	while (len < SDP_TEXT_MAX + 1)
		big[len++] = 'x';
	big[len] = '\0';
	assert_int_equal(answer_text(&n, big), -EBADMSG);

	len = (size_t)snprintf(big, SDP_TEXT_MAX, "%s", HEAD AUDIO KEYS);
	for (unsigned i = 0; i < SDP_LINES_MAX; i++)
		len += (size_t)snprintf(big + len, SDP_TEXT_MAX - len,
		    "a=x\n");
	assert_int_equal(answer_text(&n, big), -EBADMSG);

	len = (size_t)snprintf(big, SDP_TEXT_MAX, "%s", HEAD
	    "m=audio 9 UDP/TLS/RTP/SAVPF");
	for (unsigned i = 0; i <= SDP_FORMATS_MAX; i++)
		len += (size_t)snprintf(big + len, SDP_TEXT_MAX - len,
		    " %u", i);
	snprintf(big + len, SDP_TEXT_MAX - len, "\r\n");
	assert_int_equal(answer_text(&n, big), -EBADMSG);

	len = (size_t)snprintf(big, SDP_TEXT_MAX, "%s", HEAD AUDIO KEYS);
	for (unsigned i = 0; i <= SDP_CANDIDATE_LINES_MAX; i++)
		len += (size_t)snprintf(big + len, SDP_TEXT_MAX - len,
		    "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n");
	assert_int_equal(answer_text(&n, big), -EBADMSG);
	free(big);
}

static void
a_nul_byte_is_refused(void **state)
{
	static const char     text[] = HEAD AUDIO KEYS "a=fmtp\0x\r\n";
	struct sdp_negotiated n;
	struct strbuf         s;

	(void)state;
	assert_int_equal(answer(&n, &s, text, sizeof(text) - 1, SDP_BOTH),
	    -EBADMSG);
	strbuf_clear(&s);
}

/* ---- mutations ------------------------------------------------------------- */

static size_t
line_end(const struct offer *offer, size_t at)
{
	const char *end = memchr(offer->text + at, '\n', offer->len - at);

	return end ? (size_t)(end - offer->text) + 1 : offer->len;
}

static const char *offers[] = {
	"aiortc_datachannel", "aiortc_recvonly", "aiortc_sendrecv",
	"chromium_audio", "chromium_datachannel", "chromium_datachannel_only",
	"chromium_h264_only", "chromium_h264_video", "chromium_inactive",
	"chromium_max_bundle", "chromium_no_opus", "chromium_no_opus_audio",
	"chromium_recvonly", "chromium_sendonly", "chromium_sendrecv",
	"chromium_seventeen", "chromium_simulcast", "chromium_two_cameras",
	"chromium_video", "firefox_audio", "firefox_datachannel",
	"firefox_max_bundle", "firefox_recvonly", "firefox_sendrecv",
	"firefox_simulcast", "firefox_two_cameras", "firefox_video",
	"gstreamer_simulcast",
	"werift_extensions", "werift_sendrecv", "wrtc_recvonly",
	"wrtc_sendrecv",
};

/* Each line gone, and each twice: an error, or a right answer. */
static void
survives_each_line_deleted_or_doubled(void **state)
{
	struct offer *offer = malloc(sizeof(*offer));
	char         *changed = malloc(2 * OFFER_MAX);
	unsigned      cases = 0, answered = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		load(offer, offers[i]);
		for (size_t at = 0, end; at < offer->len; at = end) {
			end = line_end(offer, at);
			for (int twice = 0; twice < 2; twice++) {
				const size_t head = twice ? end : at;
				const size_t tail = twice ? at : end;
				struct sdp_negotiated n;
				struct strbuf         text;

				memcpy(changed, offer->text, head);
				memcpy(changed + head, offer->text + tail,
				    offer->len - tail);
				answered += answer(&n, &text, changed,
				    head + offer->len - tail, SDP_BOTH) == 0;
				strbuf_clear(&text);
				cases++;
			}
		}
	}
	assert_true(cases > 5000);
	assert_true(answered > 2000);
	free(changed);
	free(offer);
}

static void
survives_every_truncation_and_changed_byte(void **state)
{
	static const char *names[] = { "firefox_sendrecv",
	    "werift_extensions", "aiortc_datachannel" };
	static const char  bytes[] = { '\0', ' ', '\r', '\n', ':', '9', 'z' };
	struct offer      *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sdp_negotiated n;
		struct strbuf         text;

		load(offer, names[i]);
		for (size_t len = 0; len < offer->len; len++) {
			answer(&n, &text, offer->text, len, SDP_BOTH);
			strbuf_clear(&text);
		}
		for (size_t at = 0; at < offer->len; at++) {
			const char was = offer->text[at];

			offer->text[at] = bytes[at % sizeof(bytes)];
			answer(&n, &text, offer->text, offer->len, SDP_BOTH);
			strbuf_clear(&text);
			offer->text[at] = was;
		}
	}
	free(offer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_setup),
		cmocka_unit_test(an_id_keeps_one_meaning),
		cmocka_unit_test(takes_the_transport_of_the_first_taken_section),
		cmocka_unit_test(refuses_what_cannot_work),
		cmocka_unit_test(keeps_to_its_maxima),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(survives_each_line_deleted_or_doubled),
		cmocka_unit_test(survives_every_truncation_and_changed_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
