/*
 * Which video codecs are agreed, of real offers and of small ones.
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

#define KEYS "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" \
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\r\n"
#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" \
    "a=group:BUNDLE a v\r\n" KEYS
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=rtcp-mux\r\n" \
    "a=rtpmap:111 opus/48000/2\r\n"
#define VIDEO(types) "m=video 9 UDP/TLS/RTP/SAVPF " types "\r\na=mid:v\r\n" \
    "a=rtcp-mux\r\n"
#define VP8(type) "a=rtpmap:" #type " VP8/90000\r\n"
#define VP9(type, fmtp) "a=rtpmap:" #type " VP9/90000\r\na=fmtp:" #type " " \
    fmtp "\r\n"
#define AV1(type, fmtp) "a=rtpmap:" #type " AV1/90000\r\na=fmtp:" #type " " \
    fmtp "\r\n"
#define H264(type, fmtp) "a=rtpmap:" #type " H264/90000\r\na=fmtp:" #type \
    " " fmtp "\r\n"
#define MODE_1 "level-asymmetry-allowed=1;packetization-mode=1;" \
    "profile-level-id=42e01f"
#define MODE_0 "profile-level-id=42e01f;packetization-mode=0"

/* ---- real offers ----------------------------------------------------------- */

/* Payload types that may come, best first, and the one that goes out. */
struct expected {
	const char *name;
	unsigned    come[5];
	enum video_codec codecs[4];
	unsigned    go;
};

static void
reads_all_and_writes_one_of_what_browsers_offer(void **state)
{
	static const struct expected all[] = {
		{ "chromium_sendrecv", { 96, 102, 45, 98 },
		    { VIDEO_VP8, VIDEO_H264, VIDEO_AV1, VIDEO_VP9 }, 96 },
		{ "chromium_h264_only", { 102 }, { VIDEO_H264 }, 102 },
		{ "chromium_recvonly", { 0 }, { VIDEO_VP8 }, 96 },
		{ "firefox_sendrecv", { 120, 121, 99 },
		    { VIDEO_VP8, VIDEO_VP9, VIDEO_AV1 }, 120 },
		{ "wrtc_sendrecv", { 96, 39, 98 },
		    { VIDEO_VP8, VIDEO_AV1, VIDEO_VP9 }, 96 },
		{ "aiortc_sendrecv", { 97, 99 }, { VIDEO_VP8, VIDEO_H264 },
		    97 },
		{ "werift_sendrecv", { 98 }, { VIDEO_VP8 }, 98 },
	};
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sdp_negotiated n = { 0 };
		struct strbuf         text;
		unsigned              count = 0;

		load(offer, all[i].name);
		assert_int_equal(answer(&n, &text, offer->text, offer->len,
		    SDP_BOTH), 0);
		for (; all[i].come[count]; count++) {
			enum video_codec codec;

			assert_int_equal(
			    n.video.codings[count].payload_type,
			    all[i].come[count]);
			assert_true(sdp_stream_coding(&codec, &n.video,
			    (uint8_t)all[i].come[count]));
			assert_int_equal(codec, all[i].codecs[count]);
		}
		assert_int_equal(n.video.coding_count, count);
		assert_int_equal(n.video.payload_type, all[i].go);
		assert_int_equal(n.video.codec, all[i].codecs[0]);
		assert_false(n.video.single_nal);
		strbuf_clear(&text);
	}
	free(offer);
}

static void
answers_with_the_formats_of_the_offer(void **state)
{
	struct offer         *offer = malloc(sizeof(*offer));
	struct sdp_negotiated n = { 0 };
	struct strbuf         text;
	const char           *s;

	(void)state;
	load(offer, "chromium_sendrecv");
	assert_int_equal(answer(&n, &text, offer->text, offer->len, SDP_BOTH),
	    0);
	s = strbuf_text(&text);
	assert_non_null(strstr(s,
	    "\r\nm=video 40000 UDP/TLS/RTP/SAVPF 96 102 45 98\r\n"));
	assert_non_null(strstr(s, "\r\na=fmtp:102 level-asymmetry-allowed=1;"
	    "packetization-mode=1;profile-level-id=42001f\r\n"));
	assert_non_null(strstr(s,
	    "\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\n"));
	assert_non_null(strstr(s, "\r\na=fmtp:98 profile-id=0\r\n"));
	assert_non_null(strstr(s, "\r\na=rtcp-fb:96 nack pli\r\n"));
	assert_non_null(strstr(s, "\r\na=rtcp-fb:98 nack pli\r\n"));
	strbuf_clear(&text);
	/* Where we only send, what we send, now or in mid-stream. */
	assert_int_equal(answer(&n, &text, offer->text, offer->len, SDP_SEND),
	    0);
	assert_non_null(strstr(strbuf_text(&text),
	    "\r\nm=video 40000 UDP/TLS/RTP/SAVPF 96 45 98\r\n"));
	assert_int_equal(n.video.coding_count, 0);
	assert_int_equal(n.video.payload_type, 96);
	assert_int_equal(n.video.send_types[VIDEO_VP8], 96);
	assert_int_equal(n.video.send_types[VIDEO_AV1], 45);
	assert_int_equal(n.video.send_types[VIDEO_VP9], 98);
	assert_int_equal(n.video.send_types[VIDEO_H264], 0);
	strbuf_clear(&text);
	free(offer);
}

