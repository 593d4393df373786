/*
 * Who is heard, and who speaks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audio/active_speaker.h"

#define LEGS  64
#define HEARD 4

/* `ticks` with leg i at levels[i] (-dBov); returns changes of the list. */
static unsigned
run(struct active_speaker *s, unsigned ticks, const float *levels,
    unsigned count)
{
	unsigned changes = 0;

	for (unsigned t = 0; t < ticks; t++) {
		for (unsigned i = 0; i < count; i++)
			active_speaker_level(s, i, levels[i]);
		changes += active_speaker_tick(s);
	}
	return changes;
}

static void
one_is_heard_at_once_and_for_a_second_after(void **state)
{
	const float            loud[] = { 30 }, quiet[] = { 90 };
	struct active_speaker *s;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	run(s, 10, quiet, 1);
	assert_false(active_speaker_heard(s, 0));
	run(s, 1, loud, 1);
	assert_true(active_speaker_heard(s, 0));
	run(s, 49, quiet, 1);
	assert_true(active_speaker_heard(s, 0));
	run(s, 1, NULL, 0);		/* no level at all is silence too */
	assert_false(active_speaker_heard(s, 0));
	active_speaker_free(s);
}

static void
the_loudest_comes_first(void **state)
{
	const float            levels[] = { 40, 25, 33, 127 };
	struct active_speaker *s;
	const unsigned        *list;
	unsigned               count;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	run(s, 100, levels, 4);
	list = active_speaker_list(s, &count);
	assert_int_equal(count, 3);
	assert_int_equal(list[0], 1);
	assert_int_equal(list[1], 2);
	assert_int_equal(list[2], 0);
	active_speaker_free(s);
}

static void
a_click_is_no_speaker(void **state)
{
	const float            click[] = { 20 }, quiet[] = { 80 };
	struct active_speaker *s;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run(s, 1, click, 1), 0);
		assert_int_equal(run(s, 49, quiet, 1), 0);
	}
	active_speaker_free(s);
}

static void
pauses_between_words_do_not_flicker(void **state)
{
	const float            word[] = { 30 }, pause[] = { 70 };
	struct active_speaker *s;
	unsigned               changes = 0, count;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	for (int i = 0; i < 40; i++) {
		changes += run(s, 15, word, 1);
		changes += run(s, 10, pause, 1);
	}
	assert_int_equal(changes, 1);
	assert_int_equal(run(s, 100, pause, 1), 1);
	(void)active_speaker_list(s, &count);
	assert_int_equal(count, 0);
	active_speaker_free(s);
}

static void
two_as_loud_as_each_other_do_not_change_places(void **state)
{
	struct active_speaker *s;
	unsigned               changes = 0;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	for (int i = 0; i < 50; i++) {
		const float levels[] = { i % 2 ? 30 : 32, i % 2 ? 32 : 30 };

		changes += run(s, 20, levels, 2);
	}
	assert_in_range(changes, 1, 2);
	active_speaker_free(s);
}

static void
one_much_louder_takes_the_place_of_the_quietest(void **state)
{
	const float            levels[] = { 50, 30, 31, 32, 127 };
	const float            five[] = { 50, 30, 31, 32, 20 };
	const float            alike[] = { 50, 30, 31, 32, 20, 31 };
	struct active_speaker *s;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	run(s, 50, levels, 5);
	assert_true(active_speaker_heard(s, 0));
	run(s, 1, five, 5);
	assert_true(active_speaker_heard(s, 4));
	assert_false(active_speaker_heard(s, 0));
	run(s, 50, alike, 6);
	assert_false(active_speaker_heard(s, 5));
	active_speaker_free(s);
}

static void
one_who_leaves_is_forgotten(void **state)
{
	const float            levels[] = { 20, 30 };
	struct active_speaker *s;
	const unsigned        *list;
	unsigned               count;

	(void)state;
	assert_int_equal(active_speaker_new(&s, LEGS, HEARD), 0);
	run(s, 50, levels, 2);
	active_speaker_remove(s, 0);
	assert_false(active_speaker_heard(s, 0));
	assert_int_equal(run(s, 1, NULL, 0), 1);
	list = active_speaker_list(s, &count);
	assert_int_equal(count, 1);
	assert_int_equal(list[0], 1);
	active_speaker_remove(s, 63);
	active_speaker_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_heard_at_once_and_for_a_second_after),
		cmocka_unit_test(the_loudest_comes_first),
		cmocka_unit_test(a_click_is_no_speaker),
		cmocka_unit_test(pauses_between_words_do_not_flicker),
		cmocka_unit_test(
		    two_as_loud_as_each_other_do_not_change_places),
		cmocka_unit_test(
		    one_much_louder_takes_the_place_of_the_quietest),
		cmocka_unit_test(one_who_leaves_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
