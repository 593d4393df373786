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
#define EASY_MORE    10			/* than before a climb that failed */
#define EASY_ALWAYS  75
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

/* The last climb came too early. */
static void
ladder_failed(struct load_ladder *l)
{
	if (!l->climbed_easy && l->failed < FAILED_MAX)
		l->failed++;
	if (!l->climbed_easy)
		return;
	if (l->failed_easy < EASY_MAX)
		l->failed_easy++;
	l->failed_percent = l->before_percent;
}

static void
ladder_down(struct load_ladder *l, int64_t now_us)
{
	l->troubles = 0;
	if (now_us - l->climbed_us < TOO_EARLY_US)
		ladder_failed(l);
	l->climbed_us = now_us - TOO_EARLY_US;	/* fails once */
	if (l->step + 1 < LOAD_STEPS)
		l->step++;
}

/* More of the processors is idle than was not enough. */
static bool
is_plenty(const struct load_ladder *l, unsigned idle_percent)
{
	return l->failed_easy == 0 ||
	    idle_percent >= l->failed_percent + EASY_MORE;
}

static bool
is_easy(const struct load_ladder *l, unsigned idle_percent)
{
	if (idle_percent > 100 || idle_percent < EASY_PERCENT)
		return false;
	return is_plenty(l, idle_percent) || idle_percent >= EASY_ALWAYS;
}

/* In a row of easy climbs, which takes only the processors' time. */
static bool
goes_on(const struct load_ladder *l, int64_t now_us)
{
	return l->climbed_easy && now_us - l->climbed_us < TOO_EARLY_US;
}

/* How long it must have been calm. */
static int64_t
ladder_wait_us(const struct load_ladder *l, unsigned idle_percent,
    int64_t now_us)
{
	if (!is_easy(l, idle_percent))
		return CALM_US << l->failed;
	if (!is_plenty(l, idle_percent))
		return EASY_US << l->failed_easy;
	return goes_on(l, now_us) ? EASY_NEXT_US : EASY_US;
}

static void
ladder_up(struct load_ladder *l, unsigned idle_percent, int64_t now_us)
{
	const bool easy = is_easy(l, idle_percent);

	if (l->step == LOAD_ALL) {
		if (now_us - l->calm_us >= FORGIVE_US)
			l->failed = l->failed_easy = 0;
		return;
	}
	if (now_us - l->calm_us < ladder_wait_us(l, idle_percent, now_us))
		return;
	if (easy && !goes_on(l, now_us))
		l->before_percent = idle_percent;
	l->step--;
	l->calm_us = l->climbed_us = now_us;
	l->climbed_easy = easy;
}

bool
load_look_is_late(const struct load_look *look)
{
	return look->late > LATE_MAX;
}

bool
load_ladder_look(struct load_ladder *l, const struct load_look *look,
    int64_t now_us)
{
	const enum load_step before = l->step;

	if (!load_look_is_late(look) && !look->behind && !look->high) {
		l->troubles = 0;
		ladder_up(l, look->idle_percent, now_us);
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
