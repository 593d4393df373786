/*
 * The video threads of a pipeline: decoding, composing, encoding.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "room/decode_turns.h"
#include "room/pipeline_internal.h"
#include "util/clock.h"
#include "util/xalloc.h"

/* A canvas on which nothing changes is still sent five times a second. */
#define IDLE_EMIT_US 200000

/* An encoder that does not take more than this part of its frames is behind. */
#define LOOK_US     1000000
#define MISSED_PART 10

static void
tell_slot(struct pipeline *p, int kind, unsigned slot)
{
	struct pipeline_event *event = xcalloc(1, sizeof(*event));

	event->kind = kind;
	event->slot = slot;
	pipeline_tell(p, event);
}

/* ---- decode threads ------------------------------------------------------ */

static void
decode_close(struct decode_lane *lane, unsigned slot)
{
	struct video_frame *frame;

	if (lane->decoders[slot]) {
		video_decoder_free(lane->decoders[slot]);
		lane->decoders[slot] = NULL;
		lane->pipeline->video_decoders--;
	}
	frame = mailbox_take(&lane->pipeline->pictures[slot]);
	video_frame_unref(&frame);
}

/* What the picture cost; `frame` is NULL when none came out of it. */
static bool
decode_pay(struct decode_lane *lane, unsigned slot, int64_t cpu_us,
    const struct video_frame *frame)
{
	struct decode_budget *budget = &lane->budgets[slot];
	const int64_t         now_us = clock_monotonic_us();

	if (decode_budget_spend(budget, now_us, cpu_us) && (frame == NULL ||
	    decode_budget_size(budget, now_us, frame->width, frame->height)))
		return true;
	tell_slot(lane->pipeline, EVENT_PAUSED, slot);
	return false;
}

static void
decode_frame(struct decode_lane *lane, const struct decode_command *command)
{
	struct pipeline       *p = lane->pipeline;
	const unsigned         slot = command->slot;
	struct video_decoder **decoder = &lane->decoders[slot];
	struct video_frame    *frame = NULL;
	int64_t                cpu_us;
	int                    err;

	if (command->generation != p->generations[slot])
		return;		/* he has gone meanwhile */
	if (!decode_budget_admits(&lane->budgets[slot],
	    clock_monotonic_us())) {
		p->dropped++;
		return;
	}
	if (*decoder == NULL) {
		if (video_decoder_new(decoder) != 0) {
			p->dropped++;
			return;
		}
		p->video_decoders++;
	}
	cpu_us = clock_thread_cpu_us();
	err = video_decoder_decode(*decoder, command->codec, command->data,
	    command->len, command->key, &frame);
	cpu_us = clock_thread_cpu_us() - cpu_us;
	if (!decode_pay(lane, slot, cpu_us, err ? NULL : frame)) {
		/* Its buffers may be what was too much. */
		decode_close(lane, slot);
		if (err == 0)
			video_frame_unref(&frame);
		return;
	}
	if (err == -EAGAIN)
		return;
	if (err) {
		tell_slot(p, EVENT_NEED_KEY, slot);
		return;
	}
	frame->time_us = command->arrival_us;
	frame->generation = command->generation;
	p->frames_decoded++;
	frame = mailbox_put(&p->pictures[slot], frame);
	video_frame_unref(&frame);	/* an unread picture is simply late */
}

/* Takes what has come, waiting for it when nothing is to be done. */
static bool
decode_take(struct decode_lane *lane, struct decode_turns *turns, bool idle)
{
	struct decode_command *command;
	bool                   go_on;

	if (idle)
		lane->busy_us = INT64_MAX;
	command = idle ? queue_pull_wait(lane->commands) :
	    queue_pull(lane->commands);
	go_on = command != NULL || !idle;
	if (idle)
		lane->busy_us = clock_monotonic_us();
	while (command) {
		if (command->kind == DECODE_QUIT) {
			free(command);
			go_on = false;
		} else {
			decode_turns_push(turns, command);
		}
		command = queue_pull(lane->commands);
	}
	return go_on;
}

static void
decode_obey(struct decode_lane *lane, const struct decode_command *command)
{
	if (command->kind == DECODE_FRAME) {
		decode_frame(lane, command);
		lane->pipeline->decode_pending[command->slot]--;
	} else {
		decode_close(lane, command->slot);
		decode_budget_init(&lane->budgets[command->slot]);
	}
}

void *
pipeline_decode_run(void *arg)
{
	struct decode_lane    *lane = arg;
	struct decode_turns    turns;
	struct decode_command *command = NULL;

	decode_turns_init(&turns);
	while (decode_take(lane, &turns, command == NULL)) {
		command = decode_turns_pull(&turns);
		if (command == NULL)
			continue;
		decode_obey(lane, command);
		free(command);
		lane->cpu_us = (uint64_t)clock_thread_cpu_us();
	}
	while ((command = decode_turns_pull(&turns)) != NULL)
		free(command);
	for (unsigned slot = 0; slot < PIPELINE_SLOTS; slot++)
		if (lane->decoders[slot])
			decode_close(lane, slot);
	return NULL;
}

