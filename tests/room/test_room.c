/*
 * A whole room and a client of it on loopback: joining, gaps, new lines of
 * sequence numbers, silence and leaving.
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
#include <event2/event.h>

#include "../net/loopback.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/transport.h"
#include "room/room.h"
#include "rtp/payload_vp8.h"
#include "rtp/rtp_packet.h"
#include "rtp/rtcp_packet.h"
#include "sdp/offer_answer.h"
#include "util/clock.h"
#include "util/strbuf.h"
#include "video/video_encoder.h"

#define PATIENCE_US 15000000
#define PERSON      0x1234
#define PART_MAX    60		/* so that each frame is several packets */
#define VIDEO_SSRC  0x77

struct stage {
	struct event_base *base;
	struct room       *room;
	int                channel;		/* tesserad's end */
	struct event      *readable;
	struct ipc_message message;
	struct ipc_stats   stats;		/* newest */
	unsigned           answers, gone, here;
	struct sdp_answered answered;
	bool               silent;	/* offers no sound */

	/* The client. */
	struct packet_pool     *pool;
	struct media_socket    *socket;
	struct transport_table *table;
	struct transport       *transport;
	struct dtls_identity   *identity;
	unsigned                connected, ended, plis, nacks, pictures;
	unsigned                got;		/* packets of video */
	unsigned                droppable;	/* of them */
	uint16_t                newest_got;
	uint16_t                first_got;	/* sequence of the first */
	struct video_encoder   *encoder;
	struct video_frame     *frame;
	uint16_t                sequence, picture_id;
	uint32_t                timestamp;
	uint8_t                 tl0_index;
};

/* ---- tesserad's end ------------------------------------------------------ */

static void
take_message(struct stage *stage)
{
	const struct ipc_message *m = &stage->message;
	struct ipc_answer         answer;
	struct ipc_presence       presence;

	if (m->type == IPC_ANSWER) {
		assert_int_equal(ipc_answer_parse(&answer, m->body,
		    m->body_len), 0);
		assert_int_equal(answer.status, IPC_ANSWER_OK);
		assert_int_equal(sdp_answer_read(&stage->answered,
		    answer.text, answer.text_len), 0);
		stage->answers++;
	} else if (m->type == IPC_STATS) {
		assert_int_equal(ipc_stats_parse(&stage->stats, m->body,
		    m->body_len), 0);
	} else if (m->type == IPC_PRESENCE) {
		assert_int_equal(ipc_presence_parse(&presence, m->body,
		    m->body_len), 0);
		stage->gone += presence.state == IPC_GONE;
		stage->here += presence.state == IPC_HERE;
	}
}

static void
on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct stage *stage = arg;

	(void)what;
	while (channel_receive(fd, &stage->message) == 0)
		take_message(stage);
}

static void
say(struct stage *stage, uint16_t type, const uint8_t *body, size_t len)
{
	assert_true(len > 0);
	assert_int_equal(channel_send(stage->channel, type, body, len, NULL,
	    0), 0);
}

/* ---- the client's end ---------------------------------------------------- */

static void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct stage *stage = to;

	transport_table_datagram(stage->table, packet, now_us);
}

static void
on_connected(void *to)
{
	((struct stage *)to)->connected++;
}

static void
on_rtp(void *to, struct packet *packet)
{
	struct stage     *stage = to;
	struct rtp_packet rtp;

	assert_int_equal(rtp_packet_parse(&rtp, packet->bytes, packet->len),
	    0);
	if (rtp.payload_type == SDP_OFFER_VP8_PT) {
		struct payload_vp8 vp8;

		if (stage->got++ == 0)
			stage->first_got = rtp.sequence;
		stage->newest_got = rtp.sequence;
		assert_int_equal(payload_vp8_parse(&vp8, rtp.payload,
		    rtp.payload_len), 0);
		stage->droppable += vp8.temporal_id > 0;
		stage->pictures += rtp.marker;
	}
	packet_free(&packet);
}

static void
on_rtcp(void *to, struct packet *packet)
{
	struct stage        *stage = to;
	struct rtcp_compound compound;

	assert_int_equal(rtcp_parse(&compound, packet->bytes, packet->len),
	    0);
	for (unsigned i = 0; i < compound.count; i++) {
		stage->plis += compound.parts[i].type == RTCP_PLI;
		stage->nacks += compound.parts[i].type == RTCP_NACK;
	}
	packet_free(&packet);
}

static void
on_ended(void *to, enum transport_end how)
{
	(void)how;
	((struct stage *)to)->ended++;
}

