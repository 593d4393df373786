/*
 * The wiring of a room's media: queues, threads, and the net thread's side.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/eventfd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "room/pipeline_internal.h"
#include "rtp/stream_sync.h"
#include "util/clock.h"
#include "util/thread.h"
#include "util/xalloc.h"

/* A decode thread that is never without work for so long is behind. */
#define DECODE_BEHIND_US 1000000

static void
pipeline_command(struct queue *q, void *command)
{
	if (!queue_push(q, command))
		abort();
}

void
pipeline_tell(struct pipeline *p, struct pipeline_event *event)
{
	pipeline_command(p->events, event);
}

static int
pipeline_new_queues(struct pipeline *p)
{
	int err = 0;

	for (unsigned i = 0; i < PIPELINE_SLOTS && err == 0; i++)
		err = queue_new(&p->audio_in[i], AUDIO_PENDING_MAX, -1);
	if (err == 0)
		err = queue_new(&p->audio_commands, COMMANDS_MAX, -1);
	if (err == 0)
		err = queue_new(&p->audio_out, OUT_PENDING_MAX, p->wake_fd);
	if (err == 0)
		err = queue_new(&p->audio_spare, TICKS, -1);
	if (err == 0)
		err = queue_new(&p->compose_commands, 8, -1);
	for (unsigned i = 0; i < p->cfg.rendition_count && err == 0; i++)
		err = queue_new(&p->encoders[i].commands, 8, -1);
	if (err == 0)
		err = queue_new(&p->video_out, OUT_PENDING_MAX, p->wake_fd);
	if (err == 0)
		err = queue_new(&p->events, 2 * COMMANDS_MAX, p->wake_fd);
	for (unsigned i = 0; i < p->cfg.decode_threads && err == 0; i++)
		err = queue_new(&p->lanes[i].commands,
		    PIPELINE_SLOTS * (DECODE_PENDING_MAX + 2), -1);
	return err;
}

static int
pipeline_new_renditions(struct pipeline *p)
{
	int err = 0;

	for (unsigned i = 0; i < p->cfg.rendition_count && err == 0; i++) {
		struct encode_lane *lane = &p->encoders[i];

		lane->pipeline = p;
		lane->index = i;
		lane->cfg = p->cfg.renditions[i];
		err = video_pool_new(&lane->canvases, lane->cfg.width,
		    lane->cfg.height, CANVAS_FRAMES);
		if (err == 0 && (lane->cfg.width != p->cfg.width ||
		    lane->cfg.height != p->cfg.height))
			err = scaler_new(&lane->scaler);
	}
	return err;
}

static int
pipeline_new_parts(struct pipeline *p)
{
	const struct audio_bridge_out sink = {
		pipeline_audio_payload, pipeline_audio_speaking, p,
	};
	int err;

	p->ticks = xcalloc(TICKS, sizeof(*p->ticks));
	for (unsigned i = 0; i < TICKS; i++)
		(void)queue_push(p->audio_spare, &p->ticks[i]);
	err = audio_bridge_new(&p->bridge, p->cfg.audio_bps,
	    p->cfg.audio_rtp_base, &sink);
	if (err == 0)
		err = compositor_new(&p->compositor, p->cfg.width,
		    p->cfg.height);
	if (err == 0)
		err = pipeline_new_renditions(p);
	if (err == 0)
		err = ticker_init(&p->audio_ticker, AUDIO_FRAME_US);
	if (err == 0)
		err = ticker_init(&p->compose_ticker,
		    1000000 / p->cfg.fps);
	return err;
}

static int
pipeline_spawn(struct pipeline *p)
{
	static const char *const names[DECODE_LANES_MAX] = {
		"decode-0", "decode-1", "decode-2", "decode-3",
		"decode-4", "decode-5", "decode-6", "decode-7",
	};
	int err;

	err = thread_spawn(&p->audio_thread, "audio", THREAD_BEAT,
	    pipeline_audio_run, p);
	if (err)
		return err;
	p->audio_running = true;
	err = thread_spawn(&p->compose_thread, "compose", THREAD_LAST,
	    pipeline_compose_run, p);
	if (err)
		return err;
	p->compose_running = true;
	for (unsigned i = 0; i < p->cfg.rendition_count; i++) {
		struct encode_lane *lane = &p->encoders[i];

		(void)snprintf(lane->name, sizeof(lane->name), "encode-%u",
		    i % 100);
		err = thread_spawn(&lane->thread, lane->name, THREAD_LAST,
		    pipeline_encode_run, lane);
		if (err)
			return err;
		lane->running = true;
	}
	for (unsigned i = 0; i < p->cfg.decode_threads; i++) {
		p->lanes[i].pipeline = p;
		p->lanes[i].busy_us = INT64_MAX;
		err = thread_spawn(&p->lanes[i].thread, names[i], THREAD_LAST,
		    pipeline_decode_run, &p->lanes[i]);
		if (err)
			return err;
		p->lanes[i].running = true;
	}
	return 0;
}

