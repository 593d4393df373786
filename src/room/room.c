/*
 * A room: its life, its timer, and the results of its pipeline.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "audio/audio_codec.h"
#include "net/rtp_crypt.h"
#include "room/room_internal.h"
#include "util/clock.h"
#include "util/encode.h"
#include "util/random.h"
#include "util/xalloc.h"
#include "video/scale.h"
#include "video/video_decoder.h"
#include "video/video_encoder.h"

#define PACKETS_MAX         8192	/* of 1600 bytes, made as needed */
#define LOG_PER_S           100	/* tesserad writes fewer */
#define ENCODER_LINGER_US   10000000	/* after the last viewer */
#define TRIM_AFTER_US       12000000	/* what lingers has gone, too */

/* ---- logging over the channel -------------------------------------------- */

static void
log_send(struct room *room, enum log_level level, const char *line)
{
	const struct ipc_log message = { level, line,
	    strnlen(line, IPC_LOG_MAX) };
	uint8_t              body[IPC_LOG_MAX + 64];

	room_channel_send(room->channel, IPC_LOG, body,
	    ipc_log_write(body, sizeof(body), &message));
}

/*
 * What people do may be worth a line each time, and they may do it as fast as
 * a program can; tesserad ends a room that says too much.
 */
static void
log_to_channel(void *to, enum log_level level, const char *line)
{
	struct room *room = to;
	unsigned     missed;
	char         words[64];

	if (!log_limit_pass(&room->log_limit, clock_monotonic_us(), LOG_PER_S,
	    &missed))
		return;
	if (missed) {
		snprintf(words, sizeof(words), "%u lines were held back",
		    missed);
		log_send(room, LOG_WARN, words);
	}
	log_send(room, level, line);
}

static struct log
room_log(struct room *room)
{
	return (struct log){
		.sink = { log_to_channel, room },
		.least = (enum log_level)room->cfg.log_level,
	};
}

/* ---- the timer ----------------------------------------------------------- */

void
room_arm(struct room *room, int64_t when_us)
{
	int64_t        wait_us;
	struct timeval tv;

	if (when_us >= room->armed_us)
		return;
	wait_us = when_us - clock_monotonic_us();
	if (wait_us < 0)
		wait_us = 0;
	room->armed_us = when_us;
	tv.tv_sec = wait_us / 1000000;
	tv.tv_usec = wait_us % 1000000;
	event_add(room->timer, &tv);
}

/*
 * Frees the encoders that nobody has watched for long. Returns when to come
 * again.
 */
static int64_t
room_close_encoders(struct room *room, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (unsigned i = 0; i < room->menu.count; i++) {
		struct room_rendition *r = &room->renditions[i];

		if (r->unwatched_us == INT64_MAX)
			continue;
		if (now_us - r->unwatched_us >= ENCODER_LINGER_US) {
			if (pipeline_close_encoder(room->pipeline, i)) {
				r->unwatched_us = INT64_MAX;
				send_history_forget(r->history);
				continue;
			}
			r->unwatched_us = now_us;
		}
		if (r->unwatched_us + ENCODER_LINGER_US < next_us)
			next_us = r->unwatched_us + ENCODER_LINGER_US;
	}
	return next_us;
}

/*
 * Those who come and go leave holes in the heap, and glibc gives back what is
 * free at its end only. Takes about a millisecond, seldom.
 */
static int64_t
room_trim(struct room *room, int64_t now_us)
{
	if (room->trim_us <= now_us) {
		room->trim_us = INT64_MAX;
		malloc_trim(0);
	}
	return room->trim_us;
}

static void
room_due(evutil_socket_t fd, short what, void *arg)
{
	struct room        *room = arg;
	struct participant *who, *next;
	const int64_t       now_us = clock_monotonic_us();
	int64_t             next_us = INT64_MAX;

	(void)fd;
	(void)what;
	room->armed_us = INT64_MAX;
	for (who = TAILQ_FIRST(&room->participants); who; who = next) {
		const int64_t due_us = participant_due(who, now_us);

		next = TAILQ_NEXT(who, entry);
		if (who->ended)
			participant_leave(who, who->ended);
		else if (due_us < next_us)
			next_us = due_us;
	}
	media_socket_flush(room->socket);
	room_arm(room, next_us);
	room_arm(room, room_close_encoders(room, now_us));
	room_arm(room, room_trim(room, now_us));
}

void
room_trim_later(struct room *room)
{
	if (room->trim_us != INT64_MAX)
		return;
	room->trim_us = clock_monotonic_us() + TRIM_AFTER_US;
	room_arm(room, room->trim_us);
}

