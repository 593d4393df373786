/*
 * One headless participant: what it sends and what it counts.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "audio/audio_level.h"
#include "peer/peer_internal.h"
#include "rtp/rtcp_packet.h"
#include "rtp/rtp_extension.h"
#include "rtp/rtp_packet.h"
#include "util/clock.h"

#define PAYLOAD_MAX_LEN 1150
#define TURN_US         3000000		/* how long one of the crew speaks */
#define REPORT_US       1000000
#define TWCC_US         100000
#define PLI_GAP_US      500000
#define RTT_US          50000
#define SILENT_SETTLED  25		/* frames; then all are alike */

/* ---- what comes ---------------------------------------------------------- */

static void
peer_video(struct peer *peer, const struct rtp_packet *rtp,
    int64_t arrival_us)
{
	struct rtp_frame   frame;
	enum frame_verdict verdict;

	peer->counts.video_packets++;
	peer->counts.video_bytes += rtp->payload_len;
	if (nack_received(&peer->nack, rtp->sequence, arrival_us))
		frame_assembler_give_up(peer->assembler);
	frame_assembler_push(peer->assembler, peer->answered.video.codec, rtp,
	    arrival_us);
	while ((verdict = frame_assembler_pull(peer->assembler, &frame)) !=
	    FRAME_MORE) {
		if (verdict == FRAME_NEED_KEY) {
			peer->counts.lost++;
			peer->key_lacking = true;
			continue;
		}
		if (peer->cfg.probe && peer->cfg.index == 1)
			probe_picture(peer->cfg.probe, &frame);
		peer->counts.frames++;
		peer->counts.keyframes += frame.key;
		peer->key_lacking &= !frame.key;
	}
}

static void
peer_audio_came(struct peer *peer, int64_t arrival_us)
{
	const int64_t gap_us = peer->audio_us ? arrival_us - peer->audio_us :
	    0;

	if (gap_us > peer->counts.audio_gap_us)
		peer->counts.audio_gap_us = gap_us;
	peer->audio_us = arrival_us;
}

int64_t
peer_take_gap(struct peer *peer, int64_t now_us)
{
	int64_t gap_us = peer->counts.audio_gap_us;

	/* What began just now may wait in the socket: see the next call. */
	if (peer->audio_us && gap_us == 0)
		gap_us = now_us - peer->audio_us;
	peer->counts.audio_gap_us = 0;
	return gap_us;
}

/* Packets that did not come, or not yet. */
static uint64_t
peer_missing(const struct rtp_stats *s)
{
	return (uint64_t)s->cycles + s->highest - s->base_sequence + 1 -
	    s->received;
}

static void
peer_twcc(struct peer *peer, const struct rtp_packet *rtp,
    int64_t arrival_us)
{
	uint16_t sequence;

	if (rtp_extension_transport_sequence(rtp,
	    peer->answered.video.twcc_id, &sequence))
		twcc_feedback_received(&peer->twcc, sequence, arrival_us);
}

void
peer_on_rtp(void *to, struct packet *packet)
{
	struct peer      *peer = to;
	struct rtp_packet rtp;

	if (rtp_packet_parse(&rtp, packet->bytes, packet->len) == 0) {
		peer_twcc(peer, &rtp, packet->arrival_us);
		if (peer->answered.video.active && rtp.payload_type ==
		    peer->answered.video.payload_type) {
			peer->video_in_ssrc = rtp.ssrc;
			if (rtp_stats_received(&peer->video_in, rtp.sequence,
			    rtp.timestamp, packet->len, packet->arrival_us))
				peer_video(peer, &rtp, packet->arrival_us);
		} else if (rtp_stats_received(&peer->audio_in, rtp.sequence,
		    rtp.timestamp, packet->len, packet->arrival_us)) {
			peer->audio_in_ssrc = rtp.ssrc;
			if (peer->cfg.probe && peer->cfg.index == 1)
				probe_sound(peer->cfg.probe, &rtp,
				    packet->arrival_us);
			peer_audio_came(peer, packet->arrival_us);
			peer->counts.audio_packets++;
			peer->counts.audio_lost = peer_missing(
			    &peer->audio_in);
			peer->counts.audio_bytes += rtp.payload_len;
		}
	}
	packet_free(&packet);
}