/* Without REMB it is none of those who show a change without a gap. */
static void
keeps_who_is_no_browser_in_one_codec(void **state)
{
	struct offer         *offer = malloc(sizeof(*offer));
	struct sdp_negotiated n = { 0 };
	struct strbuf         text;
	char                 *remb;

	(void)state;
	load(offer, "chromium_sendrecv");
	assert_in_range(offer->len, 1, sizeof(offer->text) - 1);
	offer->text[offer->len] = '\0';
	while ((remb = strstr(offer->text, "goog-remb")) != NULL)
		memcpy(remb, "some-remb", 9);
	assert_int_equal(answer(&n, &text, offer->text, offer->len, SDP_SEND),
	    0);
	assert_non_null(strstr(strbuf_text(&text),
	    "\r\nm=video 40000 UDP/TLS/RTP/SAVPF 96\r\n"));
	assert_int_equal(n.video.send_types[VIDEO_VP8], 96);
	assert_int_equal(n.video.send_types[VIDEO_AV1], 0);
	assert_int_equal(n.video.send_types[VIDEO_VP9], 0);
	strbuf_clear(&text);
	free(offer);
}

/* ---- small offers ---------------------------------------------------------- */

static int
try(struct sdp_negotiated *n, const char *offer, enum sdp_policy policy)
{
	struct strbuf text;
	int           err;

	memset(n, 0, sizeof(*n));
	err = answer(n, &text, offer, strlen(offer), policy);
	strbuf_clear(&text);
	return err;
}

static void
vp8_is_first_wherever_it_stands(void **state)
{
	struct sdp_negotiated n;

	(void)state;
	assert_int_equal(try(&n, HEAD AUDIO VIDEO("97 98 99 96")
	    VP9(97, "profile-id=0") AV1(98, "profile=0") H264(99, MODE_1)
	    VP8(96), SDP_BOTH), 0);
	assert_int_equal(n.video.coding_count, 4);
	assert_int_equal(n.video.codings[0].codec, VIDEO_VP8);
	assert_int_equal(n.video.codings[1].codec, VIDEO_VP9);
	assert_int_equal(n.video.codings[2].codec, VIDEO_AV1);
	assert_int_equal(n.video.codings[3].codec, VIDEO_H264);
	assert_int_equal(n.video.codec, VIDEO_VP8);
}

static void
prefers_packetization_mode_1(void **state)
{
	struct sdp_negotiated n;

	(void)state;
	assert_int_equal(try(&n, HEAD AUDIO VIDEO("97 98") H264(97, MODE_0)
	    H264(98, MODE_1), SDP_BOTH), 0);
	assert_int_equal(n.video.coding_count, 1);
	assert_int_equal(n.video.payload_type, 98);
	assert_false(n.video.single_nal);
	assert_int_equal(n.video.level_idc, 31);
	assert_int_equal(try(&n, HEAD AUDIO VIDEO("97") H264(97, MODE_0),
	    SDP_BOTH), 0);
	assert_int_equal(n.video.payload_type, 97);
	assert_true(n.video.single_nal);
}

