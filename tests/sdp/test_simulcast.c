/*
 * Which layers of simulcast are taken of an offer (RFC 8853, RFC 8851).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "check_answer.h"

#define RID_URI "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"

static const char head[] =
"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
"a=sendrecv\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
"a=ice-pwd:abcdefghijklmnopqrstuv\r\n"
"a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
"a=setup:actpass\r\na=rtpmap:96 VP8/90000\r\n";
static const char name_it[] = "a=extmap:10 " RID_URI "\r\n";
static const char twcc[] = "a=rtcp-fb:96 transport-cc\r\na=extmap:10 http:"
"//www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

/* Answers the head with these lines; the answer's text in `text`. */
static struct sdp_stream
video_of(struct strbuf *text, enum sdp_policy policy, const char *lines)
{
	struct sdp_negotiated n = { 0 };
	char                  offer[8192];

	snprintf(offer, sizeof(offer), "%s%s", head, lines);
	assert_int_equal(answer(&n, text, offer, strlen(offer), policy), 0);
	return n.video;
}

/* The rids that are taken of such lines, and that the answer says so. */
static void
expect(const char *want, const char *lines)
{
	char              all[8192], got[64] = "";
	struct strbuf     text;
	struct sdp_stream video;

	snprintf(all, sizeof(all), "%s%s", name_it, lines);
	video = video_of(&text, SDP_BOTH, all);
	for (unsigned i = 0; i < video.layer_count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
		    i ? ";" : "", video.layers[i]);
	if (strcmp(got, want) != 0)
		fail_msg("takes %s of\n%s", got, lines);
	assert_int_equal(video.rid_id, video.layer_count ? 10 : 0);
	snprintf(all, sizeof(all), "a=simulcast:recv %s\r\n", want);
	assert_int_equal(strstr(strbuf_text(&text), all) != NULL, *want != 0);
	assert_int_equal(strstr(strbuf_text(&text), RID_URI) != NULL,
	    *want != 0);
	assert_int_equal(strstr(strbuf_text(&text), "a=rid:") != NULL,
	    *want != 0);
	strbuf_clear(&text);
}

static void
takes_the_layers_that_are_sent(void **state)
{
	(void)state;
	expect("h;m;l", "a=rid:h send\r\na=rid:m send\r\na=rid:l send\r\n"
	    "a=simulcast:send h;m;l\r\n");
	expect("0;1", "a=rid:0 send\r\na=rid:1 send\r\n"
	    "a=simulcast:send 0;1\r\n");
	/* In both directions, with alternatives, some paused at first. */
	expect("a;c", "a=simulcast:recv x;y send a,b;~c\r\na=rid:a send\r\n"
	    "a=rid:b send\r\na=rid:c send\r\na=rid:x recv\r\n");
	/* No more than three. */
	expect("1;2;3", "a=rid:1 send\r\na=rid:2 send\r\na=rid:3 send\r\n"
	    "a=rid:4 send\r\na=simulcast:send 1;2;3;4\r\n");
}

static void
takes_no_layer_that_is_not_described(void **state)
{
	(void)state;
	expect("", "a=simulcast:send h;m\r\n");
	expect("", "a=rid:h send\r\na=rid:m send\r\n");
	expect("", "a=rid:h send\r\na=simulcast:send h\r\n");
	expect("", "a=rid:h recv\r\na=rid:m recv\r\na=simulcast:recv h;m\r\n");
	expect("h;l", "a=rid:h send\r\na=rid:m recv\r\na=rid:l send\r\n"
	    "a=simulcast:send h;m;l\r\n");
	/* Each once. */
	expect("", "a=rid:h send\r\na=simulcast:send h;h;h\r\n");
	/* None with payload types of its own, or upon another. */
	expect("h;m", "a=rid:h send max-width=1280\r\na=rid:m send\r\n"
	    "a=rid:p send pt=96\r\na=rid:d send max-fps=15;depend=h\r\n"
	    "a=simulcast:send p;d;h;m\r\n");
}

static void
names_that_do_not_fit_are_left_out(void **state)
{
	(void)state;
	expect("h;m", "a=rid:h send\r\na=rid:m send\r\na=rid:a.b send\r\n"
	    "a=rid:abcdefghijklmnopq send\r\n"
	    "a=simulcast:send a.b;abcdefghijklmnopq;;~;h;m\r\n");
	expect("abcdefghijklmnop;x_-1", "a=rid:abcdefghijklmnop send\r\n"
	    "a=rid:x_-1 send\r\na=simulcast:send abcdefghijklmnop;x_-1\r\n");
}

