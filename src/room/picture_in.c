/*
 * Pictures of a participant on their way to the decoder, with their sound.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * They wait coded, which takes a fiftieth of the memory of decoded ones, and
 * still come out of the decoder in time for the mosaic's next beat.
 */
#include <stdlib.h>
#include <string.h>

#include "room/room_internal.h"

#define HELD_MAX       32		/* 400 ms at 60 frames are 24 */
#define HELD_BYTES_MAX (512 * 1024)
#define GRID_US        5000		/* all are given at such times */

void
picture_in_init(struct participant *who, int64_t now_us)
{
	stream_sync_init(&who->pictures.sync, now_us);
	STAILQ_INIT(&who->pictures.held);
}

static void
drop_first(struct picture_in *in)
{
	struct held_picture *first = STAILQ_FIRST(&in->held);

	STAILQ_REMOVE_HEAD(&in->held, next);
	in->count--;
	in->bytes -= first->len;
	free(first);
}

void
picture_in_clear(struct participant *who)
{
	while (!STAILQ_EMPTY(&who->pictures.held))
		drop_first(&who->pictures);
}

static int64_t
sound_lag_us(const struct participant *who)
{
	return pipeline_sound_lag_us(who->room->pipeline, who->slot);
}

/* Without it what follows cannot be decoded, up to a key frame. */
static void
give_first(struct participant *who, int64_t now_us)
{
	struct picture_in         *in = &who->pictures;
	const struct held_picture *first = STAILQ_FIRST(&in->held);
	const bool                 given =
	    layers_are_decoded(who, now_us) &&
	    pipeline_video(who->room->pipeline, who->slot, first->codec,
	    first->data, first->len, first->key, first->ready_us);

	drop_first(in);
	if (given)
		return;
	while (!STAILQ_EMPTY(&in->held) && !STAILQ_FIRST(&in->held)->key)
		drop_first(in);
	if (STAILQ_EMPTY(&in->held))
		who->need_key = true;
}

int64_t
picture_in_due(struct participant *who, int64_t now_us)
{
	const struct held_picture *first;
	int64_t                    due_us;

	while ((first = STAILQ_FIRST(&who->pictures.held)) != NULL) {
		due_us = stream_sync_show_us(first->captured_us,
		    first->ready_us, sound_lag_us(who));
		due_us -= due_us % GRID_US;
		if (due_us > now_us)
			return due_us;
		/* Many may be due at once, when the sound gets nearer. */
		if (!pipeline_video_room(who->room->pipeline, who->slot))
			return now_us + GRID_US;
		give_first(who, now_us);
	}
	return INT64_MAX;
}

static void
hold(struct participant *who, const struct rtp_frame *frame,
    int64_t captured_us, int64_t now_us)
{
	struct picture_in   *in = &who->pictures;
	struct held_picture *held = malloc(sizeof(*held) + frame->len);

	if (held == NULL) {
		who->need_key = true;
		return;
	}
	held->codec = frame->codec;
	held->key = frame->key;
	held->captured_us = captured_us;
	held->ready_us = now_us;
	held->len = frame->len;
	memcpy(held->data, frame->data, frame->len);
	STAILQ_INSERT_TAIL(&in->held, held, next);
	in->count++;
	in->bytes += held->len;
	who->need_key = false;
	while (in->count > HELD_MAX || in->bytes > HELD_BYTES_MAX)
		give_first(who, now_us);
}

void
picture_in_take(struct participant *who, const struct rtp_frame *frame,
    int64_t captured_us, int64_t now_us)
{
	struct picture_in *in = &who->pictures;
	const int64_t      lag_us = sound_lag_us(who);

	stream_sync_picture(&in->sync, captured_us, now_us, lag_us);
	if (STAILQ_EMPTY(&in->held) &&
	    stream_sync_show_us(captured_us, now_us, lag_us) <= now_us) {
		who->need_key = !pipeline_video(who->room->pipeline,
		    who->slot, frame->codec, frame->data, frame->len,
		    frame->key, now_us);
		return;
	}
	hold(who, frame, captured_us, now_us);
	room_arm(who->room, picture_in_due(who, now_us));
}

void
picture_in_look(struct participant *who, int64_t now_us)
{
	struct stream_sync *sync = &who->pictures.sync;

	if (!stream_sync_look(sync, now_us) || who->presence == IPC_AWAY)
		return;
	log_debug(&who->log, "sound waits %d ms for pictures",
	    (int)(sync->wait_us / 1000));
	pipeline_sound_wait(who->room->pipeline, who->slot, sync->wait_us);
}
