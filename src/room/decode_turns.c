/*
 * The coded pictures that wait for one decode thread, a queue for each slot.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/decode_turns.h"

void
decode_turns_init(struct decode_turns *t)
{
	STAILQ_INIT(&t->turns);
	for (unsigned i = 0; i < PIPELINE_SLOTS; i++)
		STAILQ_INIT(&t->slots[i].queue);
}

void
decode_turns_push(struct decode_turns *t, struct decode_command *command)
{
	struct decode_slot *slot = &t->slots[command->slot];

	if (STAILQ_EMPTY(&slot->queue))
		STAILQ_INSERT_TAIL(&t->turns, slot, turn);
	STAILQ_INSERT_TAIL(&slot->queue, command, next);
}

struct decode_command *
decode_turns_pull(struct decode_turns *t)
{
	struct decode_slot    *slot = STAILQ_FIRST(&t->turns);
	struct decode_command *command;

	if (slot == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&t->turns, turn);
	command = STAILQ_FIRST(&slot->queue);
	STAILQ_REMOVE_HEAD(&slot->queue, next);
	if (!STAILQ_EMPTY(&slot->queue))
		STAILQ_INSERT_TAIL(&t->turns, slot, turn);
	return command;
}
