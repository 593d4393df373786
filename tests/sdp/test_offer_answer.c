/*
 * Answers to real offers, and our own offer and its answer.
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

/* ---- the offers ------------------------------------------------------------ */

enum want { NONE, SENDRECV, SENDONLY, RECVONLY };

struct expected {
	const char *name;
	int         err;
	enum want   audio, video;	/* of the answer */
	unsigned    opus, video_type;	/* payload types of what is sent */
	unsigned    level, twcc;	/* ids */
};

static const struct expected all[] = {
	{ "chromium_sendrecv", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_max_bundle", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_audio", 0, SENDRECV, NONE, 111, 0, 1, 0 },
	{ "chromium_video", 0, NONE, SENDRECV, 0, 96, 0, 4 },
	{ "chromium_recvonly", 0, SENDONLY, SENDONLY, 111, 96, 0, 3 },
	{ "chromium_sendonly", 0, RECVONLY, RECVONLY, 111, 96, 1, 3 },
	{ "chromium_datachannel", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_datachannel_only", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_seventeen", -EBADMSG, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_two_cameras", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "chromium_inactive", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_no_opus", 0, NONE, SENDRECV, 0, 96, 0, 3 },
	{ "chromium_no_opus_audio", -ENOTSUP, NONE, NONE, 0, 0, 0, 0 },
	{ "chromium_h264_only", 0, SENDRECV, SENDRECV, 111, 102, 1, 3 },
	{ "chromium_h264_video", 0, NONE, SENDRECV, 0, 102, 0, 4 },
	{ "chromium_simulcast", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "firefox_sendrecv", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_max_bundle", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_audio", 0, SENDRECV, NONE, 109, 0, 1, 0 },
	{ "firefox_video", 0, NONE, SENDRECV, 0, 120, 0, 7 },
	{ "firefox_recvonly", 0, SENDONLY, SENDONLY, 109, 120, 0, 7 },
	{ "firefox_datachannel", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_two_cameras", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "firefox_simulcast", 0, SENDRECV, SENDRECV, 109, 120, 1, 7 },
	{ "wrtc_sendrecv", 0, SENDRECV, SENDRECV, 111, 96, 1, 3 },
	{ "wrtc_recvonly", 0, SENDONLY, SENDONLY, 111, 96, 0, 3 },
	{ "werift_sendrecv", 0, SENDRECV, SENDRECV, 96, 98, 0, 0 },
	{ "werift_extensions", 0, RECVONLY, RECVONLY, 96, 98, 0, 0 },
	{ "gstreamer_simulcast", 0, NONE, SENDRECV, 0, 96, 0, 0 },
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
		    n.video.payload_type != want->video_type ||
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
asks_for_thin_sound(void **state)
{
	struct sdp_answer_config cfg = config;
	struct offer            *offer = malloc(sizeof(*offer));
	struct sdp_negotiated    n = { 0 };
	struct strbuf            text;
	const char              *why;

	(void)state;
	cfg.thin_sound = true;
	load(offer, "chromium_audio");
	strbuf_init(&text, SDP_TEXT_MAX);
	assert_int_equal(sdp_answer(&n, &text, offer->text, offer->len, &cfg,
	    &why), 0);
	check_answer(strbuf_text(&text), offer->text, offer->len);
	assert_non_null(strstr(strbuf_text(&text), "\r\na=fmtp:111 minptime=10;"
	    "useinbandfec=1;maxaveragebitrate=20000\r\na=ptime:60\r\n"));
	strbuf_clear(&text);

	/* What we send is our own business. */
	cfg.policy = SDP_SEND;
	load(offer, "chromium_recvonly");
	strbuf_init(&text, SDP_TEXT_MAX);
	assert_int_equal(sdp_answer(&n, &text, offer->text, offer->len, &cfg,
	    &why), 0);
	assert_null(strstr(strbuf_text(&text), "ptime:60"));
	strbuf_clear(&text);
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
	assert_true(n.audio.resends);
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
	static const char *names[] = { "chromium_audio", "firefox_audio" };
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < 2; i++) {
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

static void
offers_h264_instead_of_vp8(void **state)
{
	const struct sdp_offer_config cfg = {
		.send = true, .receive = true, .video = true,
		.codec = VIDEO_H264, .ufrag = "peerufrag",
		.pwd = "peerpasswordpeerpassword", .video_ssrc = 6,
		.cname = "peer",
	};
	struct sdp_negotiated n = { 0 };
	struct sdp_answered   a;
	struct strbuf         offer, text;

	(void)state;
	strbuf_init(&offer, SDP_TEXT_MAX);
	assert_int_equal(sdp_offer_write(&offer, &cfg), 0);
	assert_int_equal(answer(&n, &text, strbuf_text(&offer), offer.len,
	    SDP_BOTH), 0);
	assert_int_equal(n.video.coding_count, 1);
	assert_int_equal(n.video.codings[0].codec, VIDEO_H264);
	assert_int_equal(n.video.codec, VIDEO_H264);
	assert_false(n.video.single_nal);
	assert_int_equal(sdp_answer_read(&a, strbuf_text(&text), text.len), 0);
	assert_int_equal(a.video.codec, VIDEO_H264);
	assert_int_equal(a.video.payload_type, SDP_OFFER_H264_PT);
	strbuf_clear(&text);
	strbuf_clear(&offer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_every_real_offer_by_the_rules),
		cmocka_unit_test(asks_for_thin_sound),
		cmocka_unit_test(whip_only_receives_and_whep_only_sends),
		cmocka_unit_test(negotiates_what_the_browser_offers),
		cmocka_unit_test(audio_alone_gets_no_transport_feedback),
		cmocka_unit_test(reads_the_answer_to_its_own_offer),
		cmocka_unit_test(offers_one_way_and_one_kind),
		cmocka_unit_test(offers_h264_instead_of_vp8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
