/*
 * What participants get: a shared rendition, the mix, and resends.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "room/room_internal.h"
#include "rtp/frame_cutter.h"
#include "rtp/rtp_packet.h"

/* A joiner starts from a key frame that is no older, and what followed it. */
#define KEY_FRESH_US      500000
#define STILL_SPREAD_US   1600000	/* of its two seconds */
#define CLOCK_KHZ         90		/* of video */
#define STILL_OVERHEAD    58		/* headers of a packet */
#define RESENDS_MAX       3
#define RESENDS_LOSSY_MAX 6
#define RESEND_SPACING_US 10000
#define RESEND_OLDEST_US  1000000
#define RESEND_STILL_OLDEST_US 8000000	/* it is under way for seconds */
#define RESEND_BURST_BYTES 65536
#define ASKS_WINDOW_US    10000000
#define ASKS_MAX          5

/* Header and payload into a packet of ours; NULL when the pool is empty. */
static struct packet *
media_packet(struct room *room, const struct rtp_packet *header,
    const uint8_t *payload, size_t len)
{
	struct packet *packet = packet_new(room->packets);
	size_t         at;

	if (packet == NULL)
		return NULL;
	at = rtp_packet_write_header(packet->bytes, sizeof(packet->bytes),
	    header);
	memcpy(packet->bytes + at, payload, len);
	packet->len = at + len;
	return packet;
}

/* ---- video --------------------------------------------------------------- */

/* The same payload for the first send and every resend of a sequence. */
static void
video_send(struct participant *who, const struct send_packet *made,
    const struct sent *sent, int64_t now_us)
{
	const enum video_codec codec =
	    who->room->renditions[sent->rendition].cfg.codec;
	struct rtp_packet header = {
		.payload_type = who->agreed.video.send_types[codec],
		.marker = made->marker,
		.sequence = sent->sequence,
		.timestamp = sent->rtp_time,
		.ssrc = who->video_out.ssrc,
	};
	uint8_t        extension[DOWNLINK_EXTENSION];
	struct packet *packet;

	downlink_stamp(who, &header, extension, who->agreed.video.twcc_id,
	    made->payload_len, false, now_us);
	packet = media_packet(who->room, &header, made->payload,
	    made->payload_len);
	if (packet == NULL)
		return;
	frame_cutter_patch(codec, packet->bytes +
	    packet->len - made->payload_len, sent->picture_id,
	    sent->tl0_index);
	transport_send_rtp(who->transport, packet, now_us);
}

/* An empty packet, of the time of the frame before it (RFC 3550, 5.1). */
static void
padding_send(struct participant *who, const struct sent *sent,
    int64_t now_us)
{
	const enum video_codec codec =
	    who->room->renditions[sent->rendition].cfg.codec;
	struct rtp_packet header = {
		.payload_type = who->agreed.video.send_types[codec],
		.sequence = sent->sequence,
		.timestamp = sent->rtp_time,
		.ssrc = who->video_out.ssrc,
		.padding_len = sent->padding,
	};
	uint8_t        extension[DOWNLINK_EXTENSION];
	uint8_t        padding[UINT8_MAX] = { 0 };
	struct packet *packet;

	padding[sent->padding - 1] = sent->padding;
	downlink_stamp(who, &header, extension, who->agreed.video.twcc_id,
	    sent->padding, false, now_us);
	packet = media_packet(who->room, &header, padding, sent->padding);
	if (packet)
		transport_send_rtp(who->transport, packet, now_us);
}

void
subscription_pad(struct participant *who, size_t bytes, int64_t now_us)
{
	const uint16_t sequence = who->video_out.next_sequence++;
	struct sent   *sent = &who->watch.sent[sequence % SENT_RING];

	*sent = (struct sent){
		.index = -1, .sequence = sequence,
		/* Before the first frame any that he takes. */
		.rendition = who->video_out.last_us > 0 ?
		    (uint8_t)who->watch.rendition :
		    who->watch.way.of[who->watch.way.largest].rendition,
		.rtp_time = who->watch.sent_time,
		.padding = (uint8_t)(bytes < UINT8_MAX ? bytes : UINT8_MAX),
	};
	padding_send(who, sent, now_us);
	rtp_sender_sent(&who->video_out, 0, who->video_out.last_rtp_time,
	    who->video_out.last_us);
}