int
pipeline_new(struct pipeline **out, const struct pipeline_config *cfg,
    const struct pipeline_handler *handler)
{
	struct pipeline *p;
	int              err;

	if (cfg->decode_threads < 1 || cfg->decode_threads > DECODE_LANES_MAX ||
	    cfg->fps < 1 || cfg->rendition_count < 1 ||
	    cfg->rendition_count > PIPELINE_RENDITIONS_MAX)
		return -EINVAL;
	p = xcalloc(1, sizeof(*p));
	p->cfg = *cfg;
	p->handler = *handler;
	p->start_us = clock_monotonic_us();
	for (unsigned i = 0; i < PIPELINE_SLOTS; i++)
		p->sound_lags_us[i] = STREAM_TIME_NONE;
	p->audio_ticker.fd = p->compose_ticker.fd = -1;
	p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = p->wake_fd < 0 ? -errno : 0;
	if (err == 0)
		err = pipeline_new_queues(p);
	if (err == 0)
		err = pipeline_new_parts(p);
	if (err == 0)
		err = pipeline_spawn(p);
	if (err) {
		pipeline_free(p);
		return err;
	}
	*out = p;
	return 0;
}

/* An order that goes before all that waits. */
static void
pipeline_number(struct queue *q, uintptr_t command)
{
	while (!queue_push(q, (void *)command))
		queue_pull(q);
}

static void
pipeline_join(struct pipeline *p)
{
	if (p->audio_running) {
		struct audio_command *quit = xcalloc(1, sizeof(*quit));

		quit->kind = AUDIO_QUIT;
		pipeline_command(p->audio_commands, quit);
		pthread_join(p->audio_thread, NULL);
	}
	for (unsigned i = 0; i < DECODE_LANES_MAX; i++) {
		struct decode_command *quit;

		if (!p->lanes[i].running)
			continue;
		quit = xcalloc(1, sizeof(*quit));
		quit->kind = DECODE_QUIT;
		pipeline_command(p->lanes[i].commands, quit);
		pthread_join(p->lanes[i].thread, NULL);
	}
	if (p->compose_running) {
		pipeline_number(p->compose_commands, COMPOSE_QUIT);
		pthread_join(p->compose_thread, NULL);
	}
	for (unsigned i = 0; i < PIPELINE_RENDITIONS_MAX; i++) {
		if (!p->encoders[i].running)
			continue;
		/* The compositor has ended: nothing else is pushed now. */
		pipeline_number(p->encoders[i].commands, ENCODE_QUIT);
		pthread_join(p->encoders[i].thread, NULL);
	}
}

/* Frees what is left in a queue of malloc'ed items, and the queue. */
static void
queue_free_items(struct queue *q)
{
	void *item;

	if (q == NULL)
		return;
	while ((item = queue_pull(q)) != NULL)
		free(item);
	queue_free(q);
}

static void
encode_lane_clear(struct encode_lane *lane)
{
	struct video_frame *frame = mailbox_take(&lane->canvas);

	video_frame_unref(&frame);
	queue_free(lane->commands);
	scaler_free(lane->scaler);
	video_pool_free(lane->canvases);
}