/* ---- people and viewers -------------------------------------------------- */

struct participant *
room_find(const struct room *room, uint32_t id)
{
	struct participant *who;

	TAILQ_FOREACH(who, &room->participants, entry)
		if (who->id == id)
			return who;
	return NULL;
}

void
room_show_people(struct room *room)
{
	struct compositor_person people[LAYOUT_TILES_MAX];
	unsigned                 slots[LAYOUT_TILES_MAX];
	unsigned                 count = 0;
	struct participant      *who;

	TAILQ_FOREACH(who, &room->participants, entry) {
		struct compositor_person *person = &people[count];

		if (!participant_is_shown(who))
			continue;
		*person = (struct compositor_person){
			.id = who->id,
			.camera = who->camera && who->agreed.video.receive,
			.colour = compositor_colour(who->id),
		};
		compositor_initials(person->initials, who->name,
		    who->name_len);
		slots[count++] = who->slot;
		if (count == LAYOUT_TILES_MAX)
			break;
	}
	pipeline_people(room->pipeline, people, slots, count);
}

/* Who is tied to a rendition, or on the way to it. */
static unsigned
rendition_viewers(const struct room *room, unsigned i)
{
	const struct participant *who;
	unsigned                  count = 0;

	TAILQ_FOREACH(who, &room->participants, entry)
		count += who->watch.wanted && (who->watch.target == i ||
		    (who->watch.started && who->watch.rendition == i));
	return count;
}

/* The renditions of which somebody gets every other frame. */
static unsigned
room_layers(const struct room *room)
{
	const struct participant *who;
	unsigned                  layers = 0;

	TAILQ_FOREACH(who, &room->participants, entry) {
		const struct subscription *watch = &who->watch;

		if (watch->wanted && watch->target_base)
			layers |= 1U << watch->target;
		if (watch->wanted && watch->started && watch->base)
			layers |= 1U << watch->rendition;
	}
	return layers;
}

static void
room_watch(struct room *room, unsigned watched, int64_t now_us)
{
	if (watched == room->watched)
		return;
	pipeline_watched(room->pipeline, watched);
	for (unsigned i = 0; i < room->menu.count; i++) {
		if (watched & ~room->watched & 1U << i)
			room->renditions[i].unwatched_us = INT64_MAX;
		if (~watched & room->watched & 1U << i) {
			room->renditions[i].unwatched_us = now_us;
			room_arm(room, now_us + ENCODER_LINGER_US);
		}
	}
	room->watched = watched;
}

void
room_count_viewers(struct room *room, int64_t now_us)
{
	const unsigned      before = room->watched;
	unsigned            watched = 0;
	struct participant *who;

	room->viewers = 0;
	TAILQ_FOREACH(who, &room->participants, entry)
		room->viewers += who->watch.wanted;
	for (unsigned i = 0; i < room->menu.count; i++) {
		room->renditions[i].viewers = rendition_viewers(room, i);
		if (room->renditions[i].viewers > 0)
			watched |= 1U << i;
	}
	room_watch(room, watched, now_us);
	pipeline_layers(room->pipeline, room_layers(room));
	if (before != 0 || watched == 0)
		return;
	/* Nothing was decoded while nobody looked. */
	TAILQ_FOREACH(who, &room->participants, entry)
		layers_want_key(who, now_us);
}

/* ---- results of the pipeline --------------------------------------------- */

static void
on_audio(void *to, const struct audio_tick *tick)
{
	subscription_audio(to, tick, clock_monotonic_us());
}

static void
on_video(void *to, unsigned rendition, const struct coded_frame *frame)
{
	struct room *room = to;

	subscription_frame(room, rendition, frame, clock_monotonic_us());
	media_socket_flush(room->socket);
}

static void
on_video_gap(void *to, unsigned rendition)
{
	struct room        *room = to;
	struct participant *who;

	TAILQ_FOREACH(who, &room->participants, entry)
		if (who->watch.rendition == rendition)
			who->watch.started = false;
}

static void
on_need_key(void *to, unsigned slot)
{
	struct room *room = to;

	if (room->by_slot[slot] == NULL)
		return;
	room->by_slot[slot]->need_key = true;
	layers_want_key(room->by_slot[slot], clock_monotonic_us());
}

static void
on_paused(void *to, unsigned slot)
{
	struct room *room = to;

	if (room->by_slot[slot])
		layers_pause(room->by_slot[slot], clock_monotonic_us());
}