static void
turn(struct stage *stage)
{
	const struct timeval soon = { 0, 5000 };
	const int64_t        now_us = clock_monotonic_us();

	if (stage->transport &&
	    transport_next_us(stage->transport) <= now_us)
		transport_timeout(stage->transport, now_us);
	media_socket_flush(stage->socket);
	event_base_loopexit(stage->base, &soon);
	event_base_dispatch(stage->base);
}

#define WAIT_FOR(stage, condition) do {					\
	const int64_t end_ = clock_monotonic_us() + PATIENCE_US;	\
	while (!(condition) && clock_monotonic_us() < end_)		\
		turn(stage);						\
	assert_true(condition);						\
} while (0)

static void
pass(struct stage *stage, int64_t us)
{
	const int64_t end_us = clock_monotonic_us() + us;

	while (clock_monotonic_us() < end_us)
		turn(stage);
}

/* One coded picture; of its packets number `lost` (from 0) is not sent. */
static void
send_picture(struct stage *stage, bool key, int lost)
{
	struct payload_vp8_cutter cutter;
	struct video_encoded      coded;
	uint8_t                   payload[PART_MAX];
	bool                      last = false;
	size_t                    len;

	stage->timestamp += 6000;
	for (unsigned i = 0; i < 90; i++)	/* so that deltas have a size */
		memset(stage->frame->planes[0] +
		    (size_t)i * (size_t)stage->frame->strides[0],
		    (int)((i / 8 * 37 + stage->timestamp / 6000 * 61) % 256),
		    160);
	assert_int_equal(video_encoder_encode(stage->encoder, stage->frame,
	    stage->timestamp * INT64_C(100) / 9, key, &coded), 0);
	assert_int_equal(coded.key, key);
	payload_vp8_cut(&cutter, coded.data, coded.len, PART_MAX,
	    ++stage->picture_id, ++stage->tl0_index);
	for (int part = 0; !last && (len = payload_vp8_next(&cutter, payload,
	    sizeof(payload), &last)) > 0; part++) {
		const struct rtp_packet header = {
			.payload_type = SDP_OFFER_VP8_PT, .marker = last,
			.sequence = stage->sequence++, .ssrc = VIDEO_SSRC,
			.timestamp = stage->timestamp,
		};
		struct packet *packet = packet_new(stage->pool);
		const size_t   at = rtp_packet_write_header(packet->bytes,
		    sizeof(packet->bytes), &header);

		memcpy(packet->bytes + at, payload, len);
		packet->len = at + len;
		if (part == lost)
			packet_free(&packet);
		else
			transport_send_rtp(stage->transport, packet,
			    clock_monotonic_us());
	}
	media_socket_flush(stage->socket);
}

/* ---- life ---------------------------------------------------------------- */

static void
open_client(struct stage *stage)
{
	const struct media_socket_handler handler = {
		.datagram = on_datagram, .to = stage };
	const struct video_encoder_config cfg = { .width = 160,
		.height = 90, .fps = 15, .bps = 300000 };
	struct video_pool *pool;

	assert_int_equal(packet_pool_new(&stage->pool, 1024), 0);
	assert_int_equal(media_socket_new(&stage->socket, stage->base,
	    loopback_socket(AF_INET), -1, stage->pool, &handler), 0);
	assert_int_equal(transport_table_new(&stage->table, stage->socket,
	    stage->pool), 0);
	assert_int_equal(dtls_identity_new(&stage->identity), 0);
	assert_int_equal(video_encoder_new(&stage->encoder, &cfg), 0);
	assert_int_equal(video_pool_new(&pool, 160, 90, 1), 0);
	stage->frame = video_pool_get(pool);
	video_pool_free(pool);
	for (int p = 1; p < 3; p++)
		memset(stage->frame->planes[p], 128,
		    (size_t)stage->frame->strides[p] * 45);
	stage->sequence = 1000;
}

static int
set_up(void **state)
{
	struct stage     *stage = calloc(1, sizeof(*stage));
	const int         fd = loopback_socket(AF_INET);
	struct ipc_config cfg = {
		.has_v4 = 1, .participants_max = 50, .decode_threads = 1,
		.log_level = 0, .video_width = 320, .video_height = 180,
		.video_fps = 15, .video_bps = 300000, .audio_bps = 32000,
		.address_count = 1,
		.addresses = { { 4, 1, { 127, 0, 0, 1 } } },
	};
	const struct ipc_open open = { "test", 4 };
	uint8_t               body[64];
	int                   ends[2];

	assert_non_null(stage);
	*state = stage;
	cfg.udp_port = ntohs(loopback_addr(fd).v4.sin_port);
	stage->base = event_base_new();
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(room_prepare(), 0);
	assert_int_equal(room_new(&stage->room, stage->base, ends[1], &cfg,
	    fd, -1), 0);
	stage->channel = ends[0];
	stage->readable = event_new(stage->base, stage->channel,
	    EV_READ | EV_PERSIST, on_channel, stage);
	event_add(stage->readable, NULL);
	open_client(stage);
	room_ready(stage->room);
	say(stage, IPC_OPEN, body, ipc_open_write(body, sizeof(body), &open));
	return 0;
}

