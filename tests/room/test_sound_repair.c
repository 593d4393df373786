/*
 * The sound to a listener on lines that lose: what reaches him, and at what
 * rate, with everything but the codec as it is.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "room/sound_repair.h"
#include "../rtp/chance.h"

#define TICK_US    20000
#define SECOND_US  1000000
#define SECONDS    400
#define FEC_PART   0.92		/* of speech packets carry it */
#define SENT_MAX   (SECONDS * 50)

/* Gilbert: loses `loss` of all in gaps of `burst` on average; 1: each alone. */
struct line {
	double        loss, burst;
	bool          bad;
	struct chance chance;
};

struct listener {
	struct sound_repair   repair;
	struct sound_history *history;
	struct line           line;
	bool                  nacks;	/* says what is missing */
	uint64_t              room_bps;
	int64_t               now_us;
	unsigned              tick, sent;
	unsigned              missing, runs;	/* at first, since the look */
	bool                  gap;
	unsigned              changes;
	uint64_t              bits;	/* of payload */
	bool                  came[SENT_MAX], fec[SENT_MAX];
};

static double
chance(struct chance *c)
{
	return chance_below(c, 1000000) / 1e6;
}

static bool
loses(struct line *l)
{
	const double leave = 1 / l->burst;
	const double enter = l->loss * leave / (1 - l->loss);

	if (l->burst <= 1)
		return chance(&l->chance) < l->loss;
	l->bad = l->bad ? chance(&l->chance) >= leave :
	    chance(&l->chance) < enter;
	return l->bad;
}

static void
listener_begin(struct listener *l, double loss, double burst)
{
	memset(l, 0, sizeof(*l));
	l->line = (struct line){ loss, burst, false, { 4711 } };
	l->now_us = 100 * (int64_t)SECOND_US;
	sound_repair_init(&l->repair, 32000, 0, l->now_us);
	assert_int_equal(sound_history_new(&l->history), 0);
}

static unsigned
bps_of(const struct listener *l)
{
	switch (l->repair.plan.quality) {
	case AUDIO_LEAN:
		return AUDIO_LEAN_BPS;
	case AUDIO_THIN:
		return AUDIO_THIN_BPS;
	case AUDIO_LEAST:
		return AUDIO_LEAST_BPS;
	default:
		return 32000;
	}
}

static void
send_one(struct listener *l)
{
	const uint8_t            byte = 1;
	const unsigned           bits = bps_of(l) / 50;
	const struct sound_sent *again;
	const bool               lost = loses(&l->line);

	l->came[l->sent] = !lost;
	l->fec[l->sent] = l->repair.plan.quality != AUDIO_PLAIN &&
	    chance(&l->line.chance) < FEC_PART;
	l->missing += lost;
	l->runs += lost && !l->gap;
	l->gap = lost;
	l->bits += bits;
	sound_history_add(l->history, (uint16_t)l->sent, &byte, 1, l->now_us);
	l->sent++;
	while ((again = sound_history_due(l->history, &l->repair.plan.repeats,
	    l->now_us)) != NULL) {
		l->bits += bits;
		if (!loses(&l->line))
			l->came[l->sent - 1 - (uint16_t)(l->sent - 1 -
			    again->sequence)] = true;
	}
}

/* What never came, of all sent until 200 ms ago. */
static void
report(struct listener *l)
{
	struct rtcp_report r = { .highest_sequence = l->sent - 1 };

	if (l->sent < 10)
		return;
	r.highest_sequence -= 10;
	for (unsigned i = 0; i <= r.highest_sequence; i++)
		r.lost += !l->came[i];
	sound_repair_report(&l->repair, &r);
}

static void
live(struct listener *l, unsigned seconds, unsigned report_s)
{
	for (unsigned t = 0; t < seconds * 50; t++, l->tick++) {
		assert_true(l->sent < SENT_MAX);
		send_one(l);
		l->now_us += TICK_US;
		if (l->tick % (50 * report_s) == 49 * report_s)
			report(l);
		if (l->tick % 50 != 49)
			continue;
		sound_repair_missing(&l->repair, l->nacks ? 50 : 0,
		    l->missing, l->runs);
		l->missing = l->runs = 0;
		l->changes += sound_repair_update(&l->repair, l->room_bps,
		    l->now_us);
	}
}

/* Percent of the packets from `first` on that must be made up. */
static double
concealed(const struct listener *l, unsigned first)
{
	unsigned missing = 0;

	for (unsigned i = first; i + 10 < l->sent; i++)
		missing += !l->came[i] && !(l->came[i + 1] && l->fec[i + 1]);
	return 100.0 * missing / (l->sent - 10 - first);
}

