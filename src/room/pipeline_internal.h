/*
 * Private to room/pipeline*.c: what the threads of a pipeline share.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ROOM_PIPELINE_INTERNAL_H
#define ROOM_PIPELINE_INTERNAL_H

#include <sys/queue.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "room/decode_budget.h"
#include "room/pipeline.h"
#include "room/ticker.h"
#include "util/mailbox.h"
#include "util/queue.h"
#include "video/scale.h"
#include "video/video_decoder.h"

#define DECODE_LANES_MAX    8
#define DECODE_PENDING_MAX  8	/* coded frames of one slot */
#define AUDIO_PENDING_MAX   64	/* packets of one slot */
#define OUT_PENDING_MAX     16	/* ticks or frames to the net thread */
#define TICKS               (OUT_PENDING_MAX + 2)	/* one at each end */
#define COMMANDS_MAX        1024
/* One drawn and a spare; read and waiting in each lane that shares it. */
#define CANVAS_FRAMES       8

/* What a thread tells the net thread beside media. Freed by the reader. */
struct pipeline_event {
	enum {
		EVENT_NEED_KEY, EVENT_PAUSED, EVENT_SPEAKING, EVENT_TILEMAP,
		EVENT_GAP,
	} kind;
	unsigned slot;			/* EVENT_NEED_KEY, EVENT_PAUSED */
	unsigned rendition;			/* EVENT_GAP */
	unsigned count;				/* EVENT_SPEAKING */
	unsigned slots[AUDIO_HEARD_MAX];
	struct pipeline_tilemap map;		/* EVENT_TILEMAP */
};

/* To the audio thread. Freed by the reader. */
struct audio_command {
	enum {
		AUDIO_ADD, AUDIO_REMOVE, AUDIO_HEARS, AUDIO_WAITS, AUDIO_QUIT,
	} kind;
	unsigned                slot;
	enum audio_quality      quality;	/* AUDIO_HEARS */
	int64_t                 wait_us;	/* AUDIO_WAITS */
	struct audio_leg_config leg;
};

/* To a decode thread. Freed by the reader. */
struct decode_command {
	STAILQ_ENTRY(decode_command) next;	/* while it waits its turn */
	enum { DECODE_FRAME, DECODE_CLOSE, DECODE_QUIT } kind;
	unsigned slot;
	uint32_t generation;			/* of the slot */
	enum video_codec codec;
	bool     key;
	int64_t  arrival_us;
	size_t   len;
	uint8_t  data[];
};

/*
 * To the compositor thread, as bare numbers. Who is shown and what is watched
 * is newest wins: people may change it more often than there are beats.
 */
enum compose_command { COMPOSE_LOOK = 1, COMPOSE_QUIT };

/* Freed by the reader. */
struct compose_people {
	unsigned count;
	struct compositor_person people[LAYOUT_TILES_MAX];
};

/* A coded frame on its way to the net thread. Freed by the reader. */
struct video_out_item {
	unsigned            rendition;
	struct coded_frame *frame;
};

/* To the encode thread, as bare numbers. */
enum encode_command { ENCODE_FRAME = 1, ENCODE_CLOSE, ENCODE_QUIT };

struct decode_lane {
	struct pipeline *pipeline;
	struct queue    *commands;
	pthread_t        thread;
	bool             running;
	_Atomic uint64_t cpu_us;
	_Atomic int64_t  busy_us;	/* never without work since; INT64_MAX:
					 * it rests */
	/* Its thread's. */
	struct video_decoder *decoders[PIPELINE_SLOTS];
	struct decode_budget  budgets[PIPELINE_SLOTS];
};

/* One rendition: what the compositor gives it, and its encode thread. */
struct encode_lane {
	struct pipeline  *pipeline;
	unsigned          index;
	struct video_encoder_config cfg;
	struct queue     *commands;		/* of enum encode_command */
	struct mailbox    canvas;
	_Atomic bool      want_key;
	_Atomic bool      layers;		/* wanted */
	pthread_t         thread;
	char              name[12];
	bool              running;
	_Atomic uint64_t  cpu_us;