static int
tear_down(void **state)
{
	struct stage *stage = *state;

	transport_free(stage->transport);
	room_free(stage->room);
	transport_table_free(stage->table);
	media_socket_free(stage->socket);
	packet_pool_free(stage->pool);
	dtls_identity_free(stage->identity);
	video_encoder_free(stage->encoder);
	video_frame_unref(&stage->frame);
	event_free(stage->readable);
	close(stage->channel);
	event_base_free(stage->base);
	free(stage);
	return 0;
}

/* Takes out a line of the offer. */
static void
cut_line(char *sdp, const char *line)
{
	char *at = strstr(sdp, line);

	assert_non_null(at);
	memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
}

/* Joins and connects; `without` is a line not to offer, or NULL. */
static void
join(struct stage *stage, enum ipc_direction direction, const char *without)
{
	struct sdp_offer_config offer = {
		.send = direction != IPC_JOIN_WATCH,
		.receive = direction != IPC_JOIN_SEND,
		.audio = !stage->silent, .video = true, .ufrag = "peer",
		.pwd = "peerpasswordpeerpassword", .cname = "peer",
		.audio_ssrc = 0x76, .video_ssrc = VIDEO_SSRC,
	};
	struct ipc_join message = {
		.request = 1, .participant = PERSON, .direction = direction,
		.loopback = 1, .max_height = 720, .name = "Ada",
		.name_len = 3,
	};
	struct transport_config cfg = {
		.controlling = true, .local_ufrag = offer.ufrag,
		.local_pwd = offer.pwd, .identity = stage->identity,
		.handler = { on_connected, on_rtp, on_rtcp, on_ended, stage },
	};
	union packet_addr remote = { 0 };
	struct strbuf     sdp;
	char              text[4096];
	uint8_t           body[8192];

	dtls_identity_fingerprint(stage->identity, offer.fingerprint);
	strbuf_init(&sdp, sizeof(text));
	assert_int_equal(sdp_offer_write(&sdp, &offer), 0);
	memcpy(text, strbuf_text(&sdp), strlen(strbuf_text(&sdp)) + 1);
	strbuf_clear(&sdp);
	if (without)
		cut_line(text, without);
	message.sdp = text;
	message.sdp_len = strlen(text);
	say(stage, IPC_JOIN, body, ipc_join_write(body, sizeof(body),
	    &message));
	WAIT_FOR(stage, stage->answers == 1);
	cfg.dtls_client = stage->answered.dtls_active;
	cfg.remote_ufrag = stage->answered.ufrag;
	cfg.remote_pwd = stage->answered.pwd;
	memcpy(cfg.remote_fingerprint, stage->answered.fingerprint,
	    sizeof(cfg.remote_fingerprint));
	assert_int_equal(transport_new(&stage->transport, stage->table, &cfg,
	    clock_monotonic_us()), 0);
	remote.v4.sin_family = AF_INET;
	remote.v4.sin_port = htons(stage->answered.port);
	remote.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	transport_add_candidate(stage->transport, &remote,
	    clock_monotonic_us());
	WAIT_FOR(stage, stage->connected == 1 && stage->here == 1);
}

/* ---- tests --------------------------------------------------------------- */

/* Sends pictures until `condition`, or too long. */
#define SEND_UNTIL(stage, condition) do {				\
	const int64_t end_ = clock_monotonic_us() + PATIENCE_US;	\
	while (!(condition) && clock_monotonic_us() < end_) {		\
		send_picture(stage, false, -1);				\
		pass(stage, 60000);					\
	}								\
	assert_true(condition);						\
} while (0)

static void
who_sends_is_decoded_and_gets_the_mosaic(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_BOTH, NULL);
	send_picture(stage, true, -1);
	SEND_UNTIL(stage, stage->stats.frames_decoded > 5);
	assert_true(stage->pictures > 0);
	assert_int_equal(stage->plis + stage->nacks, 0);
	assert_int_equal(stage->stats.packets_bad, 0);
}