/* ---- compositor thread --------------------------------------------------- */

static void
compose_begin(struct pipeline *p)
{
	ticker_restart(&p->compose_ticker);
	for (unsigned i = 0; i < p->cfg.rendition_count; i++)
		p->encoders[i].made = p->encoders[i].missed = 0;
	p->looked_us = p->compose_ticker.due_us;
}

static bool
compose_obey(struct pipeline *p, uintptr_t command)
{
	struct compose_people *now = mailbox_take(&p->people);
	const unsigned         watched = p->watch_wanted;

	if (now)
		compositor_set_people(p->compositor, now->people, now->count);
	free(now);
	if (watched && !p->watched)
		compose_begin(p);
	/* A new rendition begins with what there is. */
	for (unsigned i = 0; i < p->cfg.rendition_count; i++)
		if (watched & ~p->watched & 1U << i)
			p->encoders[i].changed = true;
	p->watched = watched;
	if (!watched)
		p->encoders_behind = false;
	return command != COMPOSE_QUIT;
}

static uint32_t
video_rtp_time(const struct pipeline *p, int64_t time_us)
{
	return p->cfg.video_rtp_base +
	    (uint32_t)((time_us - p->start_us) * 9 / 100);
}

static void
compose_tell_map(struct pipeline *p, uint32_t rtp_time)
{
	struct pipeline_event *event;
	uint32_t               version;
	struct compositor_tile tiles[LAYOUT_TILES_MAX];
	const unsigned         count = compositor_tiles(p->compositor, tiles,
	    &version);

	if (version == p->map_version)
		return;
	p->map_version = version;
	event = xcalloc(1, sizeof(*event));
	event->kind = EVENT_TILEMAP;
	event->map.version = version;
	event->map.rtp_time = rtp_time;
	event->map.count = count;
	memcpy(event->map.tiles, tiles, count * sizeof(tiles[0]));
	pipeline_tell(p, event);
}

/* The canvas at the size of a rendition; NULL when its encoder is behind. */
static struct video_frame *
compose_copy(struct pipeline *p, struct encode_lane *lane)
{
	const struct layout_rect whole = { 0, 0, lane->cfg.width,
	    lane->cfg.height };
	struct video_frame *frame;

	if (lane->scaler == NULL)
		return compositor_snapshot(p->compositor, lane->canvases);
	frame = video_pool_get(lane->canvases);
	if (frame && scaler_draw(lane->scaler, compositor_canvas(
	    p->compositor), frame, &whole) != 0)
		video_frame_unref(&frame);
	return frame;
}

static int
lane_fps(const struct pipeline *p, const struct encode_lane *lane)
{
	const int fps = lane->cfg.fps >> p->shift;

	return fps > 1 ? fps : 1;
}

/* Whether this rendition shows this beat, by its own frame rate. */
static bool
compose_is_due(const struct pipeline *p, struct encode_lane *lane,
    int64_t due_us)
{
	if (lane->cfg.stills)
		return due_us - lane->last_emit_us >= (lane->want_key ?
		    RENDITION_KEY_INTERVAL_US : STILL_INTERVAL_US);
	lane->credit += lane_fps(p, lane);
	if (lane->credit < p->cfg.fps)
		return false;
	lane->credit -= p->cfg.fps;
	return lane->changed || lane->want_key ||
	    due_us - lane->last_emit_us >= IDLE_EMIT_US;
}

/* What was made in this beat, by lane. */
struct made {
	struct video_frame *frames[PIPELINE_RENDITIONS_MAX];
};

/* Renditions of one size in several codecs are made of one picture. */
static struct video_frame *
compose_share(struct pipeline *p, const struct encode_lane *lane,
    const struct made *made)
{
	for (unsigned i = 0; i < p->cfg.rendition_count; i++) {
		struct video_frame *frame = made->frames[i];

		if (frame && frame->width == lane->cfg.width &&
		    frame->height == lane->cfg.height)
			return video_frame_ref(frame);
	}
	return NULL;
}

static void
compose_emit(struct pipeline *p, struct encode_lane *lane, struct made *made,
    int64_t due_us)
{
	struct video_frame *frame = compose_share(p, lane, made);

	if (frame == NULL) {
		frame = compose_copy(p, lane);
		if (frame == NULL) {
			/* Its encoder is behind: its next beat shows it. */
			p->dropped++;
			lane->made++;
			lane->missed++;
			return;
		}
		frame->time_us = due_us;
		frame->rtp_time = video_rtp_time(p, due_us);
		made->frames[lane->index] = video_frame_ref(frame);
	}
	compose_tell_map(p, frame->rtp_time);
	lane->last_emit_us = due_us;
	lane->changed = false;
	frame = mailbox_put(&lane->canvas, frame);
	lane->made++;
	lane->missed += frame != NULL;
	video_frame_unref(&frame);
	/* A full queue has a wake-up in it already. */
	queue_push(lane->commands, (void *)(uintptr_t)ENCODE_FRAME);
}

