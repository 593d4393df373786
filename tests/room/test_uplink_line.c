/*
 * A sender who follows the plan, on lines of all rates.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/uplink_line.h"
#include "../rtp/chance.h"

#define STEP_US      20000
#define SECOND_US    1000000
#define WIRE         38		/* as in the module */
#define QUEUE_MOST_US 1000000
#define OBEYS_US     1500000
#define FLOOR_BPS    30000	/* of a browser's video */
#define FULL_BYTES   100	/* of sound, 20 ms, with RTP headers: 55 k */
#define LEAN_BYTES   162	/* 60 ms: 27 k */
#define FLYING_MAX   1024

struct flying {
	int64_t  arrival_us;
	unsigned bytes;
	bool     sound;
	uint32_t timestamp;
};

struct sender {
	struct uplink_line line;
	uint32_t      rate_bps;
	int64_t       delay_us;
	uint32_t      jitter_us;
	double        drift;		/* of his clock */
	bool          stubborn;		/* does not follow */
	bool          camera, silent;
	struct chance chance;

	int64_t       now_us, free_us;	/* the line is free from … */
	enum uplink_plan obeyed;
	uint32_t      obeyed_bps;
	int64_t       told_us;		/* INT64_MAX: obeys */
	double        ticks;		/* of his clock … */
	uint32_t      timestamp;	/* … as sent */
	unsigned      step;
	unsigned      sound_sent, sound_lost, lost_before, changes;
	int64_t       rtt_us;		/* reported; 0: never */
	unsigned      first, end;	/* of those on the way */
	struct flying flying[FLYING_MAX];
};

static struct sender
sender_on(uint32_t rate_bps)
{
	struct sender s = {
		.rate_bps = rate_bps, .delay_us = 20000, .camera = true,
		.chance = { 4711 }, .now_us = 50 * (int64_t)SECOND_US,
		.told_us = INT64_MAX,
	};

	uplink_line_init(&s.line, 0, s.now_us);
	return s;
}

/* False: dropped behind a full queue. */
static bool
send_through(struct sender *s, unsigned bytes, bool sound)
{
	const int64_t  lasts_us = (int64_t)(bytes + WIRE) * 8 * SECOND_US /
	    s->rate_bps;
	struct flying *f = &s->flying[s->end % FLYING_MAX];

	if (s->free_us < s->now_us)
		s->free_us = s->now_us;
	if (s->free_us - s->now_us + lasts_us > QUEUE_MOST_US)
		return false;
	assert_true(s->end - s->first < FLYING_MAX);
	s->end++;
	s->free_us += lasts_us;
	*f = (struct flying){ s->free_us + s->delay_us, bytes, sound,
		s->timestamp };
	if (s->jitter_us)
		f->arrival_us += chance_below(&s->chance, s->jitter_us);
	return true;
}

static void
receive(struct sender *s)
{
	for (; s->first < s->end; s->first++) {
		const struct flying *f = &s->flying[s->first % FLYING_MAX];

		if (f->arrival_us > s->now_us)
			return;
		uplink_line_packet(&s->line, f->bytes);
		if (f->sound)
			uplink_line_sound(&s->line, f->timestamp,
			    f->arrival_us);
	}
}

static void
send_sound(struct sender *s)
{
	const bool lean = s->obeyed != UPLINK_FREE;

	if (s->silent || (lean && s->step % 3 != 0))
		return;
	s->sound_sent++;
	s->sound_lost += !send_through(s, lean ? LEAN_BYTES : FULL_BYTES,
	    true);
}

/* Congestion control that knows the line, and does not go below its floor. */
static void
send_video(struct sender *s)
{
	int64_t  bps = (int64_t)s->rate_bps * 85 / 100 - 57000;
	unsigned left;

	if (s->obeyed != UPLINK_FREE)
		bps = s->obeyed_bps;
	if (!s->camera || s->obeyed == UPLINK_VOICE || s->step % 5 != 0)
		return;
	bps = bps < FLOOR_BPS ? FLOOR_BPS : bps > 1500000 ? 1500000 : bps;
	for (left = (unsigned)bps / 80; left > 0;) {
		const unsigned part = left > 1100 ? 1100 : left;

		(void)send_through(s, part, false);
		left -= part;
	}
}

static void
obey(struct sender *s)
{
	if (s->now_us < s->told_us || s->stubborn)
		return;
	s->obeyed = s->line.plan;
	s->obeyed_bps = s->line.video_bps;
	s->told_us = INT64_MAX;
}

static void
live(struct sender *s, unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 50; i++) {
		s->now_us += STEP_US;
		s->ticks += 960 * (1 + s->drift);
		s->timestamp = (uint32_t)((uint64_t)s->ticks - 5000);
		send_sound(s);
		send_video(s);
		receive(s);
		obey(s);
		if (++s->step % 50 != 0)
			continue;
		if (s->rtt_us > 0)
			uplink_line_rtt(&s->line, s->rtt_us, s->now_us);
		if (uplink_line_look(&s->line, s->sound_lost > s->lost_before,
		    s->now_us)) {
			s->changes++;
			s->told_us = s->now_us + OBEYS_US;
		}
		s->lost_before = s->sound_lost;
	}
}

static double
lost_percent(const struct sender *s)
{
	return 100.0 * s->sound_lost / s->sound_sent;
}

static void
begin_count(struct sender *s)
{
	s->sound_sent = s->sound_lost = s->lost_before = 0;
}

static void
leaves_lines_alone_that_carry_what_browsers_send(void **state)
{
	static const uint32_t rates[] = { 100000, 128000, 500000, 2000000 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sender s = sender_on(rates[i]);

		live(&s, 900);
		assert_int_equal(s.changes, 0);
		assert_int_equal(s.line.line_bps, 0);
	}
}