struct cell {
	double loss, burst, most_percent;
};

static void
loss_is_repaired_within_80_kbps(void **state)
{
	static const struct cell cells[] = {
		{ .05, 1, .5 }, { .05, 3, .8 }, { .1, 1, .5 }, { .1, 3, 1.5 },
		{ .2, 1, 1 }, { .2, 3, 2 }, { .3, 1, 2 }, { .3, 3, 5 },
	};
	static struct listener l;

	(void)state;
	for (unsigned i = 0; i < 4 * sizeof(cells) / sizeof(cells[0]); i++) {
		const struct cell *c = &cells[i / 4];
		unsigned           from;
		uint64_t           bits;
		double             percent;

		listener_begin(&l, c->loss, c->burst);
		l.nacks = i % 2;
		live(&l, 15, i % 4 < 2 ? 1 : 5);
		from = l.sent;
		bits = l.bits;
		live(&l, 120, i % 4 < 2 ? 1 : 5);
		percent = concealed(&l, from);
		bits = (l.bits - bits) / 120;
		print_message("# loss %.0f %%, gaps of %.0f, %s: %.2f %% "
		    "concealed at %.1f kbit/s\n", 100 * c->loss, c->burst,
		    l.nacks ? "NACKs" : "reports", percent,
		    (double)bits / 1000);
		assert_true(percent <= c->most_percent);
		assert_true(bits <= SOUND_REPAIR_MAX_BPS);
		sound_history_free(l.history);
	}
}

static void
a_good_line_costs_nothing(void **state)
{
	static struct listener l;

	(void)state;
	listener_begin(&l, 0, 1);
	live(&l, 300, 1);
	assert_int_equal(l.changes, 0);
	assert_int_equal(l.repair.plan.quality, AUDIO_PLAIN);
	assert_int_equal(sound_repair_wire_bps(&l.repair), 52000);
	sound_history_free(l.history);
}

static void
goes_up_at_once_and_down_step_by_step(void **state)
{
	static struct listener l;
	int64_t                began_us;

	(void)state;
	listener_begin(&l, .3, 1);
	live(&l, 2, 1);
	assert_int_equal(l.repair.level, 3);
	assert_int_equal(l.repair.plan.quality, AUDIO_LEAN);
	live(&l, 10, 1);
	l.line.loss = 0;
	began_us = l.now_us;
	for (unsigned level = 3; level > 0; level--) {
		live(&l, 8, 1);
		assert_int_equal(l.repair.level, level);
		while (l.repair.level == level) {
			live(&l, 1, 1);
			assert_true(l.now_us - began_us < 60 * SECOND_US);
		}
	}
	assert_int_equal(l.repair.plan.quality, AUDIO_PLAIN);
	sound_history_free(l.history);
}

/* What is repaired is not reported: still it must not be taken for cured. */
static void
does_not_swing_on_a_steady_line(void **state)
{
	static const double losses[] = { .01, .05, .1, .2, .3 };
	static struct listener l;

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(losses) / sizeof(losses[0]); i++) {
		unsigned before;

		listener_begin(&l, losses[i / 2], i % 2 ? 3 : 1);
		live(&l, 100, 1);
		before = l.changes;
		live(&l, 290, 1);
		print_message("# loss %.0f %%: %u changes in 290 s\n",
		    100 * losses[i / 2], l.changes - before);
		assert_true(l.changes - before <= 14);
		sound_history_free(l.history);
	}
}

static void
what_a_line_has_room_for_comes_first(void **state)
{
	static const struct {
		uint64_t           room_bps;
		enum audio_quality quality;
		unsigned           repeats;
	} cells[] = {
		{ 0, AUDIO_LEAN, 2 }, { 140000, AUDIO_LEAN, 2 },
		{ 100000, AUDIO_THIN, 2 }, { 64000, AUDIO_THIN, 1 },
		{ 40000, AUDIO_THIN, 0 }, { 25000, AUDIO_LEAST, 0 },
		{ 1000, AUDIO_LEAST, 0 },
	};
	static struct listener l;

	(void)state;
	for (unsigned i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		listener_begin(&l, .3, 1);
		l.room_bps = cells[i].room_bps;
		live(&l, 5, 1);
		assert_int_equal(l.repair.level, 3);
		assert_int_equal(l.repair.plan.quality, cells[i].quality);
		assert_int_equal(l.repair.plan.repeats.count,
		    cells[i].repeats);
		if (cells[i].room_bps >= 25000)
			assert_true(sound_repair_wire_bps(&l.repair) <=
			    cells[i].room_bps);
		sound_history_free(l.history);
	}
	/* And on a good line, too. */
	listener_begin(&l, 0, 1);
	l.room_bps = 40000;
	live(&l, 2, 1);
	assert_int_equal(l.repair.plan.quality, AUDIO_THIN);
	sound_history_free(l.history);
}