/* Early in a stream SRTP takes 40 000 ahead; in 16 bits that is back. */
static void
a_stream_that_jumps_is_shown_again(void **state)
{
	struct stage *stage = *state;
	uint64_t      before;

	join(stage, IPC_JOIN_BOTH, NULL);
	send_picture(stage, true, -1);
	SEND_UNTIL(stage, stage->stats.frames_decoded > 3);
	before = stage->stats.frames_decoded;
	stage->sequence = (uint16_t)(stage->sequence + 30000);
	SEND_UNTIL(stage, stage->plis > 0);
	send_picture(stage, true, -1);
	SEND_UNTIL(stage, stage->stats.frames_decoded > before + 5);
}

static void
a_lost_packet_is_asked_for(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_BOTH, NULL);
	send_picture(stage, true, -1);
	SEND_UNTIL(stage, stage->stats.frames_decoded > 0);
	send_picture(stage, false, 1);
	send_picture(stage, false, -1);
	WAIT_FOR(stage, stage->nacks > 0);
	assert_int_equal(stage->plis, 0);
}

/* Who does not know NACK is asked for a key frame, and at once. */
static void
without_nack_a_lost_packet_costs_a_key_frame(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_BOTH, "a=rtcp-fb:96 nack\r\n");
	send_picture(stage, true, -1);
	SEND_UNTIL(stage, stage->stats.frames_decoded > 0);
	send_picture(stage, false, 1);
	send_picture(stage, false, -1);
	WAIT_FOR(stage, stage->plis > 0);
	assert_int_equal(stage->nacks, 0);
}

static void
who_only_watches_gets_the_mosaic(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_WATCH, NULL);
	WAIT_FOR(stage, stage->pictures > 3 && stage->stats.watchers == 1);
	assert_int_equal(stage->stats.frames_decoded, 0);
}

static void
ask_again(struct stage *stage, uint16_t sequence)
{
	struct packet *packet = packet_new(stage->pool);

	packet->len = rtcp_write_nack(packet->bytes, sizeof(packet->bytes),
	    VIDEO_SSRC, stage->answered.video_ssrc, &sequence, 1);
	transport_send_rtcp(stage->transport, packet, clock_monotonic_us());
	media_socket_flush(stage->socket);
}

/* Also the very first packet, as soon as it was lost. */
static void
sends_again_what_was_sent_and_nothing_else(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_WATCH, NULL);
	WAIT_FOR(stage, stage->got > 0);
	ask_again(stage, (uint16_t)(stage->first_got - 1));
	ask_again(stage, (uint16_t)(stage->first_got + 30000));
	ask_again(stage, 0);
	ask_again(stage, stage->first_got);
	WAIT_FOR(stage, stage->stats.nacks_in == 4);
	assert_int_equal(stage->stats.resent, 1);
	/* It was not lost, so SRTP knows it for what it is. */
	assert_int_equal(transport_stats(stage->transport)->replayed, 1);
}

/* Of the key frame that all hangs on, until it cannot be sent again. */
static void
a_key_frame_that_does_not_come_is_made_anew(void **state)
{
	struct stage *stage = *state;
	const int64_t end_us = clock_monotonic_us() + PATIENCE_US;

	join(stage, IPC_JOIN_WATCH, NULL);
	WAIT_FOR(stage, stage->got > 0);
	while (stage->stats.keyframes_asked == 0 &&
	    clock_monotonic_us() < end_us) {
		ask_again(stage, stage->first_got);
		pass(stage, 100000);
	}
	assert_int_equal(stage->stats.keyframes_asked, 1);
	assert_in_range(stage->stats.resent, 1, 3);
	WAIT_FOR(stage, stage->stats.keyframes_encoded >= 2);
}

/* The word of the viewer on his line; lossy: a third is lost. */
static void
report(struct stage *stage, bool lossy, uint64_t remb_bps)
{
	const struct rtcp_report report = {
		.ssrc = stage->answered.video_ssrc,
		.fraction_lost = lossy ? 85 : 0,
		.highest_sequence = stage->newest_got,
	};
	struct packet *packet = packet_new(stage->pool);

	packet->len = rtcp_write_rr(packet->bytes, 512, VIDEO_SSRC, &report,
	    1);
	packet->len += rtcp_write_remb(packet->bytes + packet->len, 512,
	    VIDEO_SSRC, remb_bps, &stage->answered.video_ssrc, 1);
	transport_send_rtcp(stage->transport, packet, clock_monotonic_us());
	send_picture(stage, false, -1);
	pass(stage, 60000);
}

