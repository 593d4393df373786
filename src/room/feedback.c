/*
 * RTCP of a participant, both ways: reports, repair and key frame requests.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"
#include "rtp/rtcp_packet.h"
#include "util/writer.h"

#define RTT_MAX_US 3000000
#define UPLINK_MOST_BPS   2500000
#define UPLINK_LEAST_BPS  150000
#define UPLINK_UNSEEN_BPS 50000
#define REMB_LEAST_BPS    30000	/* none at all would be no limit */
/*
 * Parts of RTCP that tell of many packets: 500 a second. Browsers send some
 * 20 of feedback and, on the worst of lines, 100 of NACK.
 */
#define PART_SPACING_US   2000
#define PARTS_BURST       200

/* ---- what comes ---------------------------------------------------------- */

static uint64_t
room_ntp(const struct room *room, int64_t now_us)
{
	return rtcp_ntp_from_us(now_us + room->wall_offset_us);
}

static void
feedback_reports(struct participant *who, const struct rtcp_part *part,
    int64_t arrival_us, int64_t now_us)
{
	for (unsigned i = 0; i < part->report_count; i++) {
		const struct rtcp_report report = rtcp_part_report(part, i);
		int64_t                  rtt_us;

		if (report.ssrc != who->audio_out.ssrc &&
		    report.ssrc != who->video_out.ssrc)
			continue;
		if (report.ssrc == who->video_out.ssrc) {
			who->watch.loss_q8 = report.fraction_lost;
		} else {
			who->down_loss_q8 = report.fraction_lost;
			sound_repair_report(&who->repair, &report);
		}
		rtt_us = rtp_stats_rtt_us(&report,
		    room_ntp(who->room, arrival_us));
		if (who->down.estimate)
			send_estimate_report(who->down.estimate,
			    report.fraction_lost, rtt_us, now_us);
		if (rtt_us < 0 || rtt_us >= RTT_MAX_US)
			continue;
		uplink_line_rtt(&who->uplink, rtt_us, now_us);
		who->rtt_us = who->rtt_known ?
		    (7 * who->rtt_us + rtt_us) / 8 : rtt_us;
		who->rtt_known = true;
	}
}

static void
feedback_sender_report(struct participant *who, const struct rtcp_part *part,
    int64_t arrival_us)
{
	if (who->audio_in.known && part->sender_ssrc == who->audio_in.ssrc) {
		rtp_stats_sender_report(&who->audio_in.stats,
		    part->sender.ntp, arrival_us);
		stream_clock_report(&who->pictures.sync.sound,
		    part->sender.ntp, part->sender.rtp);
	}
	for (unsigned i = 0; i < who->layer_count; i++) {
		struct layer *layer = &who->layers[i];

		if (!layer->in.known ||
		    part->sender_ssrc != layer->in.ssrc)
			continue;
		rtp_stats_sender_report(&layer->in.stats,
		    part->sender.ntp, arrival_us);
		stream_clock_report(&layer->clock, part->sender.ntp,
		    part->sender.rtp);
	}
}

static void
feedback_nacks(struct participant *who, const struct rtcp_part *part,
    int64_t now_us)
{
	const bool video = part->media_ssrc == who->video_out.ssrc;
	uint16_t   sequences[RTCP_NACKS_MAX];
	unsigned   count;

	if (!video && part->media_ssrc != who->audio_out.ssrc)
		return;
	count = rtcp_part_nacks(part, sequences);
	who->room->nacks_in += count;
	for (unsigned i = 0; i < count; i++) {
		const bool first = video ?
		    subscription_missed(who, sequences[i]) :
		    sound_out_asked(who, sequences[i], now_us);

		who->missing += first;
		who->missing_runs += first && (i == 0 || sequences[i] !=
		    (uint16_t)(sequences[i - 1] + 1));
		if (video)
			subscription_resend(who, sequences[i], now_us);
	}
}

/* A few bytes may tell of 2000 packets, and sound waits behind that work. */
static bool
feedback_is_too_much(struct participant *who, const struct rtcp_part *part,
    int64_t now_us)
{
	const bool large = part->type == RTCP_NACK ||
	    part->type == RTCP_TWCC || part->type == RTCP_CCFB;

	return large && !rate_limit_pass(&who->part_rate, now_us,
	    PART_SPACING_US, PARTS_BURST);
}