void
subscription_emit(struct participant *who, uint16_t sequence, int64_t now_us)
{
	struct sent *sent = &who->watch.sent[sequence % SENT_RING];
	const struct send_packet *made;

	if (sent->sequence != sequence)
		return;
	if (sent->waits) {
		sent->waits = false;
		sent->resent_us = now_us;
	}
	if (sent->padding > 0) {
		padding_send(who, sent, now_us);
		return;
	}
	made = send_history_get(who->room->renditions[sent->rendition].history,
	    sent->index);
	if (made == NULL)
		return;
	if (sent->resent == 0)
		who->down.in_frame = !made->marker;
	video_send(who, made, sent, now_us);
}

/*
 * The RTP time to send a frame with: its own, as all renditions keep one
 * clock; but where another rendition was ahead at a switch, just behind what
 * was sent last. A still has that of its end, which is seconds later: a
 * receiver would hold all sound back for a picture that comes so late.
 */
static uint32_t
video_time(struct subscription *watch, const struct send_packet *made,
    bool any_before)
{
	const uint32_t own = made->timestamp + watch->still.late;

	if (any_before && made->timestamp == watch->made_time)
		return watch->sent_time;
	if (any_before && rtp_timestamp_diff(own, watch->sent_time) <= 0)
		watch->sent_time++;
	else
		watch->sent_time = own;
	watch->made_time = made->timestamp;
	return watch->sent_time;
}

static void
video_send_next(struct participant *who, const struct send_packet *made,
    int64_t now_us)
{
	struct subscription *watch = &who->watch;
	struct rtp_sender   *out = &who->video_out;
	const uint16_t       sequence = out->next_sequence++;
	struct sent         *sent = &watch->sent[sequence % SENT_RING];

	if (made->key_start)
		watch->key_sequence = sequence;
	if (made->picture_id != watch->picture_made)
		watch->picture_id = (watch->picture_id + 1) & 0x7fff;
	watch->picture_made = made->picture_id;
	*sent = (struct sent){
		.index = made->index,
		.rendition = (uint8_t)watch->rendition,
		.rtp_time = video_time(watch, made, out->last_us > 0),
		.sequence = sequence,
		.picture_id = watch->picture_id,
		.tl0_index = (uint8_t)(made->tl0_index + watch->tl0_offset),
	};
	watch->tl0_index = sent->tl0_index;
	downlink_video(who, PACER_VIDEO, sequence, made->payload_len,
	    now_us);
	/* For reports the time of all renditions, not one put off by a switch. */
	rtp_sender_sent(out, made->payload_len, made->timestamp,
	    made->made_us);
}

/* Counters go on at +1 from the last sent, with this key frame. */
static void
video_begin(struct participant *who, unsigned rendition,
    const struct send_packet *key, int64_t now_us)
{
	struct subscription *watch = &who->watch;

	if (watch->started && watch->rendition != rendition)
		downlink_switch(who, now_us);
	watch->started = true;
	watch->rendition = rendition;
	watch->base = watch->target_base;
	watch->still.next = watch->still.end;
	watch->still.late = 0;
	watch->made_time = ~key->timestamp;	/* of no frame yet */
	watch->picture_made = UINT16_MAX;	/* none has this one */
	watch->tl0_offset = (uint8_t)(watch->tl0_index + 1 - key->tl0_index);
}