#define REPORT_UNTIL(stage, lossy, remb_bps, condition) do {		\
	const int64_t end_ = clock_monotonic_us() + 2 * PATIENCE_US;	\
	while (!(condition) && clock_monotonic_us() < end_)		\
		report(stage, lossy, remb_bps);				\
	assert_true(condition);						\
} while (0)

/*
 * The rungs of a canvas of 300 kbit/s are 300, 100, 60, 30, 16 and, of
 * stills, 6 kbit/s; without sound they have the line to themselves.
 */
static void
a_bad_line_goes_down_to_sound_and_comes_back_by_stills(void **state)
{
	struct stage *stage = *state;
	uint32_t    (*viewers)[IPC_RUNGS] = stage->stats.rung_viewers;
	unsigned      before;

	stage->silent = true;
	join(stage, IPC_JOIN_BOTH, NULL);
	send_picture(stage, true, -1);
	REPORT_UNTIL(stage, false, 1000000, viewers[VIDEO_VP8][0] == 1 &&
	    stage->pictures > 0);
	/* Loss takes rung by rung, but never what moves. */
	REPORT_UNTIL(stage, true, 1000000, viewers[VIDEO_VP8][4] == 1);
	REPORT_UNTIL(stage, true, 1000000, stage->stats.rung_encoders[
	    VIDEO_VP8][3] == 1);
	/* Every other frame, while that is what he is tied to. */
	before = stage->pictures;
	REPORT_UNTIL(stage, true, 1000000, stage->pictures > before + 10);
	stage->droppable = 0;
	before = stage->pictures;
	REPORT_UNTIL(stage, true, 1000000, stage->pictures > before + 10);
	assert_int_equal(stage->droppable, 0);
	/* Too little for any picture; and then one rung after another. */
	REPORT_UNTIL(stage, false, 3000, viewers[VIDEO_VP8][4] == 0 &&
	    viewers[VIDEO_VP8][5] == 0);
	for (unsigned i = 0; i < IPC_RUNGS; i++)
		assert_int_equal(viewers[VIDEO_VP8][i], 0);
	REPORT_UNTIL(stage, false, 1000000, viewers[VIDEO_VP8][5] == 1);
	REPORT_UNTIL(stage, false, 1000000, viewers[VIDEO_VP8][3] == 1);
	before = stage->pictures;
	REPORT_UNTIL(stage, false, 1000000, stage->pictures > before + 10);
	assert_int_equal(stage->stats.packets_bad, 0);
}

static void
nothing_is_decoded_when_nobody_watches(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_SEND, NULL);
	send_picture(stage, true, -1);
	for (int i = 0; i < 20; i++) {
		send_picture(stage, false, -1);
		pass(stage, 60000);
	}
	WAIT_FOR(stage, stage->stats.packets_in > 20);
	assert_int_equal(stage->stats.frames_decoded, 0);
	assert_int_equal(stage->stats.video_encoders, 0);
	assert_int_equal(stage->pictures, 0);
}

static void
who_says_goodbye_is_gone_at_once(void **state)
{
	struct stage *stage = *state;

	join(stage, IPC_JOIN_BOTH, NULL);
	transport_free(stage->transport);
	stage->transport = NULL;
	WAIT_FOR(stage, stage->gone == 1);
}

/* Killed in the middle of it, by tesserad's word, with media under way. */
static void
who_is_made_to_leave_hears_of_it(void **state)
{
	const struct ipc_leave leave = { .participant = PERSON,
	    .reason = IPC_GONE_LEFT };
	struct stage *stage = *state;
	uint8_t       body[32];

	join(stage, IPC_JOIN_BOTH, NULL);
	send_picture(stage, true, -1);
	say(stage, IPC_LEAVE, body, ipc_leave_write(body, sizeof(body),
	    &leave));
	WAIT_FOR(stage, stage->gone == 1 && stage->ended == 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_sends_is_decoded_and_gets_the_mosaic),
		TEST(a_stream_that_jumps_is_shown_again),
		TEST(a_lost_packet_is_asked_for),
		TEST(without_nack_a_lost_packet_costs_a_key_frame),
		TEST(who_only_watches_gets_the_mosaic),
		TEST(sends_again_what_was_sent_and_nothing_else),
		TEST(a_key_frame_that_does_not_come_is_made_anew),
		TEST(a_bad_line_goes_down_to_sound_and_comes_back_by_stills),
		TEST(nothing_is_decoded_when_nobody_watches),
		TEST(who_says_goodbye_is_gone_at_once),
		TEST(who_is_made_to_leave_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
