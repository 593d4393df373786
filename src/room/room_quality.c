/*
 * Each person's line, for tesserad and the pages, once a second.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"

static unsigned
greater(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Counters of a new stream begin at nothing again. */
static uint32_t
kbps(uint64_t *before, uint64_t bytes, int64_t span_us)
{
	const uint64_t more = bytes >= *before ? bytes - *before : bytes;

	*before = bytes;
	return span_us > 0 ? (uint32_t)(more * 8000 / (uint64_t)span_us) : 0;
}

static struct ipc_quality_line
line_of(struct participant *who, bool busy, int64_t now_us)
{
	const struct subscription *watch = &who->watch;
	const struct send_line    *known = downlink_line(who);
	const struct line_look     look = {
		.up_loss_q8 = who->up_loss_q8,
		.down_loss_q8 = known ? known->loss_q8 :
		    greater(watch->loss_q8, who->down_loss_q8),
		.rtt_us = who->rtt_us,
		.up_cut = who->uplink.plan != UPLINK_FREE,
		.cut = watch->wanted && watch->choice.rung >
		    watch->way.largest,
		.busy = busy && watch->wanted,
	};
	const int64_t           span_us = now_us - who->line_us;
	struct ipc_quality_line line = {
		.participant = who->id,
		.reason = (uint8_t)line_quality_look(&who->line, &look,
		    now_us),
		.up_loss = (uint8_t)look.up_loss_q8,
		.down_loss = (uint8_t)look.down_loss_q8,
		.rtt_ms = (uint16_t)(who->rtt_us / 1000),
		.up_kbps = kbps(&who->up_bytes, who->audio_in.stats.bytes +
		    layers_bytes(who), span_us),
		.down_kbps = kbps(&who->down_bytes, (uint64_t)
		    who->audio_out.bytes + who->video_out.bytes, span_us),
		.line_kbps = (uint32_t)((known ? (uint64_t)known->target_bps :
		    watch->remb_bps) / 1000),
		.wanted_kbps = layers_known(who) ||
		    who->uplink.plan != UPLINK_FREE ? (uint32_t)
		    (feedback_uplink_cap_bps(who) / 1000) : 0,
		.up_line_kbps = who->uplink.line_bps / 1000,
	};

	who->line_us = now_us;
	if (watch->started) {
		const struct video_encoder_config *cfg =
		    &who->room->renditions[watch->rendition].cfg;

		line.height = (uint16_t)cfg->height;
		line.fps = (uint8_t)(cfg->stills ? 0 :
		    watch->base ? cfg->fps / 2 : cfg->fps);
	}
	return line;
}

void
room_quality_send(struct room *room, int64_t now_us)
{
	struct participant *who;
	struct ipc_quality  quality = { 0 };
	uint8_t             body[9216];

	TAILQ_FOREACH(who, &room->participants, entry) {
		if (!who->connected || quality.count == IPC_LINES_MAX)
			continue;
		quality.lines[quality.count++] = line_of(who,
		    room->ladder.step > LOAD_ALL, now_us);
	}
	if (quality.count > 0)
		room_channel_send(room->channel, IPC_QUALITY, body,
		    ipc_quality_write(body, sizeof(body), &quality));
}
