/*
 * What the clients of a stage send, see stage.h.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/frame_cutter.h"
#include "rtp/rtcp_packet.h"
#include "rtp/rtp_packet.h"
#include "stage.h"
#include "util/clock.h"

#define PAYLOAD_SIZE 1200
#define FRAME_TIME   6000	/* between two frames, of 90 kHz */

/* Of the offer, see stage.c. */
static const uint8_t payload_types[VIDEO_CODECS] = {
	[VIDEO_VP8] = SDP_OFFER_VP8_PT,
	[VIDEO_H264] = SDP_OFFER_H264_PT,
	[VIDEO_VP9] = 98,
	[VIDEO_AV1] = 45,
};

void
client_send_rtp(struct client *c, const struct rtp_packet *header,
    const uint8_t *payload, size_t len)
{
	struct packet *packet = packet_new(c->pool);
	size_t         at;

	assert_non_null(packet);
	at = rtp_packet_write_header(packet->bytes, sizeof(packet->bytes),
	    header);
	memcpy(packet->bytes + at, payload, len);
	packet->len = at + len;
	transport_send_rtp(c->transport, packet, clock_monotonic_us());
}

/* A soft tone, so that he is heard. */
void
client_talk(struct client *c, int64_t now_us)
{
	struct audio_frame frame;
	uint8_t            payload[AUDIO_PAYLOAD_MAX];
	int                len;

	if (!c->connected || !c->talks || now_us < c->voice_due_us)
		return;
	c->voice_due_us = (c->voice_due_us ? c->voice_due_us : now_us) + 20000;
	for (unsigned i = 0; i < AUDIO_FRAME_LEN; i++)
		frame.samples[i] = i / 40 % 2 ? 0.1f : -0.1f;
	len = audio_encoder_encode(c->voice, &frame, payload);
	assert_true(len > 0);
	client_send_rtp(c, &(struct rtp_packet){
		.payload_type = SDP_OFFER_OPUS_PT,
		.sequence = c->voice_sequence++,
		.timestamp = c->voice_time += AUDIO_FRAME_LEN,
		.ssrc = STAGE_AUDIO_SSRC + c->id,
	}, payload, (size_t)len);
}

/* ---- pictures ------------------------------------------------------------- */

/* One payload of a frame, or of none when it is number `lost`. */
static void
send_part(struct client *c, enum video_codec codec, const uint8_t *payload,
    size_t len, bool last, bool lost)
{
	const struct rtp_packet header = {
		.payload_type = payload_types[codec], .marker = last,
		.sequence = c->sequence++, .timestamp = c->timestamp,
		.ssrc = STAGE_VIDEO_SSRC + c->id,
	};

	if (!lost)
		client_send_rtp(c, &header, payload, len);
}

void
client_send_coded(struct client *c, enum video_codec codec,
    const uint8_t *data, size_t len, int lost)
{
	const struct frame_cutter_config cfg = { .codec = codec,
		.width = 160, .height = 96, .payload_max = c->part_max };
	const struct frame_cutter_frame frame = { .data = data, .len = len,
		.key = true, .picture_id = ++c->picture_id,
		.tl0_index = ++c->tl0_index };
	struct frame_cutter cutter;
	uint8_t             payload[PAYLOAD_SIZE];
	bool                last = false;
	size_t              part;

	c->timestamp += FRAME_TIME;
	frame_cutter_begin(&cutter, &cfg, &frame);
	for (int i = 0; !last && (part = frame_cutter_next(&cutter, payload,
	    sizeof(payload), &last)) > 0; i++)
		send_part(c, codec, payload, part, last, i == lost);
	media_socket_flush(c->socket);
}

static void
picture_open(struct client *c)
{
	const struct video_encoder_config cfg = { .width = 160,
		.height = 90, .fps = 15, .bps = 300000 };
	struct video_pool *pool;

	assert_int_equal(video_encoder_new(&c->encoder, &cfg), 0);
	assert_int_equal(video_pool_new(&pool, 160, 90, 1), 0);
	c->frame = video_pool_get(pool);
	video_pool_free(pool);
	for (int p = 1; p < 3; p++)
		memset(c->frame->planes[p], 128,
		    (size_t)c->frame->strides[p] * 45);
}

void
client_send_picture(struct client *c, bool key, int lost)
{
	struct video_encoded coded;
	const uint32_t       time = c->timestamp + FRAME_TIME;

	if (c->encoder == NULL)
		picture_open(c);
	for (unsigned i = 0; i < 90; i++)	/* so that deltas have a size */
		memset(c->frame->planes[0] +
		    (size_t)i * (size_t)c->frame->strides[0],
		    (int)((i / 8 * 37 + time / FRAME_TIME * 61) % 256), 160);
	assert_int_equal(video_encoder_encode(c->encoder, c->frame,
	    time * INT64_C(100) / 9, key, &coded), 0);
	assert_int_equal(coded.key, key);
	client_send_coded(c, VIDEO_VP8, coded.data, coded.len, lost);
}

