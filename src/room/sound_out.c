/*
 * The sound to a participant: sent, sent again, and in which quality.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "room/room_internal.h"
#include "rtp/rtp_packet.h"

#define REMB_OLDEST_US 3000000
#define LINE_OLDEST_US 20000000
#define THIN_PART      0.8f

/* What is not repeated need not be kept, until somebody asks for it. */
static void
keep(struct participant *who, uint16_t sequence, const struct packet *sealed,
    int64_t now_us)
{
	if (who->sound == NULL && who->repair.plan.repeats.count > 0)
		(void)sound_history_new(&who->sound);
	if (who->sound)
		sound_history_add(who->sound, sequence, sealed->bytes,
		    sealed->len, now_us);
}

static void
send_again(struct participant *who, const struct sound_sent *sent,
    int64_t now_us)
{
	struct packet *packet = packet_new(who->room->packets);

	if (packet == NULL)
		return;
	memcpy(packet->bytes, sent->bytes, sent->len);
	packet->len = sent->len;
	downlink_again(who, sent->len, now_us);
	transport_send_sealed(who->transport, packet, now_us);
	who->room->sound_repeated++;
}

void
sound_out_send(struct participant *who, struct packet *packet,
    uint16_t sequence, int64_t now_us)
{
	const struct sound_sent *again;

	if (!transport_seal_rtp(who->transport, packet)) {
		packet_free(&packet);
		return;
	}
	keep(who, sequence, packet, now_us);
	transport_send_sealed(who->transport, packet, now_us);
	while (who->sound && (again = sound_history_due(who->sound,
	    &who->repair.plan.repeats, now_us)) != NULL)
		send_again(who, again, now_us);
}

bool
sound_out_asked(struct participant *who, uint16_t sequence, int64_t now_us)
{
	const struct sound_sent *again;
	bool                     first;

	/* What was sent before he began says nothing. */
	if (!who->sound_nacks)
		who->sent_before += who->audio_out.packets;
	who->sound_nacks = true;
	/* From now on they can be answered. */
	if (who->sound == NULL) {
		(void)sound_history_new(&who->sound);
		return true;
	}
	first = sound_history_missed(who->sound, sequence);
	again = sound_history_asked(who->sound, sequence,
	    &who->repair.plan.repeats, who->rtt_us, now_us);
	if (again)
		send_again(who, again, now_us);
	return first;
}

/*
 * Packets so far of streams whose receiver says what is missing; without those
 * that wait, which may be thrown away.
 */
static uint32_t
packets_watched(const struct participant *who)
{
	return (who->sound_nacks ? who->audio_out.packets : 0) +
	    (who->agreed.video.nack ? who->video_out.packets -
	    downlink_waiting(who) : 0);
}

/*
 * What the line carries as far as sound need know, 0 when that is enough or not
 * known. A receiver's estimate means something where it is clearly less than
 * what came: one of more is only as high as what came, and that is less by what
 * was lost.
 */
static uint64_t
line_bps(struct participant *who, int64_t now_us)
{
	const struct subscription *watch = &who->watch;
	const struct send_line    *line = downlink_line(who);
	const uint32_t bytes = who->audio_out.bytes + who->video_out.bytes;
	const float    sent_bps = (float)(bytes - who->bytes_before) * 8;
	const float    through = 1 - sound_repair_loss(&who->repair);

	who->bytes_before = bytes;
	if (line)
		return (uint64_t)line->target_bps;
	if (watch->remb_bps > 0 && now_us - watch->remb_us < REMB_OLDEST_US &&
	    (float)watch->remb_bps < THIN_PART * through * sent_bps) {
		who->remb_line_bps = (uint64_t)((float)watch->remb_bps /
		    through);
		who->remb_line_us = now_us;
	}
	if (now_us - who->remb_line_us >= LINE_OLDEST_US)
		who->remb_line_bps = 0;
	return who->remb_line_bps;
}

void
sound_out_look(struct participant *who, int64_t now_us)
{
	struct sound_repair *repair = &who->repair;
	const uint32_t       sent = packets_watched(who);
	uint64_t             room_bps;

	sound_repair_missing(repair, sent - who->sent_before, who->missing,
	    who->missing_runs);
	who->sent_before = sent;
	who->missing = who->missing_runs = 0;
	room_bps = sound_repair_room_bps(repair, line_bps(who, now_us),
	    who->watch.wanted);
	if (!sound_repair_update(repair, room_bps, now_us))
		return;
	log_info(&who->log, "sound: loss %d %%, quality %d, repeats %u",
	    (int)(100 * sound_repair_loss(repair)), (int)repair->plan.quality,
	    repair->plan.repeats.count);
	pipeline_audio_quality(who->room->pipeline, who->slot,
	    repair->plan.quality);
}
