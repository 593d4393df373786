/*
 * The sound of a room: who is heard, the mix, and one stream for each person.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   packet ─► audio_receiver (jitter, decode, PLC, FEC) ─► level ─► heard?
 *        heard ─► audio_mix ─┬─ mix minus own ─► encoder of that leg
 *                            └─ whole mix ─► one shared encoder ─► all others
 *
 * A leg is a participant's place in the bridge, 0..AUDIO_LEGS_MAX-1. Legs that
 * negotiated RFC 6464 levels and are silent by them are not decoded; levels
 * are measured again after decoding. At most AUDIO_HEARD_MAX legs are heard.
 * Who starts to be heard gets a private encoder with that frame and goes back
 * to the shared one 1 s after he stopped. One call of audio_bridge_tick each
 * 20 ms makes one payload for every leg that listens (each third one, of 60
 * ms, in AUDIO_THIN and AUDIO_LEAST, which leave silence out); RTP time is the
 * tick count times 960, equal for all. A leg has a quality, and there is a
 * shared encode of each quality that is used. No threads, no clock inside.
 * Owner: audio thread.
 */
#ifndef AUDIO_AUDIO_BRIDGE_H
#define AUDIO_AUDIO_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_codec.h"
#include "audio/audio_quality.h"
#include "util/packet.h"

#define AUDIO_LEGS_MAX  256
#define AUDIO_HEARD_MAX 16

struct audio_leg_config {
	bool    sends;			/* we receive from it */
	bool    listens;		/* it gets the mix */
	uint8_t payload_type;		/* of Opus in its packets */
	uint8_t level_id;		/* RFC 6464 extension id; 0: none */
};

struct audio_bridge_stats {
	uint64_t decoded;		/* packets */
	uint64_t concealed;		/* 20 ms frames made up */
	uint64_t recovered;		/* of them by FEC */
	uint64_t dropped;		/* refused by jitter buffers */
	unsigned encoders;		/* in use in the last tick */
};

/* What a leg is to be sent. */
struct audio_payload {
	const uint8_t *bytes;		/* the same for all of a shared stream */
	size_t         len;
	unsigned       frames;		/* in it, of 20 ms: this and before */
	uint32_t       rtp_time;	/* of the first one's first sample */
	bool           talk_start;	/* after silence: sets the marker */
};

struct audio_bridge_out {
	/* For each listening leg and tick that ends a packet; borrowed. */
	void (*payload)(void *to, unsigned leg,
	    const struct audio_payload *payload);
	/* The speakers changed: legs, loudest first. */
	void (*speaking)(void *to, const unsigned *legs, unsigned count);
	void  *to;
};

struct audio_bridge;

int  audio_bridge_new(struct audio_bridge **out, uint32_t bps,
    uint32_t rtp_base, const struct audio_bridge_out *sink);
void audio_bridge_free(struct audio_bridge *b);

/* Returns 0, -EBUSY when the leg is in use, -ENOMEM. */
int  audio_bridge_add(struct audio_bridge *b, unsigned leg,
    const struct audio_leg_config *cfg);
void audio_bridge_remove(struct audio_bridge *b, unsigned leg);

/*
 * The leg hears in this quality from one of the next three ticks on: where a
 * packet of 60 ms begins. AUDIO_PLAIN until then.
 */
void audio_bridge_set_quality(struct audio_bridge *b, unsigned leg,
    enum audio_quality quality);

/* Takes a plain RTP packet of the leg; anything wrong is dropped, counted. */
void audio_bridge_push(struct audio_bridge *b, unsigned leg,
    struct packet *packet);

/* Of the leg's own sound, as in audio_receiver.h. */
void    audio_bridge_set_wait(struct audio_bridge *b, unsigned leg,
    int64_t wait_us);
int64_t audio_bridge_lag_us(const struct audio_bridge *b, unsigned leg,
    int64_t now_us);

void audio_bridge_tick(struct audio_bridge *b, int64_t now_us);

const struct audio_bridge_stats *audio_bridge_stats(
    const struct audio_bridge *b);

#endif
