/*
 * The whole media pipeline of a room, and the only file that knows it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *  net thread            audio thread (20 ms)
 *  pipeline_audio ─ queue a slot ─► audio_bridge ─► audio_tick ─ queue ─┐
 *                                       └─ speaking ─ event ───────────┤
 *                        decode threads                                 │
 *  pipeline_video ─ queue ─► video_decoder ─► mailbox of the slot       │
 *                                └─ need key, paused ─ event ──────────┤
 *                        compositor thread (fps), while watched         │
 *                            mailboxes ─► compositor ─► sizes watched   │
 *                                └─ tile map ─ event ──────────────────┤
 *                        one encode thread a rendition  │ mailbox each  │
 *                            rendition ◄────────────────┘               │
 *                                └─► coded_frame ─ queue ──────────────┤
 *  pipeline_drain ◄──────────────────────────── eventfd ◄──────────────┘
 *
 * A participant has a slot, 0..PIPELINE_SLOTS-1, chosen by the room. Queues:
 * audio packets of a slot drop the oldest (64); coded pictures of a slot are
 * refused above 8, and a key frame is needed; slots take turns in a decode
 * thread, each within its budget (decode_budget.h); pictures: newest wins, and
 * those of who had the slot before are thrown away; audio ticks and coded
 * frames to the net thread drop the oldest (16); commands and events never
 * drop (overflow ends the process). The audio thread goes before all others
 * where that is allowed (docs/OVERLOAD.md), and asks no allocator for what
 * each tick needs, so that it waits for no lock of a thread that goes after
 * it. All functions are called on the net thread.
 */
#ifndef ROOM_PIPELINE_H
#define ROOM_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio_bridge.h"
#include "util/packet.h"
#include "util/video_codec.h"
#include "video/compositor.h"
#include "video/rendition.h"

#define PIPELINE_SLOTS AUDIO_LEGS_MAX
#define PIPELINE_RENDITIONS_MAX 32	/* bits of a set */
#define AUDIO_PAYLOADS_MAX (AUDIO_HEARD_MAX + AUDIO_QUALITIES)

struct pipeline;

struct pipeline_config {
	int      width, height, fps;	/* of the canvas */
	/* None larger or faster than the canvas. */
	unsigned rendition_count;
	struct video_encoder_config renditions[PIPELINE_RENDITIONS_MAX];
	uint32_t audio_bps;
	unsigned decode_threads;
	uint32_t audio_rtp_base, video_rtp_base;
};

/* One tick of sound for all listeners; payloads are shared. */
struct audio_tick {
	unsigned payload_count;
	unsigned leg_count;
	struct {
		uint32_t rtp_time;	/* of its first sample … */
		int64_t  time_us;	/* … and when what is heard then
					 * was mixed */
		uint16_t len;
		uint8_t  bytes[AUDIO_PAYLOAD_MAX];
	} payloads[AUDIO_PAYLOADS_MAX];
	struct {
		uint16_t slot;
		uint8_t  payload;	/* index */
		bool     talk_start;
	} legs[AUDIO_LEGS_MAX];
};

struct pipeline_tilemap {
	uint32_t version;
	uint32_t rtp_time;		/* of the first frame that shows it */
	unsigned count;
	struct compositor_tile tiles[LAYOUT_TILES_MAX];
};

/* Who gets the results, on the net thread, from pipeline_drain. */
struct pipeline_handler {
	void (*audio)(void *to, const struct audio_tick *tick);
	void (*video)(void *to, unsigned rendition,
	    const struct coded_frame *frame);
	/* A frame was lost on the way: its viewers need a key frame. */
	void (*video_gap)(void *to, unsigned rendition);
	void (*need_key)(void *to, unsigned slot);
	/* Not decoded for DECODE_BUDGET_PAUSE_US: it cost too much. */
	void (*paused)(void *to, unsigned slot);
	void (*speaking)(void *to, const unsigned *slots, unsigned count);
	void (*tilemap)(void *to, const struct pipeline_tilemap *map);
	void  *to;
};

struct pipeline_stats {
	uint64_t audio_concealed;	/* 20 ms frames, without those that
					 * FEC gave back */
	uint64_t audio_late_ticks;
	uint64_t dropped;		/* packets and pictures, full queues */
	uint64_t frames_decoded;
	uint64_t frames_encoded, keyframes_encoded;
	uint32_t audio_encoders, video_encoders, video_decoders;
	uint32_t encoding;		/* renditions with an encoder, bits */
	uint64_t beats_skipped;		/* of the mosaic, by a late thread */
	bool     behind;		/* encoders or decoders, this second */
	uint64_t cpu_audio_us, cpu_decode_us, cpu_compose_us, cpu_encode_us;
};

/* Makes all threads; they wait. */
int  pipeline_new(struct pipeline **out, const struct pipeline_config *cfg,
    const struct pipeline_handler *handler);
/* Stops and joins the threads. */
void pipeline_free(struct pipeline *p);

/* Readable when pipeline_drain has something to do. */
int  pipeline_wake_fd(const struct pipeline *p);
void pipeline_drain(struct pipeline *p);

/*
 * Delivers the sound that is ready, and only that: called between pieces of
 * video work, so that sound never waits for a picture.
 */
void pipeline_drain_audio(struct pipeline *p);

void pipeline_add(struct pipeline *p, unsigned slot,
    const struct audio_leg_config *leg);
void pipeline_remove(struct pipeline *p, unsigned slot);

/* The quality in which the slot hears; AUDIO_PLAIN at first. */
void pipeline_audio_quality(struct pipeline *p, unsigned slot,
    enum audio_quality quality);

/* Takes a plain RTP packet of the slot's sound. */
void pipeline_audio(struct pipeline *p, unsigned slot, struct packet *packet);

/*
 * The lag of the slot's sound, as in rtp/stream_sync.h, by the captured_us of
 * its packets; STREAM_TIME_NONE when it is not known.
 */
int64_t pipeline_sound_lag_us(const struct pipeline *p, unsigned slot);

/* The slot's sound waits so much longer than its line alone asks for. */
void pipeline_sound_wait(struct pipeline *p, unsigned slot, int64_t wait_us);

/* Whether pipeline_video takes a frame of the slot now. */
bool pipeline_video_room(const struct pipeline *p, unsigned slot);

/*
 * Copies a complete coded frame for decoding. False when the slot is behind:
 * the frame is dropped, and a key frame is needed before the next.
 */
bool pipeline_video(struct pipeline *p, unsigned slot, enum video_codec codec,
    const uint8_t *data, size_t len, bool key, int64_t arrival_us);

/*
 * Who is in the mosaic; `pictures` and `generation` of each person are set
 * here, by slot.
 */
void pipeline_people(struct pipeline *p, struct compositor_person *people,
    const unsigned *slots, unsigned count);

/*
 * Which renditions are watched, a bit each: only those are made, and the
 * mosaic only while there is one.
 */
void pipeline_watched(struct pipeline *p, unsigned renditions);

/*
 * Frees a rendition's encoder; called 10 s after its last viewer left. False
 * while it is too far behind to be told: to be called again later.
 */
bool pipeline_close_encoder(struct pipeline *p, unsigned rendition);

/* Frames of all renditions are divided by 1 << shift; at least 1 a second. */
void pipeline_slow(struct pipeline *p, unsigned shift);

/* Which renditions have viewers of their base layer alone, a bit each. */
void pipeline_layers(struct pipeline *p, unsigned renditions);

void pipeline_want_key(struct pipeline *p, unsigned rendition);

/* Once a second. */
void pipeline_stats(const struct pipeline *p, struct pipeline_stats *out);

#endif