static void
video_send_from(struct participant *who, unsigned rendition, int64_t index,
    int64_t now_us)
{
	const struct send_history *history =
	    who->room->renditions[rendition].history;
	const int64_t              end = send_history_next_index(history);

	for (; index < end; index++) {
		const struct send_packet *made = send_history_get(history,
		    index);

		if (made == NULL)
			return;
		if (made->payload_len == 0)
			continue;
		if (!who->watch.started ||
		    who->watch.rendition != rendition) {
			if (!made->key_start)
				continue;
			video_begin(who, rendition, made, now_us);
		}
		if (made->droppable && who->watch.base)
			continue;
		video_send_next(who, made, now_us);
	}
}

/* A still is spread over its interval, so that sound is never behind it. */
static void
still_begin(struct participant *who, unsigned rendition, int64_t first,
    int64_t now_us)
{
	const struct send_history *history =
	    who->room->renditions[rendition].history;
	const struct send_packet  *made = send_history_get(history, first);
	const int64_t              end = send_history_next_index(history);
	int64_t                    spread_us;
	size_t                     bytes;

	if (made == NULL || !made->key_start)
		return;
	/* On a very thin line one takes longer than until the next. */
	if (who->watch.started && who->watch.rendition == rendition &&
	    who->watch.still.next < who->watch.still.end)
		return;
	video_begin(who, rendition, made, now_us);
	who->watch.still.next = first;
	who->watch.still.end = end;
	who->watch.still.due_us = now_us;
	bytes = (size_t)(end - first) * (ROOM_STILL_PAYLOAD +
	    STILL_OVERHEAD);
	spread_us = downlink_still_us(who, bytes, STILL_SPREAD_US);
	who->watch.still.gap_us = spread_us / (end - first);
	who->watch.still.late = (uint32_t)(spread_us / 1000) * CLOCK_KHZ;
	room_arm(who->room, now_us);
}

int64_t
subscription_due(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;

	if (!watch->wanted || !watch->started)
		watch->still.next = watch->still.end;
	while (watch->still.next < watch->still.end) {
		const struct send_packet *made;

		if (watch->still.due_us > now_us)
			return watch->still.due_us;
		made = send_history_get(
		    who->room->renditions[watch->rendition].history,
		    watch->still.next++);
		if (made && made->payload_len > 0)
			video_send_next(who, made, now_us);
		watch->still.due_us += watch->still.gap_us;
	}
	return INT64_MAX;
}

static void
video_offer(struct participant *who, unsigned rendition, int64_t first,
    int64_t now_us)
{
	if (who->room->renditions[rendition].cfg.stills)
		still_begin(who, rendition, first, now_us);
	else
		video_send_from(who, rendition, first, now_us);
}

void
subscription_start(struct participant *who, int64_t now_us)
{
	struct subscription       *watch = &who->watch;
	const struct send_history *history;
	const struct send_packet  *made = NULL;
	int64_t                    key;

	if (watch->target == RENDITION_NONE)
		return;
	history = who->room->renditions[watch->target].history;
	key = send_history_key_index(history);
	if (key >= 0)
		made = send_history_get(history, key);

	/* The first key frame is the dearest to lose. */
	if (!watch->started) {
		watch->resend_bytes = RESEND_BURST_BYTES;
		watch->resend_filled_us = now_us;
	}
	if (made && now_us - made->made_us <= KEY_FRESH_US)
		video_offer(who, watch->target, key, now_us);
	else
		pipeline_want_key(who->room->pipeline, watch->target);
}