static void
feedback_part(struct participant *who, const struct rtcp_part *part,
    int64_t arrival_us, int64_t now_us)
{
	if (feedback_is_too_much(who, part, now_us))
		return;
	switch (part->type) {
	case RTCP_SENDER_REPORT:
		feedback_sender_report(who, part, arrival_us);
		feedback_reports(who, part, arrival_us, now_us);
		break;
	case RTCP_RECEIVER_REPORT:
		feedback_reports(who, part, arrival_us, now_us);
		break;
	case RTCP_NACK:
		feedback_nacks(who, part, now_us);
		break;
	case RTCP_PLI:
	case RTCP_FIR:
		if (part->media_ssrc == who->video_out.ssrc)
			subscription_want_key(who, now_us);
		break;
	case RTCP_REMB:
		who->watch.remb_bps = part->remb_bps;
		who->watch.remb_us = now_us;
		break;
	case RTCP_TWCC:
		if (who->down.estimate)
			send_estimate_twcc(who->down.estimate, part->body,
			    part->body_len, now_us);
		break;
	case RTCP_CCFB:
		if (who->down.estimate)
			send_estimate_ccfb(who->down.estimate, part->body,
			    part->body_len, now_us);
		break;
	case RTCP_SDES:
	case RTCP_BYE:		/* the transport says when somebody left */
	case RTCP_OTHER:
		break;
	}
}

void
feedback_received(struct participant *who, struct packet *packet,
    int64_t now_us)
{
	struct rtcp_compound compound;

	if (rtcp_parse(&compound, packet->bytes, packet->len) == 0) {
		for (unsigned i = 0; i < compound.count; i++)
			feedback_part(who, &compound.parts[i],
			    packet->arrival_us, now_us);
	} else {
		who->room->packets_bad++;
	}
	packet_free(&packet);
}

/* ---- what is sent -------------------------------------------------------- */

static void
feedback_send(struct participant *who, struct packet *packet, size_t len,
    int64_t now_us)
{
	packet->len = len;
	if (len == 0)
		packet_free(&packet);
	else
		transport_send_rtcp(who->transport, packet, now_us);
}

/* Our SSRC to speak RTCP with: of a stream that we send, if there is one. */
static uint32_t
feedback_ssrc(const struct participant *who)
{
	return who->agreed.video.active ? who->video_out.ssrc :
	    who->audio_out.ssrc;
}

/* About 0.1 bit a pixel and frame. */
static uint64_t
tile_bps(const struct participant *who)
{
	uint64_t bps = (uint64_t)who->tile_pixels *
	    who->room->cfg.video_fps / 10;

	if (!who->seen)
		return UPLINK_UNSEEN_BPS;
	if (who->tile_pixels == 0)
		return UPLINK_MOST_BPS;
	if (bps < UPLINK_LEAST_BPS)
		bps = UPLINK_LEAST_BPS;
	/* Senders fill their small layers first. */
	bps += layers_smaller_bps(who);
	return bps > UPLINK_MOST_BPS ? UPLINK_MOST_BPS : bps;
}

/* A block for each stream that comes; their SSRCs beside, sound the last. */
static unsigned
feedback_blocks(struct participant *who, int64_t now_us,
    struct rtcp_report *reports, uint32_t *ssrcs, unsigned *video_count)
{
	unsigned count = 0;

	for (unsigned i = 0; i < who->layer_count; i++) {
		struct inbound *in = &who->layers[i].in;

		if (!in->known)
			continue;
		ssrcs[count] = in->ssrc;
		reports[count++] = rtp_stats_report(&in->stats, in->ssrc,
		    now_us);
	}
	*video_count = count;
	if (who->audio_in.known)
		reports[count++] = rtp_stats_report(&who->audio_in.stats,
		    who->audio_in.ssrc, now_us);
	return count;
}

uint64_t
feedback_uplink_cap_bps(const struct participant *who)
{
	const uint64_t bps = tile_bps(who);

	if (who->uplink.plan == UPLINK_FREE || bps < who->uplink.video_bps)
		return bps;
	return who->uplink.video_bps;
}

uint64_t
feedback_remb_bps(const struct participant *who)
{
	const uint64_t bps = feedback_uplink_cap_bps(who);

	return bps > REMB_LEAST_BPS ? bps : REMB_LEAST_BPS;
}

