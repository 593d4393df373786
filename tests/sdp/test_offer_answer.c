/*
 * Answers to real offers, and to offers with each line gone or doubled.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tests/data/offers/ holds offers as Chromium 156, Firefox 153,
 * @roamhq/wrtc 0.10.0, werift 0.24.4 and aiortc 1.4.0 made them.
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

#include "sdp/answer_internal.h"
#include "sdp/offer_answer.h"
#include "sdp/sdp.h"

#define OFFER_MAX 65536

struct offer {
	char   text[OFFER_MAX];
	size_t len;
};

static const struct sdp_answer_config config = {
	.policy = SDP_BOTH,
	.ufrag = "oursufrag", .pwd = "ourpasswordourpassword",
	.fingerprint = { 1, 2, 3, 0xab },
	.port = 40000,
	.candidate_count = 2,
	.candidates = { { false, "192.0.2.7" }, { true, "2001:db8::7" } },
	.audio_ssrc = 1111, .video_ssrc = 2222,
	.cname = "room",
	.session_id = 0xfedcba9876543210,
	.video_max_bps = 900000,
};

static void
load(struct offer *offer, const char *name)
{
	const char *srcdir = getenv("srcdir");
	char        path[512];
	FILE       *file;

	snprintf(path, sizeof(path), "%s/tests/data/offers/%s.sdp",
	    srcdir ? srcdir : ".", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	offer->len = fread(offer->text, 1, sizeof(offer->text), file);
	fclose(file);
	assert_true(offer->len > 0 && offer->len < sizeof(offer->text));
}

/* ---- is this an answer to that offer? ------------------------------------ */

static bool
offered_format(const struct sdp_media *offered,
    const struct sdp_format *answered)
{
	for (unsigned i = 0; i < offered->format_count; i++) {
		const struct sdp_format *f = &offered->formats[i];

		if (f->payload_type == answered->payload_type)
			return f->encoding.p && answered->encoding.p &&
			    f->encoding.len == answered->encoding.len &&
			    (answered->feedback & ~(f->feedback |
			    offered->any_feedback)) == 0;
	}
	return false;
}

static bool
offered_extension(const struct sdp_media *offered,
    const struct sdp_extension *answered)
{
	for (unsigned i = 0; i < offered->extension_count; i++) {
		const struct sdp_extension *e = &offered->extensions[i];

		if (e->id == answered->id &&
		    sdp_span_equal(e->uri, answered->uri))
			return true;
	}
	return false;
}

static void
check_section(const struct sdp *answer, const struct sdp_media *a,
    const struct sdp_media *o, const struct sdp *offer)
{
	assert_true(sdp_span_equal(a->media, o->media));
	assert_true(sdp_span_equal(a->protocol, o->protocol));
	assert_true(sdp_span_equal(a->mid, o->mid) ||
	    (a->mid.p == NULL && o->mid.p == NULL));
	if (a->port == 0) {
		assert_false(sdp_bundled(answer, a));
		return;
	}
	assert_true(o->port != 0 || o->bundle_only);
	assert_true(a->rtcp_mux && o->rtcp_mux);
	assert_true(!a->send || o->receive);
	assert_true(!a->receive || o->send);
	assert_int_equal(a->format_count, 1);
	assert_true(offered_format(o, &a->formats[0]));
	for (unsigned i = 0; i < a->extension_count; i++)
		assert_true(offered_extension(o, &a->extensions[i]));
	assert_int_equal(a->source_count, a->send ? 1 : 0);
	assert_true(a->transport.setup == SDP_SETUP_ACTIVE ||
	    a->transport.setup == SDP_SETUP_PASSIVE);
	assert_memory_equal(a->transport.fingerprint, config.fingerprint, 32);
	assert_true(sdp_span_is(a->transport.ufrag, config.ufrag));
	assert_true(sdp_span_is(a->transport.pwd, config.pwd));
	assert_int_equal(a->candidate_lines, 2);
	assert_int_equal(sdp_bundled(answer, a), sdp_bundled(offer, o) ?
	    answer->bundle.p != NULL : 0);
}

/* No id with two meanings in what was taken (RFC 8285, 5). */
static void
check_extensions(const struct sdp *answer)
{
	struct sdp_span meaning[256] = { { NULL, 0 } };

	for (unsigned i = 0; i < answer->media_count; i++) {
		const struct sdp_media *m = &answer->media[i];

		for (unsigned j = 0; j < m->extension_count; j++) {
			const struct sdp_extension *e = &m->extensions[j];

			assert_true(meaning[e->id].p == NULL ||
			    sdp_span_equal(meaning[e->id], e->uri));
			meaning[e->id] = e->uri;
		}
	}
}