/* Puts the frame into the history; returns the index of its first packet. */
static int64_t
history_add_frame(struct room_rendition *r, const struct coded_frame *frame)
{
	const struct frame_cutter_config cfg = {
		.codec = r->cfg.codec,
		.single_nal = r->cfg.nal_max > 0,
		.width = (uint16_t)r->cfg.width,
		.height = (uint16_t)r->cfg.height,
		.payload_max = r->cfg.stills && r->cfg.nal_max == 0 ?
		    ROOM_STILL_PAYLOAD : ROOM_PAYLOAD_MAX,
	};
	struct frame_cutter cutter;
	const int64_t first = send_history_next_index(r->history);
	bool          last = false, begin = true;

	r->picture_id = (r->picture_id + 1) & 0x7fff;
	if (!frame->droppable)
		r->tl0_index++;
	frame_cutter_begin(&cutter, &cfg, &(struct frame_cutter_frame){
	    .data = frame->data, .len = frame->len, .key = frame->key,
	    .droppable = frame->droppable,
	    .picture_id = r->picture_id, .tl0_index = r->tl0_index });
	while (!last) {
		struct send_packet *made = send_history_add(r->history);

		made->payload_len = frame_cutter_next(&cutter, made->payload,
		    sizeof(made->payload), &last);
		if (made->payload_len == 0)
			last = true;	/* nothing of it can be sent */
		made->timestamp = frame->rtp_time;
		made->picture_id = r->picture_id;
		made->tl0_index = r->tl0_index;
		made->marker = last;
		made->key_start = frame->key && begin;
		made->droppable = frame->droppable;
		made->made_us = frame->time_us;
		begin = false;
	}
	return first;
}

void
subscription_frame(struct room *room, unsigned rendition,
    const struct coded_frame *frame, int64_t now_us)
{
	struct participant *who;
	int64_t             first;

	if (frame->len == 0)
		return;
	first = history_add_frame(&room->renditions[rendition], frame);
	TAILQ_FOREACH(who, &room->participants, entry) {
		const struct subscription *watch = &who->watch;
		const bool tied = watch->started &&
		    watch->rendition == rendition;

		/* Whoever is on the way begins with a key frame. */
		if (!watch->wanted || downlink_stopped(who) ||
		    (!tied && (!frame->key || watch->target != rendition)))
			continue;
		video_offer(who, rendition, first, now_us);
		if (!tied)
			room_count_viewers(room, now_us);
		pipeline_drain_audio(room->pipeline);
	}
}

/* ---- repair --------------------------------------------------------------- */

/* NULL: never sent to him, still waiting to be, or no longer known. */
static struct sent *
sent_find(struct participant *who, uint16_t sequence)
{
	const unsigned waiting = downlink_waiting(who);
	const uint32_t all = who->video_out.packets - waiting;
	const uint16_t age = (uint16_t)(who->video_out.next_sequence -
	    waiting - sequence - 1);
	struct sent   *sent = &who->watch.sent[sequence % SENT_RING];

	if (age >= all || age >= SENT_RING || sent->sequence != sequence)
		return NULL;
	return sent;
}

bool
subscription_missed(struct participant *who, uint16_t sequence)
{
	struct sent *sent = sent_find(who, sequence);

	if (sent == NULL || sent->missed)
		return false;
	sent->missed = true;
	return true;
}

/* At most a quarter of what the line carries goes into repair. */
static bool
resend_affords(struct participant *who, int64_t bytes, int64_t now_us)
{
	struct subscription *watch = &who->watch;
	const int64_t        rate = downlink_repair_bps(who) / 8;

	watch->resend_bytes += rate * (now_us - watch->resend_filled_us) /
	    1000000;
	watch->resend_filled_us = now_us;
	if (watch->resend_bytes > RESEND_BURST_BYTES)
		watch->resend_bytes = RESEND_BURST_BYTES;
	if (watch->resend_bytes < bytes)
		return false;
	watch->resend_bytes -= bytes;
	return true;
}

/* Where much is lost, many resends are, too. */
static unsigned
resends_most(const struct participant *who)
{
	const struct send_line *line = downlink_line(who);

	return line && line->loss_q8 > RENDITION_LOSSY_Q8 ?
	    RESENDS_LOSSY_MAX : RESENDS_MAX;
}

/* What it was made of, when it may be sent once more. */
static const struct send_packet *
resend_find(struct participant *who, const struct sent *sent, int64_t now_us)
{
	const struct room_rendition *r =
	    &who->room->renditions[sent->rendition];
	const struct send_packet *made = send_history_get(r->history,
	    sent->index);

	if (sent->resent >= resends_most(who) || made == NULL ||
	    now_us - made->made_us > (r->cfg.stills ?
	    RESEND_STILL_OLDEST_US : RESEND_OLDEST_US) ||
	    !resend_affords(who, (int64_t)made->payload_len, now_us))
		return NULL;
	return made;
}