static void
peer_resend(struct peer *peer, uint16_t sequence, int64_t now_us)
{
	const struct peer_sent *sent = &peer->sent[sequence % PEER_SENT_RING];
	struct packet          *packet;

	peer->counts.nacks++;
	if (sent->sequence != sequence || sent->len == 0)
		return;
	packet = packet_new(peer->pool);
	if (packet == NULL)
		return;
	memcpy(packet->bytes, sent->bytes, sent->len);
	packet->len = sent->len;
	peer->counts.resent++;
	transport_send_rtp(peer->transport, packet, now_us);
}

static void
peer_sender_report(struct peer *peer, const struct rtcp_part *part,
    int64_t arrival_us)
{
	const bool sound = part->sender_ssrc == peer->audio_in_ssrc;

	if (!sound && part->sender_ssrc != peer->video_in_ssrc)
		return;
	rtp_stats_sender_report(sound ? &peer->audio_in : &peer->video_in,
	    part->sender.ntp, arrival_us);
	if (peer->cfg.probe && peer->cfg.index == 1)
		probe_report(peer->cfg.probe, sound, &part->sender);
}

static void
peer_rtcp_part(struct peer *peer, const struct rtcp_part *part,
    int64_t arrival_us)
{
	uint16_t sequences[RTCP_NACKS_MAX];
	unsigned count;

	switch (part->type) {
	case RTCP_SENDER_REPORT:
		peer_sender_report(peer, part, arrival_us);
		break;
	case RTCP_PLI:
	case RTCP_FIR:
		peer->counts.plis++;
		peer->key_wanted = true;
		break;
	case RTCP_NACK:
		count = rtcp_part_nacks(part, sequences);
		for (unsigned i = 0; i < count; i++)
			peer_resend(peer, sequences[i], arrival_us);
		break;
	default:
		break;
	}
}

void
peer_on_rtcp(void *to, struct packet *packet)
{
	struct peer         *peer = to;
	struct rtcp_compound compound;

	if (rtcp_parse(&compound, packet->bytes, packet->len) == 0)
		for (unsigned i = 0; i < compound.count; i++)
			peer_rtcp_part(peer, &compound.parts[i],
			    packet->arrival_us);
	packet_free(&packet);
}

/* ---- what is sent -------------------------------------------------------- */

/* `due_us`: what the time stamp stands for, in the reports. */
static void
peer_send_rtp(struct peer *peer, struct rtp_sender *out,
    struct rtp_packet *header, const uint8_t *payload, size_t len,
    int64_t due_us, int64_t now_us)
{
	struct packet *packet = packet_new(peer->pool);
	size_t         at;

	header->ssrc = out->ssrc;
	header->sequence = out->next_sequence++;
	if (packet == NULL)
		return;
	at = rtp_packet_write_header(packet->bytes, sizeof(packet->bytes),
	    header);
	memcpy(packet->bytes + at, payload, len);
	packet->len = at + len;
	if (out == &peer->video_out && packet->len <= PEER_PACKET_MAX) {
		struct peer_sent *sent = &peer->sent[header->sequence %
		    PEER_SENT_RING];

		sent->sequence = header->sequence;
		sent->len = packet->len;
		memcpy(sent->bytes, packet->bytes, packet->len);
	}
	rtp_sender_sent(out, len, header->timestamp, due_us);
	transport_send_rtp(peer->transport, packet, now_us);
}

/* Else the crew speaks in turns, by the clock that all of it shares. */
static bool
peer_talks(const struct peer *peer, int64_t now_us)
{
	if (peer->cfg.talkers)
		return peer->cfg.index < peer->cfg.talkers;
	return (now_us - peer->cfg.start_us) / TURN_US % peer->cfg.count ==
	    peer->cfg.index;
}