static void
on_speaking(void *to, const unsigned *slots, unsigned count)
{
	struct room        *room = to;
	struct ipc_speaking speaking = { 0 };
	uint8_t             body[512];

	for (unsigned i = 0; i < count && i < IPC_SPEAKERS_MAX; i++) {
		const struct participant *who = room->by_slot[slots[i]];

		if (who == NULL)
			continue;
		speaking.participants[speaking.count++] = who->id;
		room_load_heard(room, who->id);
	}
	room_channel_send(room->channel, IPC_SPEAKING, body,
	    ipc_speaking_write(body, sizeof(body), &speaking));
}

/* Who has a tile is decoded and may send what it needs. */
static void
room_see(struct room *room, const struct pipeline_tilemap *map)
{
	const int64_t       now_us = clock_monotonic_us();
	struct participant *who;

	TAILQ_FOREACH(who, &room->participants, entry) {
		const bool before = who->seen;

		who->seen = false;
		for (unsigned i = 0; i < map->count; i++) {
			const struct layout_rect *r = &map->tiles[i].rect;

			if (map->tiles[i].id != who->id)
				continue;
			who->seen = true;
			layers_tile(who, (uint32_t)(r->w * r->h), now_us);
		}
		/* On the way into a map that is not drawn yet. */
		if (!who->connected || (!who->seen && map->count <
		    LAYOUT_TILES_MAX))
			who->seen = true;
		if (who->seen && !before)
			layers_want_key(who, now_us);
	}
}

static void
on_tilemap(void *to, const struct pipeline_tilemap *map)
{
	struct room       *room = to;
	struct ipc_tilemap out = {
		.version = map->version,
		.rtp = map->rtp_time,
		.width = room->cfg.video_width,
		.height = room->cfg.video_height,
		.tile_count = (uint16_t)map->count,
	};
	uint8_t body[4096];

	room_see(room, map);
	for (unsigned i = 0; i < map->count; i++) {
		const struct layout_rect *r = &map->tiles[i].rect;

		out.tiles[i] = (struct ipc_tile){
			map->tiles[i].id, (uint16_t)r->x, (uint16_t)r->y,
			(uint16_t)r->w, (uint16_t)r->h,
		};
	}
	room_channel_send(room->channel, IPC_TILEMAP, body,
	    ipc_tilemap_write(body, sizeof(body), &out));
}

static void
room_drain(evutil_socket_t fd, short what, void *arg)
{
	struct room *room = arg;

	(void)fd;
	(void)what;
	pipeline_drain(room->pipeline);
}

static void
room_second(evutil_socket_t fd, short what, void *arg)
{
	struct room          *room = arg;
	const int64_t         now_us = clock_monotonic_us();
	struct pipeline_stats media;

	(void)fd;
	(void)what;
	pipeline_stats(room->pipeline, &media);
	room_load_look(room, &media, now_us);
	room_stats_send(room, &media);
	room_quality_send(room, now_us);
}

/* ---- the network --------------------------------------------------------- */

static void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct room *room = to;

	transport_table_datagram(room->table, packet, now_us);
	pipeline_drain_audio(room->pipeline);
}

/* A handshake computes for long: sound goes between two steps of it. */
static void
on_between(void *to)
{
	struct room *room = to;

	pipeline_drain_audio(room->pipeline);
}

static void
on_batch_end(void *to, int64_t now_us)
{
	struct room *room = to;

	(void)now_us;
	media_socket_flush(room->socket);
}

/* ---- the channel --------------------------------------------------------- */

static void
on_message(void *to, const struct ipc_message *message)
{
	room_command(to, message);
}

static void
on_closed(void *to)
{
	struct room *room = to;

	event_base_loopbreak(room->base);
}

/* ---- life ---------------------------------------------------------------- */

int
room_prepare(void)
{
	struct audio_decoder *decoder = NULL;
	struct audio_encoder *encoder = NULL;
	int                   err;

	err = rtp_crypt_prepare();
	if (err == 0)
		err = video_decoder_prepare();
	if (err == 0)
		err = video_encoder_prepare();
	if (err == 0)
		err = scaler_prepare();
	if (err == 0)
		err = audio_decoder_new(&decoder);
	if (err == 0)
		err = audio_encoder_new(&encoder, 32000, 5);
	audio_decoder_free(decoder);
	audio_encoder_free(encoder);
	return err;
}

static int
room_new_renditions(struct room *room)
{
	const struct rendition_canvas canvas = {
		.width = room->cfg.video_width,
		.height = room->cfg.video_height,
		.fps = room->cfg.video_fps,
		.bps = room->cfg.video_bps,
		.nal_max = ROOM_PAYLOAD_MAX,
	};
	int err = 0;

	rendition_menu_fill(&room->menu, &canvas);
	for (unsigned i = 0; i < room->menu.count && err == 0; i++) {
		struct room_rendition *r = &room->renditions[i];

		r->cfg = room->menu.made[i];
		r->unwatched_us = INT64_MAX;
		err = send_history_new(&r->history, ROOM_HISTORY);
	}
	return err;
}