static void
takes_baseline_alone_of_h264(void **state)
{
	static const struct { const char *fmtp; bool taken; } all[] = {
		{ "profile-level-id=42e01f", true },
		{ "profile-level-id=42E01F", true },
		{ "profile-level-id=42001f", true },
		{ "profile-level-id=42c015", true },
		{ "packetization-mode=1", true },	/* 42000a */
		{ "profile-level-id=640c1f", false },
		{ "profile-level-id=4d001f", false },
		{ "profile-level-id=42e01", false },
		{ "profile-level-id=42e01g", false },
		{ "profile-level-id=42e01f0", false },
		{ "profile-level-id=", false },
		{ "profile-level-id=42e01f;packetization-mode=2", false },
		{ "profile-level-id=42e01f;packetization-mode=x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sdp_negotiated n;
		char                  offer[2048];

		snprintf(offer, sizeof(offer), HEAD VIDEO("97")
		    "a=rtpmap:97 H264/90000\r\na=fmtp:97 %s\r\n",
		    all[i].fmtp);
		if (try(&n, offer, SDP_BOTH) != (all[i].taken ? 0 :
		    -ENOTSUP))
			fail_msg("%s", all[i].fmtp);
	}
}

static void
takes_profile_0_of_vp9_and_av1(void **state)
{
	struct sdp_negotiated n;

	(void)state;
	assert_int_equal(try(&n, HEAD VIDEO("97 98 99 100")
	    VP9(97, "profile-id=2") AV1(98, "profile=1;level-idx=5")
	    VP9(99, "x-y=z") AV1(100, "tier=0"), SDP_BOTH), 0);
	assert_int_equal(n.video.coding_count, 2);
	assert_int_equal(n.video.codings[0].payload_type, 99);
	assert_int_equal(n.video.codings[1].payload_type, 100);
	assert_int_equal(try(&n, HEAD VIDEO("97 98") VP9(97, "profile-id=2")
	    AV1(98, "profile=1"), SDP_BOTH), -ENOTSUP);
}

/* ---- who has nothing in common with us ------------------------------------- */

/* VP9 and AV1 are read, and not written. */
static void
one_way_where_only_one_way_is_spoken(void **state)
{
	const char           *offer = HEAD AUDIO VIDEO("97")
	    VP9(97, "profile-id=0");
	struct sdp_negotiated n;

	(void)state;
	assert_int_equal(try(&n, offer, SDP_BOTH), 0);
	assert_true(n.video.active && n.video.receive);
	assert_false(n.video.send);
	assert_int_equal(try(&n, offer, SDP_RECEIVE), 0);
	assert_true(n.video.active && n.video.receive);
	assert_int_equal(try(&n, offer, SDP_SEND), 0);
	assert_true(n.audio.active);
	assert_false(n.video.active);
	assert_non_null(n.note);
}

static void
others_get_sound_and_a_note(void **state)
{
	static const char offer[] = HEAD AUDIO VIDEO("97")
	    "a=rtpmap:97 H265/90000\r\n";
	struct sdp_negotiated n = { 0 };
	struct strbuf         text;
	const char           *s;

	(void)state;
	assert_int_equal(answer(&n, &text, offer, sizeof(offer) - 1,
	    SDP_BOTH), 0);
	assert_true(n.audio.active);
	assert_false(n.video.active);
	assert_non_null(strstr(n.note, "VP8"));
	s = strbuf_text(&text);
	assert_non_null(strstr(s, "\r\nm=video 0 UDP/TLS/RTP/SAVPF 97\r\n"));
	assert_non_null(strstr(s, "\r\na=x-tessera-note:The offer has no "));
	strbuf_clear(&text);
}

static void
with_video_alone_they_are_refused_in_words(void **state)
{
	static const char        offer[] = HEAD VIDEO("97")
	    "a=rtpmap:97 H265/90000\r\n";
	static const char        watch[] = HEAD VIDEO("97") "a=recvonly\r\n"
	    AV1(97, "profile=0");
	struct sdp_answer_config cfg = config;
	struct sdp_negotiated    n;
	struct strbuf            text;
	const char              *why = NULL;

	(void)state;
	strbuf_init(&text, SDP_TEXT_MAX);
	assert_int_equal(sdp_answer(&n, &text, offer, sizeof(offer) - 1,
	    &cfg, &why), -ENOTSUP);
	assert_non_null(strstr(why, "VP8, H.264"));
	assert_int_equal(sdp_answer(&n, &text, watch, sizeof(watch) - 1,
	    &cfg, &why), -ENOTSUP);
	assert_non_null(strstr(why, "neither VP8 nor H.264"));
	strbuf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    reads_all_and_writes_one_of_what_browsers_offer),
		cmocka_unit_test(answers_with_the_formats_of_the_offer),
		cmocka_unit_test(keeps_who_is_no_browser_in_one_codec),
		cmocka_unit_test(vp8_is_first_wherever_it_stands),
		cmocka_unit_test(prefers_packetization_mode_1),
		cmocka_unit_test(takes_baseline_alone_of_h264),
		cmocka_unit_test(takes_profile_0_of_vp9_and_av1),
		cmocka_unit_test(one_way_where_only_one_way_is_spoken),
		cmocka_unit_test(others_get_sound_and_a_note),
		cmocka_unit_test(with_video_alone_they_are_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