static void
peer_send_frame(struct peer *peer, int64_t now_us)
{
	const struct frame_cutter_config cfg = {
		.codec = peer->cfg.codec,
		.single_nal = peer->answered.video.single_nal,
		.payload_max = PAYLOAD_MAX_LEN,
	};
	const int64_t            captured_us = peer->video_due_us -
	    peer->cfg.slow_us;
	struct frame_cutter      cutter;
	const struct clip_frame *frame;
	uint8_t                  payload[PEER_PACKET_MAX];
	size_t                   len;
	bool                     last = false;

	/* A loop starts with a key frame: begin anew when one is wanted. */
	if (peer->clip == NULL || peer->key_wanted ||
	    peer->frame >= peer->clip->count) {
		peer->clip = peer_talks(peer, now_us) ? peer->cfg.talking :
		    peer->cfg.idle;
		peer->frame = 0;
		peer->key_wanted = false;
	}
	frame = &peer->clip->frames[peer->frame++];
	if (peer->cfg.probe && peer->cfg.index == 0 && frame->flash)
		probe_flash(peer->cfg.probe, captured_us, now_us);
	peer->picture_id = (peer->picture_id + 1) & 0x7fff;
	frame_cutter_begin(&cutter, &cfg, &(struct frame_cutter_frame){
	    .data = frame->data, .len = frame->len,
	    .picture_id = peer->picture_id,
	    .tl0_index = ++peer->tl0_index });
	while (!last && (len = frame_cutter_next(&cutter, payload,
	    sizeof(payload), &last)) > 0) {
		struct rtp_packet header = {
			.payload_type = peer->answered.video.payload_type,
			.marker = last,
			.timestamp = peer->video_rtp_base +
			    (uint32_t)((captured_us - peer->cfg.start_us) *
			    9 / 100),
		};

		peer_send_rtp(peer, &peer->video_out, &header, payload, len,
		    captured_us, now_us);
	}
}

/*
 * The next 20 ms and their payload. Silence is encoded only at its beginning,
 * so that hundreds of silent peers fit into one thread.
 */
static int
peer_voice(struct peer *peer, struct audio_frame *frame, uint8_t *payload,
    int64_t now_us)
{
	const bool probes = peer->cfg.probe && peer->cfg.index == 0;
	const bool talks = probes || peer->cfg.tone_hz > 0 ||
	    (!peer->cfg.probe && peer_talks(peer, now_us));

	if (probes)
		probe_voice(peer->cfg.probe, frame, peer->audio_due_us,
		    now_us);
	else
		voice_next(&peer->voice, talks, frame);
	peer->silent = talks ? 0 : peer->silent + 1;
	if (peer->silent > SILENT_SETTLED && peer->hush_len > 0) {
		memcpy(payload, peer->hush, (size_t)peer->hush_len);
		return peer->hush_len;
	}
	peer->hush_len = audio_encoder_encode(peer->encoder, frame,
	    peer->hush);
	if (peer->hush_len > 0)
		memcpy(payload, peer->hush, (size_t)peer->hush_len);
	return peer->hush_len;
}

static void
peer_send_voice(struct peer *peer, int64_t now_us)
{
	struct audio_frame frame;
	uint8_t            payload[AUDIO_PAYLOAD_MAX];
	uint8_t            extension[4] = { 0 };
	struct rtp_packet  header = {
		.payload_type = peer->answered.audio.payload_type,
		.timestamp = peer->audio_rtp_base +
		    (uint32_t)(peer->audio_frames * AUDIO_FRAME_LEN),
	};
	int len = peer_voice(peer, &frame, payload, now_us);

	if (len <= 0)
		return;
	if (peer->answered.audio.level_id) {
		extension[0] = (uint8_t)(peer->answered.audio.level_id << 4);
		extension[1] = audio_level_dbov(&frame);
		header.extension_profile = 0xbede;
		header.extension = extension;
		header.extension_len = sizeof(extension);
	}
	peer_send_rtp(peer, &peer->audio_out, &header, payload, (size_t)len,
	    peer->audio_due_us, now_us);
}

