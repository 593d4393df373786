/*
 * What a room does while the processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/room_internal.h"

#define SHORT_US 60000000	/* until codecs cost more again */

void
room_load_init(struct room *room, int64_t now_us)
{
	load_ladder_init(&room->ladder, now_us);
	room->told.idle_percent = IPC_IDLE_UNKNOWN;
}

void
room_load_told(struct room *room, const struct ipc_load *load)
{
	room->told = *load;
}

void
room_load_heard(struct room *room, uint32_t participant)
{
	uint32_t moved = participant;

	/* To the front; the last one falls off, or is the one who moves. */
	for (unsigned i = 0; i < ROOM_MOVING_MAX; i++) {
		const uint32_t was = room->moving[i];

		room->moving[i] = moved;
		if (was == participant)
			return;
		moved = was;
	}
}

bool
room_load_is_still(const struct participant *who)
{
	const struct room *room = who->room;

	if (room->ladder.step < LOAD_STILL)
		return false;
	for (unsigned i = 0; i < ROOM_MOVING_MAX; i++)
		if (room->moving[i] == who->id)
			return false;
	return true;
}

/* What is wrong, the worst first. */
static const char *
room_load_reason(const struct load_look *look)
{
	if (load_look_is_late(look))
		return "sound is late";
	if (look->behind)
		return "pictures are behind";
	return look->high ? "rooms are above the limit" : "calm";
}

static void
room_load_go(struct room *room, enum load_step before,
    const struct load_look *look, int64_t now_us)
{
	static const char *const steps[LOAD_STEPS] = {
		"nothing is left out", "half of the frames",
		"no large pictures", "who is not heard stands still",
		"a quarter of the frames",
	};
	const enum load_step step = room->ladder.step;
	struct participant  *who;

	log_info(&room->log, "processors %s (%s): %s", step > before ?
	    "are short" : "have time again", room_load_reason(look),
	    steps[step]);
	pipeline_slow(room->pipeline, load_ladder_shift(&room->ladder));
	TAILQ_FOREACH(who, &room->participants, entry) {
		subscription_aim(who, now_us);
		if (step < LOAD_STILL && before >= LOAD_STILL)
			layers_want_key(who, now_us);
	}
}

void
room_load_look(struct room *room, const struct pipeline_stats *media,
    int64_t now_us)
{
	const enum load_step   before = room->ladder.step;
	const struct load_look look = {
		.late = media->audio_late_ticks + media->beats_skipped -
		    room->late_before,
		.behind = media->behind,
		.high = room->told.high,
		.idle_percent = room->told.idle_percent,
	};

	room->late_before = media->audio_late_ticks + media->beats_skipped;
	if (load_ladder_look(&room->ladder, &look, now_us))
		room_load_go(room, before, &look, now_us);
	if (room->ladder.step > LOAD_ALL)
		room->short_until_us = now_us + SHORT_US;
}