static void
check_answer(const char *answer_text, const char *offer_text, size_t len)
{
	struct sdp *offer = NULL, *answer = NULL;
	const char *why = NULL;
	unsigned    taken = 0;

	assert_int_equal(sdp_parse(&offer, offer_text, len, &why), 0);
	assert_int_equal(sdp_parse(&answer, answer_text, strlen(answer_text),
	    &why), 0);
	assert_non_null(strstr(answer_text, "\r\na=ice-lite\r\nm="));
	assert_int_equal(answer->media_count, offer->media_count);
	for (unsigned i = 0; i < answer->media_count; i++) {
		check_section(answer, &answer->media[i], &offer->media[i],
		    offer);
		taken += answer->media[i].port != 0;
	}
	assert_true(taken == 1 || taken == 2);
	if (taken == 2)
		assert_non_null(answer->bundle.p);
	check_extensions(answer);
	sdp_free(offer);
	sdp_free(answer);
}

/* Answers and, when there is one, checks the answer. */
static int
answer(struct sdp_negotiated *n, struct strbuf *text, const char *offer,
    size_t len, enum sdp_policy policy)
{
	struct sdp_answer_config cfg = config;
	const char              *why = NULL;
	char                    *exact = malloc(len ? len : 1);
	int                      err;

	memcpy(exact, offer, len);
	cfg.policy = policy;
	strbuf_init(text, SDP_TEXT_MAX);
	err = sdp_answer(n, text, exact, len, &cfg, &why);
	if (err) {
		assert_true(err == -EBADMSG || err == -ENOTSUP);
		assert_non_null(why);
	} else {
		check_answer(strbuf_text(text), offer, len);
	}
	free(exact);
	return err;
}

/* ---- the offers ------------------------------------------------------------ */

enum want { NONE, SENDRECV, SENDONLY, RECVONLY };

struct expected {
	const char *name;
	int         err;
	enum want   audio, video;	/* of the answer */
	unsigned    opus, vp8;		/* payload types */
	unsigned    level, twcc;	/* ids */
};