/*
 * What waits for its turn is not sent twice: the second would be dropped as a
 * replay, and not be reported, as if the line had lost it.
 */
static void
resend(struct participant *who, struct sent *sent, size_t len, int64_t now_us)
{
	sent->resent++;
	sent->resent_us = now_us;
	sent->waits = true;
	downlink_video(who, PACER_RESEND, sent->sequence, len, now_us);
}

void
subscription_resend(struct participant *who, uint16_t sequence,
    int64_t now_us)
{
	struct subscription *watch = &who->watch;
	struct sent         *sent = sent_find(who, sequence);
	const struct send_packet *made;
	const int64_t        spacing = who->rtt_us / 2 > RESEND_SPACING_US ?
	    who->rtt_us / 2 : RESEND_SPACING_US;

	if (sent == NULL || !watch->started || sent->waits ||
	    now_us - sent->resent_us < spacing)
		return;
	if (sent->padding > 0) {
		/* Some decoders wait for it. */
		if (sent->resent < resends_most(who))
			resend(who, sent, sent->padding, now_us);
		return;
	}
	made = resend_find(who, sent, now_us);
	if (made == NULL) {
		/* Its decoder stands still, and a PLI takes 3 s to come. */
		if (!sent->lost && rtp_sequence_diff(sequence,
		    watch->key_sequence) >= 0)
			subscription_want_key(who, now_us);
		sent->lost = true;
		return;
	}
	watch->again_bytes += (uint32_t)made->payload_len;
	who->room->resent++;
	resend(who, sent, made->payload_len, now_us);
}

void
subscription_want_key(struct participant *who, int64_t now_us)
{
	struct subscription *watch = &who->watch;

	who->room->keyframes_asked++;
	if (now_us - watch->asked_from_us > ASKS_WINDOW_US) {
		watch->asked_from_us = now_us;
		watch->asked = 0;
	}
	if (!watch->wanted || watch->asked++ >= ASKS_MAX)
		return;
	if (watch->target == RENDITION_NONE)
		return;
	/* Of stills the next comes soon enough. */
	if (!who->room->renditions[watch->target].cfg.stills)
		pipeline_want_key(who->room->pipeline, watch->target);
	if (watch->started && watch->rendition != watch->target)
		pipeline_want_key(who->room->pipeline, watch->rendition);
}

/* ---- sound --------------------------------------------------------------- */

void
subscription_audio(struct room *room, const struct audio_tick *tick,
    int64_t now_us)
{
	for (unsigned i = 0; i < tick->leg_count; i++) {
		const unsigned      payload = tick->legs[i].payload;
		const size_t        len = tick->payloads[payload].len;
		struct participant *who = room->by_slot[tick->legs[i].slot];
		struct packet      *packet;
		uint8_t             extension[DOWNLINK_EXTENSION];

		if (who == NULL || !who->connected || !who->agreed.audio.send)
			continue;
		struct rtp_packet header = {
			.payload_type = who->agreed.audio.payload_type,
			.marker = tick->legs[i].talk_start,
			.sequence = who->audio_out.next_sequence++,
			.timestamp = tick->payloads[payload].rtp_time,
			.ssrc = who->audio_out.ssrc,
		};
		downlink_stamp(who, &header, extension,
		    who->agreed.audio.twcc_id, len, who->sound != NULL,
		    now_us);
		packet = media_packet(room, &header,
		    tick->payloads[payload].bytes, len);
		if (packet == NULL)
			continue;
		sound_out_send(who, packet, header.sequence, now_us);
		downlink_sound(who, len, now_us);
		rtp_sender_sent(&who->audio_out, len,
		    tick->payloads[payload].rtp_time,
		    tick->payloads[payload].time_us);
	}
	media_socket_flush(room->socket);
}