void
feedback_send_reports(struct participant *who, int64_t now_us)
{
	const struct rtp_sender *const senders[] = { &who->audio_out,
	    &who->video_out };
	struct room       *room = who->room;
	struct packet     *packet = packet_new(room->packets);
	struct rtcp_report reports[1 + LAYERS_MAX];
	uint32_t           ssrcs[LAYERS_MAX];
	unsigned           count, video_count;
	size_t             len, size;

	if (packet == NULL)
		return;
	size = sizeof(packet->bytes) - 64;	/* for what SRTCP adds */
	count = feedback_blocks(who, now_us, reports, ssrcs, &video_count);
	who->up_loss_q8 = 0;
	for (unsigned i = 0; i < count; i++)
		if (reports[i].fraction_lost > who->up_loss_q8)
			who->up_loss_q8 = reports[i].fraction_lost;
	len = rtp_sender_write_reports(packet->bytes, size, senders, 2,
	    feedback_ssrc(who), reports, count, room->cname, now_us,
	    room_ntp(room, now_us));
	if (who->agreed.video.remb && video_count > 0)
		len += rtcp_write_remb(packet->bytes + len, size - len,
		    feedback_ssrc(who), feedback_remb_bps(who),
		    ssrcs, video_count);
	feedback_send(who, packet, len, now_us);
}

void
feedback_send_twcc(struct participant *who, int64_t now_us)
{
	const uint32_t media = layers_known(who) ? layers_ssrc(who) :
	    who->audio_in.ssrc;

	while (twcc_feedback_pending(&who->twcc)) {
		struct packet *packet = packet_new(who->room->packets);
		size_t         len;

		if (packet == NULL)
			return;
		len = twcc_feedback_write(&who->twcc, packet->bytes,
		    sizeof(packet->bytes) - 64, feedback_ssrc(who), media);
		feedback_send(who, packet, len, now_us);
		if (len == 0)
			return;
	}
}

static void
feedback_ask(struct participant *who, uint32_t ssrc,
    const uint16_t *sequences, unsigned count, int64_t now_us)
{
	struct packet *packet;

	if (count == 0)
		return;
	who->room->nacks_out += count;
	packet = packet_new(who->room->packets);
	if (packet == NULL)
		return;
	feedback_send(who, packet, rtcp_write_nack(packet->bytes,
	    sizeof(packet->bytes) - 64, feedback_ssrc(who), ssrc, sequences,
	    count), now_us);
}

static void
feedback_layer_nacks(struct participant *who, struct layer *layer,
    int64_t now_us)
{
	uint16_t       sequences[NACK_MISSING_MAX];
	bool           gave_up = false;
	const unsigned count = nack_due(&layer->nack, now_us, who->rtt_us,
	    sequences, &gave_up);

	/* One who would not send it again is asked for a key frame at once. */
	if (count > 0 && !who->agreed.video.nack) {
		nack_forget_before(&layer->nack,
		    (uint16_t)(layer->nack.highest + 1));
		gave_up = true;
	}
	if (gave_up)
		layers_lost(who, layer, now_us);
	if (who->agreed.video.nack)
		feedback_ask(who, layer->in.ssrc, sequences, count, now_us);
}

void
feedback_send_nacks(struct participant *who, int64_t now_us)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		if (who->layers[i].assembler)
			feedback_layer_nacks(who, &who->layers[i], now_us);
	}
}

int64_t
feedback_sound_rtt_us(const struct participant *who)
{
	return who->rtt_us > who->uplink.queue_us ? who->rtt_us :
	    who->uplink.queue_us;
}

void
feedback_send_sound_nacks(struct participant *who, int64_t now_us)
{
	uint16_t       sequences[NACK_MISSING_MAX];
	bool           gave_up;
	const unsigned count = nack_due(&who->sound_nack, now_us,
	    feedback_sound_rtt_us(who), sequences, &gave_up);

	feedback_ask(who, who->audio_in.ssrc, sequences, count, now_us);
}

void
feedback_send_pli(struct participant *who, int64_t now_us)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		struct packet *packet;

		if (!layers_wants_key_of(who, i))
			continue;
		packet = packet_new(who->room->packets);
		if (packet == NULL)
			return;
		feedback_send(who, packet, rtcp_write_pli(packet->bytes,
		    sizeof(packet->bytes) - 64, feedback_ssrc(who),
		    who->layers[i].in.ssrc), now_us);
	}
}