void
pipeline_free(struct pipeline *p)
{
	struct video_frame    *frame;
	struct video_out_item *item;

	if (p == NULL)
		return;
	pipeline_join(p);
	for (unsigned i = 0; i < PIPELINE_SLOTS; i++) {
		struct packet *packet;

		while (p->audio_in[i] &&
		    (packet = queue_pull(p->audio_in[i])) != NULL)
			packet_free(&packet);
		queue_free(p->audio_in[i]);
		frame = mailbox_take(&p->pictures[i]);
		video_frame_unref(&frame);
	}
	for (unsigned i = 0; i < DECODE_LANES_MAX; i++)
		queue_free_items(p->lanes[i].commands);
	for (unsigned i = 0; i < PIPELINE_RENDITIONS_MAX; i++)
		encode_lane_clear(&p->encoders[i]);
	while (p->video_out && (item = queue_pull(p->video_out)) != NULL) {
		free(item->frame);
		free(item);
	}
	queue_free_items(p->audio_commands);
	queue_free(p->audio_out);
	queue_free(p->audio_spare);
	free(p->ticks);
	queue_free(p->compose_commands);
	free(mailbox_take(&p->people));
	queue_free(p->video_out);
	queue_free_items(p->events);
	audio_bridge_free(p->bridge);
	compositor_free(p->compositor);
	ticker_clear(&p->audio_ticker);
	ticker_clear(&p->compose_ticker);
	if (p->wake_fd >= 0)
		close(p->wake_fd);
	free(p);
}

/* ---- results, to the net thread ------------------------------------------ */

int
pipeline_wake_fd(const struct pipeline *p)
{
	return p->wake_fd;
}

void
pipeline_drain_audio(struct pipeline *p)
{
	struct audio_tick *tick;

	while ((tick = queue_pull(p->audio_out)) != NULL) {
		p->handler.audio(p->handler.to, tick);
		(void)queue_push(p->audio_spare, tick);	/* it came from there */
	}
}

static void
pipeline_deliver(struct pipeline *p, const struct pipeline_event *event)
{
	const struct pipeline_handler *h = &p->handler;

	switch (event->kind) {
	case EVENT_NEED_KEY:
		h->need_key(h->to, event->slot);
		break;
	case EVENT_PAUSED:
		h->paused(h->to, event->slot);
		break;
	case EVENT_SPEAKING:
		h->speaking(h->to, event->slots, event->count);
		break;
	case EVENT_TILEMAP:
		h->tilemap(h->to, &event->map);
		break;
	case EVENT_GAP:
		h->video_gap(h->to, event->rendition);
		break;
	}
}

void
pipeline_drain(struct pipeline *p)
{
	struct pipeline_event *event;
	struct video_out_item *item;
	uint64_t               wakes;

	if (read(p->wake_fd, &wakes, sizeof(wakes)) < 0 && errno != EAGAIN)
		abort();
	pipeline_drain_audio(p);
	while ((event = queue_pull(p->events)) != NULL) {
		pipeline_deliver(p, event);
		free(event);
	}
	while ((item = queue_pull(p->video_out)) != NULL) {
		p->handler.video(p->handler.to, item->rendition, item->frame);
		free(item->frame);
		free(item);
	}
}

/* ---- orders, from the net thread ----------------------------------------- */

static struct decode_lane *
pipeline_lane(struct pipeline *p, unsigned slot)
{
	return &p->lanes[slot % p->cfg.decode_threads];
}

void
pipeline_add(struct pipeline *p, unsigned slot,
    const struct audio_leg_config *leg)
{
	struct audio_command *command = xcalloc(1, sizeof(*command));

	command->kind = AUDIO_ADD;
	command->slot = slot;
	command->leg = *leg;
	pipeline_command(p->audio_commands, command);
}

void
pipeline_audio_quality(struct pipeline *p, unsigned slot,
    enum audio_quality quality)
{
	struct audio_command *command = xcalloc(1, sizeof(*command));

	command->kind = AUDIO_HEARS;
	command->slot = slot;
	command->quality = quality;
	pipeline_command(p->audio_commands, command);
}

void
pipeline_remove(struct pipeline *p, unsigned slot)
{
	struct audio_command  *silence = xcalloc(1, sizeof(*silence));
	struct decode_command *close_it = xcalloc(1, sizeof(*close_it));

	silence->kind = AUDIO_REMOVE;
	silence->slot = slot;
	pipeline_command(p->audio_commands, silence);
	p->generations[slot]++;
	close_it->kind = DECODE_CLOSE;
	close_it->slot = slot;
	pipeline_command(pipeline_lane(p, slot)->commands, close_it);
}

void
pipeline_audio(struct pipeline *p, unsigned slot, struct packet *packet)
{
	struct packet *dropped = queue_push_drop_oldest(p->audio_in[slot],
	    packet);

	if (dropped)
		p->dropped++;
	packet_free(&dropped);
}

int64_t
pipeline_sound_lag_us(const struct pipeline *p, unsigned slot)
{
	return p->sound_lags_us[slot];
}