static const struct expected all[] = {
	{ "chromium_sendrecv", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_max_bundle", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_audio", 0, SENDRECV, NONE, 111, 0, 1, 0 },
	{ "chromium_video", 0, NONE, SENDRECV, 0, 96, 0, 4 },
	{ "chromium_recvonly", 0, SENDONLY, SENDONLY, 111, 96, 0, 0 },
	{ "chromium_sendonly", 0, RECVONLY, RECVONLY, 111, 96, 1, 3 },
	{ "chromium_datachannel", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_datachannel_only", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_seventeen", -EBADMSG, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_two_cameras", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_inactive", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_no_opus", 0, NONE, SENDRECV, 0, 96, 0, 3 },
	{ "chromium_no_opus_audio", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_h264_only", 0, SENDRECV, NONE, 111, 0, 1, 0 },
	{ "chromium_h264_video", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_simulcast", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "firefox_sendrecv", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_max_bundle", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_audio", 0, SENDRECV, NONE, 109, 0, 1, 0 },
	{ "firefox_video", 0, NONE, SENDRECV, 0, 120, 0, 7 },
	{ "firefox_recvonly", 0, SENDONLY, SENDONLY, 109, 120, 0, 0 },
	{ "firefox_datachannel", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_two_cameras", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_simulcast", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "wrtc_sendrecv", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "wrtc_recvonly", 0, SENDONLY, SENDONLY, 111, 96, 0, 0 },
	{ "werift_sendrecv", 0, SENDRECV, SENDRECV, 96, 98, 0, 0 },
	{ "werift_extensions", 0, RECVONLY, RECVONLY, 96, 98, 0, 0 },
	{ "aiortc_sendrecv", 0, SENDRECV, SENDRECV, 96, 97, 2, 0 },
	{ "aiortc_recvonly", 0, SENDONLY, SENDONLY, 96, 97, 0, 0 },
	{ "aiortc_datachannel", 0, SENDRECV, SENDRECV, 96, 97, 2, 0 },
};

#define OFFERS (sizeof(all) / sizeof(all[0]))

static enum want
direction_of(const struct sdp_stream *s)
{
	if (!s->active)
		return NONE;
	if (s->send)
		return s->receive ? SENDRECV : SENDONLY;
	assert_true(s->receive);
	return RECVONLY;
}

static void
answers_every_real_offer_by_the_rules(void **state)
{
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < OFFERS; i++) {
		const struct expected *want = &all[i];
		struct sdp_negotiated  n = { 0 };
		struct strbuf          text;
		int                    err;

		load(offer, want->name);
		err = answer(&n, &text, offer->text, offer->len, SDP_BOTH);
		if (err != want->err || direction_of(&n.audio) != want->audio ||
		    direction_of(&n.video) != want->video ||
		    n.audio.payload_type != want->opus ||
		    n.video.payload_type != want->vp8 ||
		    n.audio.level_id != want->level ||
		    n.video.twcc_id != want->twcc)
			fail_msg("%s: err %d, audio %d pt %u level %u, "
			    "video %d pt %u twcc %u", want->name, err,
			    direction_of(&n.audio), n.audio.payload_type,
			    n.audio.level_id, direction_of(&n.video),
			    n.video.payload_type, n.video.twcc_id);
		if (err == 0)
			assert_true(n.dtls_active);
		strbuf_clear(&text);
	}
	free(offer);
}

static void
whip_only_receives_and_whep_only_sends(void **state)
{
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < OFFERS; i++) {
		for (int whip = 0; whip < 2; whip++) {
			struct sdp_negotiated n = { 0 };
			struct strbuf         text;
			int                   err;

			load(offer, all[i].name);
			err = answer(&n, &text, offer->text, offer->len,
			    whip ? SDP_RECEIVE : SDP_SEND);
			assert_true(!err || all[i].err ||
			    all[i].audio == (whip ? SENDONLY : RECVONLY));
			if (!err && n.audio.active)
				assert_int_equal(direction_of(&n.audio),
				    whip ? RECVONLY : SENDONLY);
			if (!err && n.video.active)
				assert_int_equal(direction_of(&n.video),
				    whip ? RECVONLY : SENDONLY);
			strbuf_clear(&text);
		}
	}
	free(offer);
}

static void
negotiates_what_the_browser_offers(void **state)
{
	struct offer         *offer = malloc(sizeof(*offer));
	struct sdp_negotiated n = { 0 };
	struct strbuf         text;
	const char           *s;

	(void)state;
	load(offer, "chromium_sendrecv");
	assert_int_equal(answer(&n, &text, offer->text, offer->len, SDP_BOTH),
	    0);
	assert_true(n.audio.fec);
	assert_false(n.audio.nack);
	assert_true(n.audio.twcc);
	assert_true(n.video.nack && n.video.pli && n.video.fir &&
	    n.video.remb && n.video.twcc);
	assert_int_equal(n.audio.ssrc_count, 1);
	assert_int_equal(n.video.ssrc_count, 1);	/* not its RTX */
	s = strbuf_text(&text);
	assert_non_null(strstr(s, "o=- 9141386507638288912 1 IN"));
	assert_non_null(strstr(s, "\r\na=ssrc:1111 cname:room\r\n"));
	assert_non_null(strstr(s, "\r\na=ssrc:2222 cname:room\r\n"));
	assert_non_null(strstr(s, "\r\na=setup:active\r\n"));
	assert_non_null(strstr(s, "\r\nb=TIAS:900000\r\n"));
	assert_non_null(strstr(s,
	    "\r\na=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\n"));
	assert_non_null(strstr(s,
	    "\r\na=candidate:2 1 udp 2130706175 2001:db8::7 40000 typ host\r\n"));
	assert_non_null(strstr(s, "\r\na=fingerprint:sha-256 01:02:03:AB:00:"));
	assert_null(strstr(s, "rtx"));
	assert_null(strstr(s, "sdes:mid"));
	assert_null(strstr(s, "stereo"));
	strbuf_clear(&text);
	free(offer);
}

/* For audio alone transport-wide sequence numbers do harm. */
static void
audio_alone_gets_no_transport_feedback(void **state)
{
	static const char *names[] = { "chromium_audio", "firefox_audio",
	    "chromium_h264_only" };
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sdp_negotiated n = { 0 };
		struct strbuf         text;

		load(offer, names[i]);
		assert_int_equal(answer(&n, &text, offer->text, offer->len,
		    SDP_BOTH), 0);
		assert_false(n.audio.twcc);
		assert_null(strstr(strbuf_text(&text), "transport"));
		strbuf_clear(&text);
	}
	free(offer);
}

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