static void
peer_send_reports(struct peer *peer, int64_t now_us)
{
	const struct rtp_sender *const senders[] = { &peer->audio_out,
	    &peer->video_out };
	struct packet     *packet = packet_new(peer->pool);
	struct rtcp_report reports[2];
	unsigned           count = 0;

	if (packet == NULL)
		return;
	if (peer->audio_in.started)
		reports[count++] = rtp_stats_report(&peer->audio_in,
		    peer->audio_in_ssrc, now_us);
	if (peer->video_in.started)
		reports[count++] = rtp_stats_report(&peer->video_in,
		    peer->video_in_ssrc, now_us);
	packet->len = rtp_sender_write_reports(packet->bytes,
	    sizeof(packet->bytes) - 64, senders, 2, peer->audio_out.ssrc,
	    reports, count, peer->ufrag, now_us, rtcp_ntp_from_us(now_us));
	transport_send_rtcp(peer->transport, packet, now_us);
}

static void
peer_send_pli(struct peer *peer, int64_t now_us)
{
	struct packet *packet = packet_new(peer->pool);

	if (packet == NULL)
		return;
	packet->len = rtcp_write_pli(packet->bytes,
	    sizeof(packet->bytes) - 64, peer->video_out.ssrc,
	    peer->video_in_ssrc);
	transport_send_rtcp(peer->transport, packet, now_us);
}

static void
peer_send_repair(struct peer *peer, int64_t now_us)
{
	uint16_t       sequences[NACK_MISSING_MAX];
	bool           gave_up = false;
	const unsigned count = nack_due(&peer->nack, now_us, RTT_US,
	    sequences, &gave_up);
	struct packet *packet;

	if (gave_up) {
		frame_assembler_give_up(peer->assembler);
		peer->key_lacking = true;
	}
	if (count == 0 &&
	    !(peer->key_lacking && now_us - peer->pli_us > PLI_GAP_US))
		return;
	if (count == 0) {
		peer->pli_us = now_us;
		peer_send_pli(peer, now_us);
		return;
	}
	packet = packet_new(peer->pool);
	if (packet == NULL)
		return;
	packet->len = rtcp_write_nack(packet->bytes,
	    sizeof(packet->bytes) - 64, peer->video_out.ssrc,
	    peer->video_in_ssrc, sequences, count);
	transport_send_rtcp(peer->transport, packet, now_us);
}

static void
peer_send_twcc(struct peer *peer, int64_t now_us)
{
	while (twcc_feedback_pending(&peer->twcc)) {
		struct packet *packet = packet_new(peer->pool);

		if (packet == NULL)
			return;
		packet->len = twcc_feedback_write(&peer->twcc, packet->bytes,
		    sizeof(packet->bytes) - 64, peer->audio_out.ssrc,
		    peer->video_in_ssrc);
		transport_send_rtcp(peer->transport, packet, now_us);
	}
	peer->twcc_due_us = now_us + TWCC_US;
}

void
peer_send_due(struct peer *peer, int64_t now_us)
{
	const bool sends = peer->cfg.mode != PEER_WATCH;

	while (sends && peer->encoder && peer->answered.audio.active &&
	    peer->audio_due_us <= now_us) {
		peer_send_voice(peer, now_us);
		peer->audio_frames++;
		peer->audio_due_us = peer->audio_start_us +
		    peer->audio_frames * AUDIO_FRAME_US * 1000000 /
		    (1000000 + peer->cfg.drift_ppm);
	}
	while (sends && peer->cfg.idle && peer->answered.video.active &&
	    peer->video_due_us <= now_us) {
		peer_send_frame(peer, now_us);
		peer->video_due_us += 1000000 / peer->clip->fps;
	}
	if (peer->answered.video.active)
		peer_send_repair(peer, now_us);
	while (peer->cfg.plis && peer->plis_due_us <= now_us) {
		peer_send_pli(peer, now_us);
		peer->plis_due_us += 1000000 / peer->cfg.plis;
	}
	if (peer->twcc_due_us <= now_us)
		peer_send_twcc(peer, now_us);
	if (peer->report_due_us <= now_us) {
		peer_send_reports(peer, now_us);
		peer->report_due_us = now_us + REPORT_US;
	}
}