	/* Compositor thread. */
	struct video_pool *canvases;
	struct scaler     *scaler;		/* NULL: of the canvas' size */
	unsigned           made, missed;	/* frames, this second */
	int                credit;		/* fps counted up per beat */
	int64_t            last_emit_us;
	bool               changed;		/* since then */

	/* Encode thread. */
	struct rendition  *rendition;
};

struct pipeline {
	struct pipeline_config  cfg;		/* const after pipeline_new */
	struct pipeline_handler handler;
	int64_t                 start_us;	/* zero of both RTP clocks */
	int                     wake_fd;

	/* Crossing between threads. */
	struct queue   *audio_in[PIPELINE_SLOTS];	/* of struct packet */
	struct queue   *audio_commands;
	struct queue   *audio_out;		/* of struct audio_tick … */
	struct queue   *audio_spare;		/* … and those on their way back */
	struct queue   *compose_commands;
	struct mailbox  people;			/* struct compose_people */
	_Atomic unsigned watch_wanted;		/* bits of renditions */
	struct queue   *video_out;		/* of struct video_out_item */
	struct queue   *events;
	struct mailbox  pictures[PIPELINE_SLOTS];
	_Atomic unsigned decode_pending[PIPELINE_SLOTS];
	_Atomic uint32_t generations[PIPELINE_SLOTS];	/* of who has it */
	_Atomic int64_t  sound_lags_us[PIPELINE_SLOTS];

	/* Audio thread. */
	pthread_t            audio_thread;
	bool                 audio_running;
	struct audio_bridge *bridge;
	struct ticker        audio_ticker;
	bool                 leg_on[PIPELINE_SLOTS];
	unsigned             leg_count;
	struct audio_tick   *ticks;		/* all of them */
	struct audio_tick   *tick;		/* being filled */
	int64_t              tick_due_us;	/* when it was due */
	const uint8_t       *tick_payloads[AUDIO_PAYLOADS_MAX];

	/* Decode threads. */
	struct decode_lane   lanes[DECODE_LANES_MAX];

	/* Compositor thread. */
	pthread_t            compose_thread;
	bool                 compose_running;
	struct compositor   *compositor;
	struct ticker        compose_ticker;
	unsigned             watched;		/* bits of renditions */
	uint32_t             map_version;	/* last one told */
	int64_t              looked_us;		/* at who is behind */

	/* Encode threads. */
	struct encode_lane   encoders[PIPELINE_RENDITIONS_MAX];

	/* Counted by any thread, read by the net thread. */
	_Atomic uint64_t dropped, frames_decoded;
	_Atomic uint64_t frames_encoded, keyframes_encoded;
	_Atomic uint32_t video_decoders, video_encoders;
	_Atomic uint32_t encoding;		/* bits of renditions */

	/* Written by one thread each, read by the net thread. */
	_Atomic unsigned shift;			/* by the net thread */
	_Atomic bool     encoders_behind;
	_Atomic uint64_t beats_skipped;
	_Atomic uint64_t audio_concealed, audio_late_ticks;
	_Atomic uint32_t audio_encoders;
	_Atomic uint64_t cpu_audio_us, cpu_compose_us;
};

/* Any thread. Never drops: an overflow is a bug of ours and ends the room. */
void pipeline_tell(struct pipeline *p, struct pipeline_event *event);

/* The bodies of the threads; arg is the pipeline or the lane. */
void *pipeline_audio_run(void *arg);
void *pipeline_decode_run(void *arg);
void *pipeline_compose_run(void *arg);
void *pipeline_encode_run(void *arg);

/* Sinks of the audio bridge. */
void pipeline_audio_payload(void *to, unsigned leg,
    const struct audio_payload *payload);
void pipeline_audio_speaking(void *to, const unsigned *legs, unsigned count);

#endif
