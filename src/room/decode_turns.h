/*
 * The coded pictures that wait for one decode thread, a queue for each slot.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Slots that have something take turns, one picture each, so that one who
 * sends much waits for himself and not the others for him. Within a slot the
 * order is kept. Owner: the decode thread.
 */
#ifndef ROOM_DECODE_TURNS_H
#define ROOM_DECODE_TURNS_H

#include <sys/queue.h>

#include "room/pipeline_internal.h"

STAILQ_HEAD(decode_queue, decode_command);

struct decode_slot {
	STAILQ_ENTRY(decode_slot) turn;	/* among those that have something */
	struct decode_queue       queue;
};

struct decode_turns {
	STAILQ_HEAD(, decode_slot) turns;
	struct decode_slot         slots[PIPELINE_SLOTS];
};

void decode_turns_init(struct decode_turns *t);

/* Takes the command. */
void decode_turns_push(struct decode_turns *t, struct decode_command *command);

/* Whose turn it is, the caller's to free; NULL when nothing waits. */
struct decode_command *decode_turns_pull(struct decode_turns *t);

#endif