static void
pictures_have_what_sound_can_do_without(void **state)
{
	static const struct {
		double   loss;
		uint64_t line_bps;
		bool     pictures;
		uint64_t room_bps;
	} cells[] = {
		{ 0, 0, true, 0 }, { 0, 500000, true, 0 },
		{ 0, 300000, true, 75000 }, { 0, 300000, false, 240000 },
		{ 0, 64000, true, 26666 }, { 0, 40000, true, 32000 },
		{ .3, 1000000, true, 250000 }, { .3, 400000, true, 100000 },
		{ .3, 250000, true, 79998 }, { .3, 90000, true, 90000 },
	};
	static struct listener l;

	(void)state;
	for (unsigned i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		listener_begin(&l, cells[i].loss, 1);
		live(&l, 5, 1);
		assert_int_equal(sound_repair_room_bps(&l.repair,
		    cells[i].line_bps, cells[i].pictures), cells[i].room_bps);
		sound_history_free(l.history);
	}
}

static void
small_changes_of_the_line_are_none_of_the_sound(void **state)
{
	struct sound_repair r;

	(void)state;
	sound_repair_init(&r, 32000, 0, 0);
	assert_int_equal(sound_repair_room_bps(&r, 200000, true), 50000);
	assert_int_equal(sound_repair_room_bps(&r, 240000, true), 50000);
	assert_int_equal(sound_repair_room_bps(&r, 280000, true), 70000);
	assert_int_equal(sound_repair_room_bps(&r, 160000, true), 40000);
	assert_int_equal(sound_repair_room_bps(&r, 420000, true), 40000);
	assert_int_equal(sound_repair_room_bps(&r, 460000, true), 0);
}

static void
repeats_spread_against_bursts(void **state)
{
	static struct listener l;

	(void)state;
	/* Three packets in 20 ms: a gap of ten is one of a few ticks. */
	listener_begin(&l, .2, 10);
	l.nacks = true;
	live(&l, 20, 1);
	assert_int_equal(l.repair.plan.repeats.count, 2);
	assert_int_equal(l.repair.plan.repeats.delay_us[0], 60000);
	assert_int_equal(l.repair.plan.repeats.delay_us[1], 160000);
	sound_history_free(l.history);
	listener_begin(&l, .2, 1);
	l.nacks = true;
	live(&l, 20, 1);
	assert_int_equal(l.repair.plan.repeats.delay_us[0], 20000);
	assert_int_equal(l.repair.plan.repeats.delay_us[1], 60000);
	sound_history_free(l.history);
}

static void
absurd_reports_change_only_the_plan(void **state)
{
	static const struct rtcp_report reports[] = {
		{ .highest_sequence = 1000, .lost = 0 },
		{ .highest_sequence = 1050, .lost = 0x7fffff },
		{ .highest_sequence = 1100, .lost = -0x800000 },
		{ .highest_sequence = 1, .lost = 5 },
		{ .highest_sequence = 1, .lost = 0x7fffff },
		{ .highest_sequence = UINT32_MAX, .lost = 3 },
		{ .highest_sequence = 40, .lost = 44 },
	};
	struct sound_repair r;

	(void)state;
	sound_repair_init(&r, 32000, 0, 0);
	for (unsigned i = 0; i < 700; i++) {
		sound_repair_report(&r, &reports[i % 7]);
		sound_repair_missing(&r, i % 3, i, UINT32_MAX);
		sound_repair_update(&r, i % 5 * 20000, i * 1000000LL);
		assert_true(r.plan.repeats.count <= SOUND_REPEATS_MAX);
		assert_true(sound_repair_loss(&r) >= 0 &&
		    sound_repair_loss(&r) <= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_is_repaired_within_80_kbps),
		cmocka_unit_test(a_good_line_costs_nothing),
		cmocka_unit_test(goes_up_at_once_and_down_step_by_step),
		cmocka_unit_test(does_not_swing_on_a_steady_line),
		cmocka_unit_test(what_a_line_has_room_for_comes_first),
		cmocka_unit_test(pictures_have_what_sound_can_do_without),
		cmocka_unit_test(
		    small_changes_of_the_line_are_none_of_the_sound),
		cmocka_unit_test(repeats_spread_against_bursts),
		cmocka_unit_test(absurd_reports_change_only_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