/* Each line gone, and each twice: an error, or a right answer. */
static void
survives_each_line_deleted_or_doubled(void **state)
{
	struct offer *offer = malloc(sizeof(*offer));
	char         *changed = malloc(2 * OFFER_MAX);
	unsigned      cases = 0, answered = 0;

	(void)state;
	for (size_t i = 0; i < OFFERS; i++) {
		load(offer, all[i].name);
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

/* ---- the offering side ----------------------------------------------------- */

static void
reads_the_answer_to_its_own_offer(void **state)
{
	const struct sdp_offer_config cfg = {
		.send = true, .receive = true, .audio = true, .video = true,
		.ufrag = "peerufrag", .pwd = "peerpasswordpeerpassword",
		.fingerprint = { 9, 8, 7 }, .audio_ssrc = 5, .video_ssrc = 6,
		.cname = "peer", .session_id = 1, .levels = true, .twcc = true,
	};
	struct sdp_negotiated n = { 0 };
	struct sdp_answered   a = { 0 };
	struct strbuf         offer, text;

	(void)state;
	strbuf_init(&offer, SDP_TEXT_MAX);
	assert_int_equal(sdp_offer_write(&offer, &cfg), 0);
	assert_int_equal(answer(&n, &text, strbuf_text(&offer), offer.len,
	    SDP_BOTH), 0);
	assert_string_equal(n.ufrag, cfg.ufrag);
	assert_string_equal(n.pwd, cfg.pwd);
	assert_memory_equal(n.fingerprint, cfg.fingerprint, 32);
	assert_int_equal(n.audio.ssrcs[0], 5);
	assert_int_equal(n.video.ssrcs[0], 6);
	assert_int_equal(n.audio.level_id, 1);
	assert_int_equal(n.video.twcc_id, 3);
	assert_int_equal(n.audio.twcc_id, 3);

	assert_int_equal(sdp_answer_read(&a, strbuf_text(&text), text.len), 0);
	assert_string_equal(a.ufrag, config.ufrag);
	assert_string_equal(a.pwd, config.pwd);
	assert_memory_equal(a.fingerprint, config.fingerprint, 32);
	assert_false(a.dtls_active);
	assert_int_equal(a.port, 40000);
	assert_int_equal(a.candidate_count, 2);
	assert_string_equal(a.candidates[0].address, "192.0.2.7");
	assert_false(a.candidates[0].v6);
	assert_true(a.candidates[1].v6);
	assert_true(a.audio.active && a.audio.send && a.audio.receive);
	assert_true(a.video.active && a.video.send && a.video.receive);
	assert_int_equal(a.audio.payload_type, SDP_OFFER_OPUS_PT);
	assert_int_equal(a.video.payload_type, SDP_OFFER_VP8_PT);
	assert_int_equal(a.audio_ssrc, 1111);
	assert_int_equal(a.video_ssrc, 2222);
	assert_int_equal(a.audio.level_id, 1);
	assert_int_equal(a.video.twcc_id, 3);
	assert_true(a.video.twcc && a.video.nack && a.video.pli);
	for (size_t len = 0; len < text.len; len++) {
		struct sdp_answered cut;
		char               *exact = malloc(len ? len : 1);
		int                 err;

		memcpy(exact, strbuf_text(&text), len);
		err = sdp_answer_read(&cut, exact, len);
		assert_true(err == 0 || err == -EBADMSG);
		free(exact);
	}
	strbuf_clear(&text);
	strbuf_clear(&offer);
}

static void
offers_one_way_and_one_kind(void **state)
{
	struct sdp_offer_config cfg = {
		.send = true, .video = true, .ufrag = "peerufrag",
		.pwd = "peerpasswordpeerpassword", .video_ssrc = 6,
		.cname = "peer",
	};
	struct sdp_negotiated n = { 0 };
	struct strbuf         offer, text;

	(void)state;
	for (int receive = 0; receive < 2; receive++) {
		cfg.receive = receive;
		cfg.send = !receive;
		strbuf_init(&offer, SDP_TEXT_MAX);
		assert_int_equal(sdp_offer_write(&offer, &cfg), 0);
		assert_int_equal(answer(&n, &text, strbuf_text(&offer),
		    offer.len, SDP_BOTH), 0);
		assert_false(n.audio.active);
		assert_int_equal(direction_of(&n.video),
		    receive ? SENDONLY : RECVONLY);
		strbuf_clear(&text);
		strbuf_clear(&offer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_every_real_offer_by_the_rules),
		cmocka_unit_test(whip_only_receives_and_whep_only_sends),
		cmocka_unit_test(negotiates_what_the_browser_offers),
		cmocka_unit_test(audio_alone_gets_no_transport_feedback),
		cmocka_unit_test(follows_setup),
		cmocka_unit_test(an_id_keeps_one_meaning),
		cmocka_unit_test(takes_the_transport_of_the_first_taken_section),
		cmocka_unit_test(refuses_what_cannot_work),
		cmocka_unit_test(keeps_to_its_maxima),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(survives_each_line_deleted_or_doubled),
		cmocka_unit_test(survives_every_truncation_and_changed_byte),
		cmocka_unit_test(reads_the_answer_to_its_own_offer),
		cmocka_unit_test(offers_one_way_and_one_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