static void
keeps_the_voice_whole_on_thin_lines(void **state)
{
	static const uint32_t rates[] = { 36000, 40000, 50000, 64000 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sender s = sender_on(rates[i]);

		live(&s, 8);
		assert_int_equal(s.line.plan, UPLINK_VOICE);
		assert_in_range(s.line.line_bps, rates[i] * 8 / 10,
		    rates[i] + 2000);
		begin_count(&s);
		live(&s, 12);
		assert_int_equal(s.sound_lost, 0);
		begin_count(&s);
		live(&s, 1800);
		/* Now and then it must be tried whether it carries more. */
		assert_true(lost_percent(&s) < 0.5);
		assert_true(s.changes < 50);
	}
}

static void
leaves_some_video_where_there_is_room(void **state)
{
	struct sender s = sender_on(82000);

	(void)state;
	live(&s, 60);
	assert_int_equal(s.line.plan, UPLINK_LEAN);
	assert_in_range(s.line.video_bps, 30000, 60000);
	begin_count(&s);
	live(&s, 600);
	assert_true(lost_percent(&s) < 0.5);
}

static void
comes_back_when_the_line_does(void **state)
{
	struct sender s = sender_on(64000);

	(void)state;
	live(&s, 15);
	assert_int_equal(s.line.plan, UPLINK_VOICE);
	s.rate_bps = 2000000;
	live(&s, 100);
	assert_int_equal(s.line.plan, UPLINK_FREE);
	assert_int_equal(s.line.line_bps, 0);
	live(&s, 300);
	assert_int_equal(s.line.plan, UPLINK_FREE);
	/* And is found thin again as soon. */
	s.rate_bps = 50000;
	live(&s, 8);
	assert_int_equal(s.line.plan, UPLINK_VOICE);
}

static void
comes_back_without_a_camera_too(void **state)
{
	struct sender s = sender_on(45000);

	(void)state;
	s.camera = false;
	live(&s, 15);
	assert_int_equal(s.line.plan, UPLINK_VOICE);
	s.rate_bps = 2000000;
	live(&s, 120);
	assert_int_equal(s.line.plan, UPLINK_FREE);
}

static void
takes_neither_jitter_nor_a_longer_way_for_a_thin_line(void **state)
{
	struct sender s = sender_on(1000000);

	(void)state;
	s.jitter_us = 300000;
	live(&s, 300);
	assert_int_equal(s.changes, 0);
	s.jitter_us = 0;
	s.delay_us = 500000;
	live(&s, 300);
	assert_int_equal(s.changes, 0);
}

/* His machine is busy, or the microphone another one. */
static void
takes_no_stumbling_for_a_thin_line(void **state)
{
	struct sender s = sender_on(1000000);

	(void)state;
	s.camera = false;
	for (unsigned i = 0; i < 20; i++) {
		live(&s, 15);
		s.ticks -= (5 + 15 * i) * 960.0;
		live(&s, 15);
	}
	assert_int_equal(s.changes, 0);
	/* Reports come as quickly as ever. */
	s.rtt_us = 40000;
	s.drift = -0.1;
	live(&s, 60);
	assert_int_equal(s.changes, 0);
}

static void
follows_a_clock_that_drifts(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct sender s = sender_on(90000);

		s.drift = sign * 200e-6;
		live(&s, 3600);
		assert_int_equal(s.changes, 0);
	}
}

static void
waits_longer_after_each_vain_try(void **state)
{
	struct sender s = sender_on(60000);
	unsigned      early, late;

	(void)state;
	live(&s, 300);
	early = s.changes;
	live(&s, 1500);
	s.changes = 0;
	live(&s, 300);
	late = s.changes;
	assert_true(late < early);
}

static void
bears_who_does_not_follow(void **state)
{
	struct sender s = sender_on(64000);

	(void)state;
	s.stubborn = true;
	live(&s, 20);
	assert_int_equal(s.line.plan, UPLINK_VOICE);
	live(&s, 3600);
	assert_true(s.line.line_bps < 70000);
}

static void
believes_who_knows_his_line(void **state)
{
	struct sender s = sender_on(40000);

	(void)state;
	uplink_line_init(&s.line, 2000000, s.now_us);
	assert_int_equal(s.line.plan, UPLINK_FREE);
	uplink_line_init(&s.line, 90000, s.now_us);
	assert_int_equal(s.line.plan, UPLINK_LEAN);
	uplink_line_init(&s.line, 40000, s.now_us);
	assert_int_equal(s.line.plan, UPLINK_VOICE);
	assert_int_equal(s.line.line_bps, 40000);
	s.told_us = s.now_us;
	live(&s, 55);
	assert_int_equal(s.sound_lost, 0);
}

static void
says_nothing_of_silence(void **state)
{
	struct sender s = sender_on(64000);

	(void)state;
	s.silent = true;
	live(&s, 60);
	assert_int_equal(s.changes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    leaves_lines_alone_that_carry_what_browsers_send),
		cmocka_unit_test(keeps_the_voice_whole_on_thin_lines),
		cmocka_unit_test(leaves_some_video_where_there_is_room),
		cmocka_unit_test(comes_back_when_the_line_does),
		cmocka_unit_test(comes_back_without_a_camera_too),
		cmocka_unit_test(
		    takes_neither_jitter_nor_a_longer_way_for_a_thin_line),
		cmocka_unit_test(takes_no_stumbling_for_a_thin_line),
		cmocka_unit_test(follows_a_clock_that_drifts),
		cmocka_unit_test(waits_longer_after_each_vain_try),
		cmocka_unit_test(bears_who_does_not_follow),
		cmocka_unit_test(believes_who_knows_his_line),
		cmocka_unit_test(says_nothing_of_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