static void
malformed_lines_say_nothing(void **state)
{
	static const char *const lines[] = {
		"a=simulcast:\r\n", "a=simulcast:send\r\n",
		"a=simulcast:send ;;;\r\n", "a=simulcast:h;m\r\n",
		"a=simulcast: send\r\n", "a=rid:\r\n", "a=rid:h\r\n",
		"a=rid: send\r\n", "a=rid:h sendrecv\r\n", "a=simulcast\r\n",
		"a=rid\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect("", lines[i]);
}

static void
restrictions_are_answered_as_they_stand(void **state)
{
	struct strbuf text;

	(void)state;
	(void)video_of(&text, SDP_BOTH, "a=extmap:10 " RID_URI "\r\n"
	    "a=rid:h send max-width=1280;max-fps=30\r\na=rid:l send\r\n"
	    "a=simulcast:send h;l\r\n");
	assert_non_null(strstr(strbuf_text(&text),
	    "a=rid:h recv max-width=1280;max-fps=30\r\na=rid:l recv\r\n"));
	strbuf_clear(&text);
}

static void
fifty_names_are_three(void **state)
{
	char   lines[4096] = "a=simulcast:send 0";
	size_t len = strlen(lines);

	(void)state;
	for (int i = 1; i < 50; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len,
		    ";%d", i);
	len += (size_t)snprintf(lines + len, sizeof(lines) - len, "\r\n");
	for (int i = 0; i < 50; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len,
		    "a=rid:%d send\r\n", i);
	expect("0;1;2", lines);
}

static void
who_does_not_send_to_us_has_no_layers(void **state)
{
	struct strbuf     text;
	struct sdp_stream video = video_of(&text, SDP_SEND,
	    "a=extmap:10 " RID_URI "\r\na=rid:h send\r\na=rid:l send\r\n"
	    "a=simulcast:send h;l\r\n");

	(void)state;
	assert_int_equal(video.layer_count, 0);
	assert_null(strstr(strbuf_text(&text), "a=simulcast"));
	strbuf_clear(&text);
}

static void
without_names_on_the_wire_there_are_no_layers(void **state)
{
	static const char layers[] = "a=rid:h send\r\na=rid:l send\r\n"
	    "a=simulcast:send h;l\r\n";
	char          lines[1024];
	struct strbuf text;

	(void)state;
	assert_int_equal(video_of(&text, SDP_BOTH, layers).layer_count, 0);
	strbuf_clear(&text);
	/* Their id means something else already. */
	snprintf(lines, sizeof(lines), "%s%s%s", twcc, name_it, layers);
	assert_int_equal(video_of(&text, SDP_BOTH, lines).layer_count, 0);
	strbuf_clear(&text);
}

static void
real_offers_are_taken(void **state)
{
	static const char *const names[] = {
		"chromium_simulcast", "firefox_simulcast",
	};
	struct offer *offer = malloc(sizeof(*offer));

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sdp_negotiated n = { 0 };
		struct strbuf         text;

		load(offer, names[i]);
		assert_int_equal(answer(&n, &text, offer->text, offer->len,
		    SDP_BOTH), 0);
		assert_int_equal(n.video.layer_count, 3);
		assert_string_equal(n.video.layers[1], "m");
		assert_int_equal(n.video.rid_id, i ? 9 : 10);
		assert_non_null(strstr(strbuf_text(&text),
		    i ? "a=extmap:9/recvonly " RID_URI "\r\n" :
		    "a=extmap:10 " RID_URI "\r\n"));
		assert_non_null(strstr(strbuf_text(&text), "a=rid:h recv\r\n"
		    "a=rid:m recv\r\na=rid:l recv\r\n"
		    "a=simulcast:recv h;m;l\r\n"));
		strbuf_clear(&text);
	}
	free(offer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_layers_that_are_sent),
		cmocka_unit_test(takes_no_layer_that_is_not_described),
		cmocka_unit_test(names_that_do_not_fit_are_left_out),
		cmocka_unit_test(malformed_lines_say_nothing),
		cmocka_unit_test(restrictions_are_answered_as_they_stand),
		cmocka_unit_test(fifty_names_are_three),
		cmocka_unit_test(who_does_not_send_to_us_has_no_layers),
		cmocka_unit_test(
		    without_names_on_the_wire_there_are_no_layers),
		cmocka_unit_test(real_offers_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
