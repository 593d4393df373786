/*
 * The sound of one person: packets in, 20 ms frames out.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   packet ─► jitter ─► level says silent? ── yes ─► silence, not decoded
 *                              │ no
 *                              ▼
 *            decode, FEC from the packet after, or made up (at most 120 ms,
 *            then fading) ─► a period shorter or longer, where the
 *            jitter buffer asks for it ─► cut into ticks of 20 ms
 *
 * Packets of 2.5 to 120 ms. Owner: audio thread.
 */
#ifndef AUDIO_AUDIO_RECEIVER_H
#define AUDIO_AUDIO_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/audio_frame.h"
#include "util/packet.h"

/* A packet is sound when its RFC 6464 level is louder than -50 dBov. */
#define AUDIO_RECEIVER_SILENT_DBOV 50

struct audio_receiver_config {
	uint8_t payload_type;	/* of Opus */
	uint8_t level_id;	/* RFC 6464 extension id; 0: none */
};

/* Counters that several receivers may share; owned by whoever made them. */
struct audio_receiver_stats {
	uint64_t decoded;		/* packets */
	uint64_t concealed_samples;	/* made up, by FEC too */
	uint64_t recovered_samples;	/* of them by FEC */
	uint64_t dropped;		/* packets refused */
	uint64_t skipped_samples;	/* left out to come nearer */
	uint64_t stretched_samples;	/* put in to fall back */
};

struct audio_receiver;

/* `stats` outlives the receiver. */
int  audio_receiver_new(struct audio_receiver **out,
    const struct audio_receiver_config *cfg,
    struct audio_receiver_stats *stats);
void audio_receiver_free(struct audio_receiver *r);

/*
 * Takes a plain RTP packet. Anything wrong is dropped and counted. Another
 * SSRC is followed once the one before has been silent for a moment.
 */
void audio_receiver_push(struct audio_receiver *r, struct packet *packet);

/* As jitter_set_wait, for whatever he sends. */
void audio_receiver_set_wait(struct audio_receiver *r, int64_t wait_us);

/*
 * When the sound that is pulled at now_us was captured, before now_us; as
 * stream_sync.h has it. STREAM_TIME_NONE when nothing of known capture was
 * played for a while.
 */
int64_t audio_receiver_lag_us(const struct audio_receiver *r,
    int64_t now_us);

/*
 * The next 20 ms, each sample within -1..1. Returns whether it is sound;
 * false is silence and leaves *out alone.
 */
bool audio_receiver_pull(struct audio_receiver *r, int64_t now_us,
    struct audio_frame *out);

#endif