size_t
client_code_key(uint8_t *out, size_t size, enum video_codec codec, int width,
    int height)
{
	const struct video_encoder_config cfg = { .width = width,
	    .height = height, .fps = 15, .bps = 800000, .codec = codec };
	struct video_encoder *encoder;
	struct video_pool    *pool;
	struct video_frame   *frame;
	struct video_encoded  coded;

	assert_int_equal(video_encoder_new(&encoder, &cfg), 0);
	assert_int_equal(video_pool_new(&pool, width, height, 1), 0);
	frame = video_pool_get(pool);
	assert_non_null(frame);
	for (int p = 0; p < 3; p++)
		memset(frame->planes[p], 90, (size_t)frame->strides[p] *
		    (size_t)(p ? (height + 1) / 2 : height));
	assert_int_equal(video_encoder_encode(encoder, frame, 0, true,
	    &coded), 0);
	assert_true(coded.len > 0 && coded.len <= size);
	memcpy(out, coded.data, coded.len);
	video_frame_unref(&frame);
	video_pool_free(pool);
	video_encoder_free(encoder);
	return coded.len;
}

void
client_send_key(struct client *c, int width, int height)
{
	uint8_t data[1 << 14];

	client_send_coded(c, VIDEO_VP8, data, client_code_key(data,
	    sizeof(data), VIDEO_VP8, width, height), -1);
}

static void
send_rtcp(struct client *c, struct packet *packet)
{
	transport_send_rtcp(c->transport, packet, clock_monotonic_us());
}

void
client_send_plis(struct client *c, unsigned count)
{
	while (count-- > 0) {
		struct packet *packet = packet_new(c->pool);

		assert_non_null(packet);
		packet->len = rtcp_write_pli(packet->bytes,
		    sizeof(packet->bytes), STAGE_VIDEO_SSRC + c->id,
		    c->answered.video_ssrc);
		send_rtcp(c, packet);
	}
	media_socket_flush(c->socket);
}

void
client_send_nacks(struct client *c, unsigned count)
{
	uint16_t sequences[64];

	while (count-- > 0) {
		struct packet *packet = packet_new(c->pool);

		assert_non_null(packet);
		for (unsigned i = 0; i < 64; i++)
			sequences[i] = (uint16_t)(c->video.last - 63 + i);
		packet->len = rtcp_write_nack(packet->bytes,
		    sizeof(packet->bytes), STAGE_VIDEO_SSRC + c->id,
		    c->answered.video_ssrc, sequences, 64);
		send_rtcp(c, packet);
	}
	media_socket_flush(c->socket);
}

void
client_ask_again(struct client *c, uint16_t sequence)
{
	struct packet *packet = packet_new(c->pool);

	assert_non_null(packet);
	packet->len = rtcp_write_nack(packet->bytes, sizeof(packet->bytes),
	    STAGE_VIDEO_SSRC + c->id, c->answered.video_ssrc, &sequence, 1);
	send_rtcp(c, packet);
	media_socket_flush(c->socket);
}

void
client_send_clocks(struct client *c, int64_t ahead_us)
{
	const int64_t now_us = clock_monotonic_us();

	for (unsigned i = 0; i < 2; i++) {
		const struct rtcp_sender_info info = {
			.ntp = rtcp_ntp_from_us(now_us + (i ? ahead_us : 0)),
			.rtp = i ? c->timestamp : c->voice_time,
		};
		struct packet *packet = packet_new(c->pool);

		assert_non_null(packet);
		packet->len = rtcp_write_sr(packet->bytes, 512,
		    (i ? STAGE_VIDEO_SSRC : STAGE_AUDIO_SSRC) + c->id, &info,
		    NULL, 0);
		send_rtcp(c, packet);
	}
	media_socket_flush(c->socket);
}

void
client_report(struct client *c, bool lossy, uint64_t remb_bps)
{
	const struct rtcp_report report = {
		.ssrc = c->answered.video_ssrc,
		.fraction_lost = lossy ? 85 : 0,
		.highest_sequence = c->video.last,
	};
	struct packet *packet = packet_new(c->pool);

	assert_non_null(packet);
	packet->len = rtcp_write_rr(packet->bytes, 512,
	    STAGE_VIDEO_SSRC + c->id, &report, 1);
	packet->len += rtcp_write_remb(packet->bytes + packet->len, 512,
	    STAGE_VIDEO_SSRC + c->id, remb_bps, &c->answered.video_ssrc, 1);
	send_rtcp(c, packet);
	media_socket_flush(c->socket);
}
