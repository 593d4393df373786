/*
 * What a room leaves out while tesserad says that processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/load_ladder.h"
#include "stage.h"

/* Who moves while others stand still: one more has not been heard. */
#define STILL_S 4
#define PART_US 60000

/* Sends pictures, key frames when asked for one, until `condition`. */
#define SEND_UNTIL(c, condition) do {					\
	unsigned asked_ = (c)->plis;					\
									\
	for (int turns_ = 0; !(condition) && turns_ < 600; turns_++) {	\
		client_send_picture(c, (c)->plis != asked_, -1);	\
		asked_ = (c)->plis;					\
		stage_pass((c)->stage, PART_US);			\
	}								\
	assert_true(condition);						\
} while (0)

static void
who_is_not_heard_stands_still_until_he_talks(void **state)
{
	struct stage  *stage = *state;
	struct client *c = stage_join(stage, 0, IPC_JOIN_BOTH);
	struct client *listener = stage_join(stage, 1, IPC_JOIN_WATCH);
	uint64_t       before;
	unsigned       turns, keys, sound;

	client_send_picture(c, true, -1);
	SEND_UNTIL(c, stage->stats.frames_decoded > 5 &&
	    listener->pictures > 2);
	stage_load(stage, true);
	SEND_UNTIL(c, stage->stats.load_step >= LOAD_STILL);
	assert_int_equal(stage->stats.still, 1);

	/* Pictures go on coming, and one in four seconds is decoded. */
	before = stage->stats.frames_decoded;
	sound = listener->sound.packets;
	keys = c->plis;
	for (turns = 0; turns < 2 * STILL_S * 1000000 / PART_US; turns++) {
		client_send_picture(c, c->plis != keys, -1);
		keys = c->plis;
		stage_pass(stage, PART_US);
	}
	assert_in_range(stage->stats.frames_decoded - before, 1, turns / 5);
	/* Sound knows nothing of it. */
	assert_true(listener->sound.packets > sound);
	assert_int_equal(listener->sound.missing, 0);

	c->talks = true;
	SEND_UNTIL(c, stage->stats.still == 0);
	before = stage->stats.frames_decoded;
	SEND_UNTIL(c, stage->stats.frames_decoded > before + 10);
	assert_true(stage->stats.load_step >= LOAD_STILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    who_is_not_heard_stands_still_until_he_talks,
		    stage_set_up, stage_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
