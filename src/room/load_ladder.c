/*
 * What a room leaves out while the processors are short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "room/load_ladder.h"

#define LATE_MAX     2			/* of the 50 ticks of a second */
#define TROUBLES_MAX 3			/* a burst of load is not overload */
#define CALM_US      5000000
#define FAILED_MAX   3			/* doublings of that: 40 s */
#define EASY_PERCENT 40			/* idle: the load has ended */
#define EASY_US      1800000		/* two seconds, never quite even */
#define EASY_NEXT_US 800000		/* one, when the last went well */
#define EASY_MAX     2			/* doublings: 8 s */
#define TOO_EARLY_US 6000000
#define FORGIVE_US   40000000

void
load_ladder_init(struct load_ladder *l, int64_t now_us)
{
	*l = (struct load_ladder){
		.calm_us = now_us,
		.climbed_us = now_us - TOO_EARLY_US,
	};
}

static void
ladder_down(struct load_ladder *l, int64_t now_us)
{
	unsigned      *failed = l->climbed_idle ? &l->failed_idle : &l->failed;
	const unsigned most = l->climbed_idle ? EASY_MAX : FAILED_MAX;

	l->troubles = 0;
	if (now_us - l->climbed_us < TOO_EARLY_US && *failed < most)
		++*failed;
	l->climbed_us = now_us - TOO_EARLY_US;	/* fails once */
	if (l->step + 1 < LOAD_STEPS)
		l->step++;
}

/* How long it must have been calm. */
static int64_t
ladder_wait_us(const struct load_ladder *l, bool easy, int64_t now_us)
{
	if (!easy)
		return CALM_US << l->failed;
	if (l->failed_idle == 0 && l->climbed_idle &&
	    now_us - l->climbed_us < TOO_EARLY_US)
		return EASY_NEXT_US;
	return EASY_US << l->failed_idle;
}

static void
ladder_up(struct load_ladder *l, bool easy, int64_t now_us)
{
	if (l->step == LOAD_ALL) {
		if (now_us - l->calm_us >= FORGIVE_US)
			l->failed = l->failed_idle = 0;
		return;
	}
	if (now_us - l->calm_us < ladder_wait_us(l, easy, now_us))
		return;
	l->step--;
	l->calm_us = l->climbed_us = now_us;
	l->climbed_idle = easy;
}

bool
load_ladder_look(struct load_ladder *l, const struct load_look *look,
    int64_t now_us)
{
	const enum load_step before = l->step;
	const bool           trouble = look->late > LATE_MAX ||
	    look->behind || look->high;
	const bool           easy = look->idle_percent <= 100 &&
	    look->idle_percent >= EASY_PERCENT;

	if (!trouble) {
		l->troubles = 0;
		ladder_up(l, easy, now_us);
		return l->step != before;
	}
	l->calm_us = now_us;
	if (++l->troubles >= TROUBLES_MAX)
		ladder_down(l, now_us);
	return l->step != before;
}

unsigned
load_ladder_shift(const struct load_ladder *l)
{
	if (l->step >= LOAD_QUARTER)
		return 2;
	return l->step >= LOAD_HALF;
}
