/*
 * The room's figures for tesserad, once a second.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"
#include "util/clock.h"
#include "video/video_decoder.h"

#define RECENT_US 2000000	/* a stream that still comes */

_Static_assert(IPC_RUNGS == RENDITION_RUNGS, "every rung is told");

static void
stats_by_rung(const struct room *room, uint32_t encoding,
    struct ipc_stats *stats)
{
	const struct participant *who;

	for (unsigned i = 0; i < room->menu.count; i++)
		stats->rung_encoders[room->menu.made[i].codec][
		    room->menu.rungs[i]] += encoding >> i & 1;
	TAILQ_FOREACH(who, &room->participants, entry) {
		const struct subscription *watch = &who->watch;

		if (!watch->wanted || watch->rung >= IPC_RUNGS)
			continue;
		stats->rung_viewers[room->menu.made[watch->target].codec][
		    watch->rung]++;
	}
}

static void
stats_of_line(const struct participant *who, struct ipc_stats *stats)
{
	const struct send_line *line = downlink_line(who);

	if (line == NULL)
		return;
	stats->lines++;
	stats->lines_kbps += (uint32_t)(line->target_bps / 1000);
	stats->lines_loss_q8 += line->loss_q8;
	stats->lines_rtt_ms += (uint32_t)(line->rtt_us / 1000);
	stats->lines_queue_ms += (uint32_t)(line->queue_us / 1000);
	stats->lines_silent += downlink_stopped(who);
}

/* What is larger is not decoded, whatever it says of itself. */
static uint32_t
stats_pixels(const struct layer *layer)
{
	const uint32_t most = VIDEO_WIDTH_MAX * VIDEO_HEIGHT_MAX;

	return layer->pixels < most ? layer->pixels : most;
}

static void
stats_of_layers(const struct participant *who, int64_t now_us,
    struct ipc_stats *stats)
{
	for (unsigned i = 0; i < who->layer_count; i++) {
		const struct layer *layer = &who->layers[i];

		if (!layer->in.known || now_us - layer->heard_us > RECENT_US)
			continue;
		stats->video_streams++;
		stats->video_pixels += stats_pixels(layer);
		if (i != who->layer || !layers_are_decoded(who, now_us))
			continue;
		stats->video_streams_decoded++;
		stats->video_pixels_decoded += stats_pixels(layer);
	}
}

void
room_stats_send(struct room *room, const struct pipeline_stats *media)
{
	const struct media_socket_stats *net = media_socket_stats(
	    room->socket);
	const int64_t         now_us = clock_monotonic_us();
	struct participant   *who;
	struct ipc_stats      stats = { 0 };
	uint8_t               body[4096];
	size_t                len;

	stats.packets_bad = room->packets_bad + room->departed_bad +
	    transport_table_strays(room->table);
	TAILQ_FOREACH(who, &room->participants, entry) {
		stats.participants += who->connected;
		stats.watchers += who->connected &&
		    who->direction == IPC_JOIN_WATCH;
		stats.packets_bad += participant_bad(who);
		stats.still += layers_known(who) &&
		    room_load_is_still(who);
		stats_of_line(who, &stats);
		stats_of_layers(who, now_us, &stats);
	}
	stats.video_viewers = room->viewers;
	stats.video_encoders = media->video_encoders;
	stats.audio_encoders = media->audio_encoders;
	stats.video_decoders = media->video_decoders;
	stats.load_step = room->ladder.step;
	stats_by_rung(room, media->encoding, &stats);
	stats.packets_in = net->packets_in;
	stats.packets_out = net->packets_out;
	stats.bytes_in = net->bytes_in;
	stats.bytes_out = net->bytes_out;
	stats.packets_dropped = net->dropped + media->dropped +
	    room->packets_over;
	stats.frames_decoded = media->frames_decoded;
	stats.frames_encoded = media->frames_encoded;
	stats.keyframes_encoded = media->keyframes_encoded;
	stats.keyframes_asked = room->keyframes_asked;
	stats.nacks_in = room->nacks_in;
	stats.nacks_out = room->nacks_out;
	stats.resent = room->resent;
	stats.probes = room->probes;
	stats.audio_concealed = media->audio_concealed;
	stats.audio_late_ticks = media->audio_late_ticks;
	stats.cpu_net_us = (uint64_t)clock_thread_cpu_us();
	stats.cpu_audio_us = media->cpu_audio_us;
	stats.cpu_decode_us = media->cpu_decode_us;
	stats.cpu_compose_us = media->cpu_compose_us;
	stats.cpu_encode_us = media->cpu_encode_us;
	len = ipc_stats_write(body, sizeof(body), &stats);
	room_channel_send(room->channel, IPC_STATS, body, len);
}