void
pipeline_sound_wait(struct pipeline *p, unsigned slot, int64_t wait_us)
{
	struct audio_command *command = xcalloc(1, sizeof(*command));

	command->kind = AUDIO_WAITS;
	command->slot = slot;
	command->wait_us = wait_us;
	pipeline_command(p->audio_commands, command);
}

bool
pipeline_video_room(const struct pipeline *p, unsigned slot)
{
	return p->decode_pending[slot] < DECODE_PENDING_MAX;
}

bool
pipeline_video(struct pipeline *p, unsigned slot, enum video_codec codec,
    const uint8_t *data, size_t len, bool key, int64_t arrival_us)
{
	struct decode_command *command;

	if (!pipeline_video_room(p, slot)) {
		p->dropped++;
		return false;
	}
	command = malloc(sizeof(*command) + len);
	if (command == NULL) {
		p->dropped++;
		return false;
	}
	command->kind = DECODE_FRAME;
	command->slot = slot;
	command->generation = p->generations[slot];
	command->codec = codec;
	command->key = key;
	command->arrival_us = arrival_us;
	command->len = len;
	memcpy(command->data, data, len);
	p->decode_pending[slot]++;
	pipeline_command(pipeline_lane(p, slot)->commands, command);
	return true;
}

/* A full queue has a wake-up in it already. */
static void
pipeline_compose_look(struct pipeline *p)
{
	(void)queue_push(p->compose_commands,
	    (void *)(uintptr_t)COMPOSE_LOOK);
}

void
pipeline_people(struct pipeline *p, struct compositor_person *people,
    const unsigned *slots, unsigned count)
{
	struct compose_people *now = xcalloc(1, sizeof(*now));

	if (count > LAYOUT_TILES_MAX)
		count = LAYOUT_TILES_MAX;
	for (unsigned i = 0; i < count; i++) {
		people[i].pictures = &p->pictures[slots[i]];
		people[i].generation = p->generations[slots[i]];
	}
	now->count = count;
	memcpy(now->people, people, count * sizeof(people[0]));
	free(mailbox_put(&p->people, now));
	pipeline_compose_look(p);
}

void
pipeline_watched(struct pipeline *p, unsigned renditions)
{
	p->watch_wanted = renditions;
	pipeline_compose_look(p);
}

bool
pipeline_close_encoder(struct pipeline *p, unsigned rendition)
{
	return queue_push(p->encoders[rendition].commands,
	    (void *)(uintptr_t)ENCODE_CLOSE);
}

void
pipeline_layers(struct pipeline *p, unsigned renditions)
{
	for (unsigned i = 0; i < p->cfg.rendition_count; i++)
		p->encoders[i].layers = renditions >> i & 1;
}

void
pipeline_slow(struct pipeline *p, unsigned shift)
{
	p->shift = shift;
}

void
pipeline_want_key(struct pipeline *p, unsigned rendition)
{
	p->encoders[rendition].want_key = true;
}

static bool
decoders_behind(const struct pipeline *p)
{
	const int64_t now_us = clock_monotonic_us();

	for (unsigned i = 0; i < p->cfg.decode_threads; i++)
		if (now_us - p->lanes[i].busy_us > DECODE_BEHIND_US)
			return true;
	return false;
}

void
pipeline_stats(const struct pipeline *p, struct pipeline_stats *out)
{
	*out = (struct pipeline_stats){
		.audio_concealed = p->audio_concealed,
		.audio_late_ticks = p->audio_late_ticks,
		.dropped = p->dropped,
		.frames_decoded = p->frames_decoded,
		.frames_encoded = p->frames_encoded,
		.keyframes_encoded = p->keyframes_encoded,
		.audio_encoders = p->audio_encoders,
		.video_encoders = p->video_encoders,
		.video_decoders = p->video_decoders,
		.encoding = p->encoding,
		.beats_skipped = p->beats_skipped,
		.behind = p->encoders_behind || decoders_behind(p),
		.cpu_audio_us = p->cpu_audio_us,
		.cpu_compose_us = p->cpu_compose_us,
	};
	for (unsigned i = 0; i < p->cfg.decode_threads; i++)
		out->cpu_decode_us += p->lanes[i].cpu_us;
	for (unsigned i = 0; i < p->cfg.rendition_count; i++)
		out->cpu_encode_us += p->encoders[i].cpu_us;
}