/* Once a second: whether encoders take what they are given. */
static void
compose_look(struct pipeline *p, int64_t now_us)
{
	bool behind = false;

	p->beats_skipped = p->compose_ticker.skipped;
	if (now_us - p->looked_us < LOOK_US)
		return;
	p->looked_us = now_us;
	for (unsigned i = 0; i < p->cfg.rendition_count; i++) {
		struct encode_lane *lane = &p->encoders[i];

		behind |= (p->watched & 1U << i) &&
		    lane->missed * MISSED_PART > lane->made;
		lane->made = lane->missed = 0;
	}
	p->encoders_behind = behind;
}

static void
compose_beat(struct pipeline *p, int64_t due_us)
{
	const bool  changed = compositor_tick(p->compositor, due_us);
	struct made made = { .frames = { NULL } };

	compose_look(p, due_us);
	for (unsigned i = 0; i < p->cfg.rendition_count; i++) {
		struct encode_lane *lane = &p->encoders[i];

		if (changed)
			lane->changed = true;
		if ((p->watched & 1U << i) && compose_is_due(p, lane, due_us))
			compose_emit(p, lane, &made, due_us);
	}
	for (unsigned i = 0; i < p->cfg.rendition_count; i++)
		video_frame_unref(&made.frames[i]);
}

void *
pipeline_compose_run(void *arg)
{
	struct pipeline *p = arg;
	uintptr_t        command;

	for (;;) {
		if (!p->watched) {
			if (!compose_obey(p, (uintptr_t)queue_pull_wait(
			    p->compose_commands)))
				return NULL;
			continue;
		}
		const int64_t due_us = ticker_wait(&p->compose_ticker);

		while ((command = (uintptr_t)queue_pull(
		    p->compose_commands)) != 0)
			if (!compose_obey(p, command))
				return NULL;
		if (p->watched)
			compose_beat(p, due_us);
		p->cpu_compose_us = (uint64_t)clock_thread_cpu_us();
	}
}

/* ---- encode threads ------------------------------------------------------ */

static int
encode_open(struct encode_lane *lane)
{
	int err;

	if (lane->rendition)
		return 0;
	err = rendition_new(&lane->rendition, &lane->cfg);
	if (err == 0) {
		lane->pipeline->video_encoders++;
		lane->pipeline->encoding |= 1U << lane->index;
	}
	return err;
}

static void
encode_close(struct encode_lane *lane)
{
	if (lane->rendition) {
		lane->pipeline->video_encoders--;
		lane->pipeline->encoding &= ~(1U << lane->index);
	}
	rendition_free(lane->rendition);
	lane->rendition = NULL;
}

static void
encode_give(struct encode_lane *lane, struct coded_frame *frame)
{
	struct pipeline       *p = lane->pipeline;
	struct video_out_item *item = xcalloc(1, sizeof(*item)), *dropped;
	struct pipeline_event *event;

	p->frames_encoded++;
	p->keyframes_encoded += frame->key;
	item->rendition = lane->index;
	item->frame = frame;
	dropped = queue_push_drop_oldest(p->video_out, item);
	if (dropped == NULL)
		return;
	p->dropped++;
	p->encoders[dropped->rendition].want_key = true;
	event = xcalloc(1, sizeof(*event));
	event->kind = EVENT_GAP;
	event->rendition = dropped->rendition;
	pipeline_tell(p, event);
	free(dropped->frame);
	free(dropped);
}

static void
encode_newest(struct encode_lane *lane)
{
	struct video_frame *frame = mailbox_take(&lane->canvas);
	struct coded_frame *coded = NULL;

	if (frame == NULL)
		return;		/* taken with an earlier wake-up */
	if (encode_open(lane) != 0) {
		lane->pipeline->dropped++;
	} else {
		if (atomic_exchange(&lane->want_key, false))
			rendition_want_key(lane->rendition);
		(void)rendition_set_layers(lane->rendition, lane->layers);
		if (rendition_encode(lane->rendition, frame,
		    clock_monotonic_us(), &coded) != 0)
			lane->pipeline->dropped++;
	}
	video_frame_unref(&frame);
	if (coded)
		encode_give(lane, coded);
}

void *
pipeline_encode_run(void *arg)
{
	struct encode_lane *lane = arg;

	for (;;) {
		const uintptr_t command =
		    (uintptr_t)queue_pull_wait(lane->commands);

		if (command == ENCODE_FRAME)
			encode_newest(lane);
		else if (command == ENCODE_CLOSE)
			encode_close(lane);
		else
			break;
		lane->cpu_us = (uint64_t)clock_thread_cpu_us();
	}
	encode_close(lane);
	return NULL;
}