static int
room_new_media(struct room *room, int fd4, int fd6)
{
	const struct media_socket_handler net = {
		on_datagram, on_batch_end, room,
	};
	const struct pipeline_handler handler = {
		on_audio, on_video, on_video_gap, on_need_key, on_paused,
		on_speaking, on_tilemap, room,
	};
	struct pipeline_config cfg = {
		.width = room->cfg.video_width,
		.height = room->cfg.video_height,
		.fps = room->cfg.video_fps,
		.audio_bps = room->cfg.audio_bps,
		.decode_threads = room->cfg.decode_threads,
		.audio_rtp_base = random_u32(),
		.video_rtp_base = random_u32(),
	};
	int err;

	err = packet_pool_new(&room->packets, PACKETS_MAX);
	if (err == 0)
		err = media_socket_new(&room->socket, room->base, fd4, fd6,
		    room->packets, &net);
	if (err == 0)
		err = transport_table_new(&room->table, room->socket,
		    room->packets);
	if (err == 0)
		transport_table_between(room->table, on_between, room);
	if (err == 0)
		err = dtls_identity_new(&room->identity);
	if (err == 0)
		err = room_new_renditions(room);
	for (unsigned i = 0; i < room->menu.count; i++)
		cfg.renditions[i] = room->renditions[i].cfg;
	cfg.rendition_count = room->menu.count;
	if (err == 0)
		err = pipeline_new(&room->pipeline, &cfg, &handler);
	return err;
}

static int
room_new_events(struct room *room)
{
	const struct timeval second = { 1, 0 };

	room->timer = evtimer_new(room->base, room_due, room);
	room->drain = event_new(room->base, pipeline_wake_fd(room->pipeline),
	    EV_READ | EV_PERSIST, room_drain, room);
	room->second = event_new(room->base, -1, EV_PERSIST, room_second,
	    room);
	if (!room->timer || !room->drain || !room->second)
		return -ENOMEM;
	event_priority_set(room->drain, 0);
	event_add(room->drain, NULL);
	event_add(room->second, &second);
	return 0;
}

int
room_new(struct room **out, struct event_base *base, int channel_fd,
    const struct ipc_config *cfg, int fd4, int fd6)
{
	struct room *room = xcalloc(1, sizeof(*room));
	const struct room_channel_handler handler = {
		on_message, on_closed, room,
	};
	uint8_t id[8];
	int     err;

	/* Two priorities: sound is delivered before datagrams are read. */
	if (event_base_priority_init(base, 2) != 0) {
		free(room);
		return -EINVAL;
	}
	room->base = base;
	room->cfg = *cfg;
	room->armed_us = room->trim_us = INT64_MAX;
	room_load_init(room, clock_monotonic_us());
	room->wall_offset_us = clock_realtime_us() - clock_monotonic_us();
	TAILQ_INIT(&room->participants);
	random_bytes(id, sizeof(id));
	hex_write(room->cname, id, sizeof(id));
	room->log = room_log(room);
	err = room_channel_new(&room->channel, base, channel_fd, &handler);
	if (err == 0)
		err = room_new_media(room, fd4, fd6);
	if (err == 0)
		err = room_new_events(room);
	if (err) {
		room_free(room);
		return err;
	}
	*out = room;
	return 0;
}

void
room_ready(struct room *room)
{
	struct ipc_ready ready;
	uint8_t          body[64];

	dtls_identity_fingerprint(room->identity, ready.fingerprint);
	room_channel_send(room->channel, IPC_READY, body,
	    ipc_ready_write(body, sizeof(body), &ready));
	room_channel_serve(room->channel);
}

void
room_free(struct room *room)
{
	struct participant *who;

	if (room == NULL)
		return;
	while ((who = TAILQ_FIRST(&room->participants)) != NULL)
		participant_leave(who, IPC_GONE_LEFT);
	if (room->socket)
		media_socket_flush(room->socket);
	pipeline_free(room->pipeline);
	if (room->timer)
		event_free(room->timer);
	if (room->drain)
		event_free(room->drain);
	if (room->second)
		event_free(room->second);
	transport_table_free(room->table);
	media_socket_free(room->socket);
	dtls_identity_free(room->identity);
	for (unsigned i = 0; i < room->menu.count; i++)
		send_history_free(room->renditions[i].history);
	packet_pool_free(room->packets);
	room_channel_free(room->channel);
	free(room);
}
