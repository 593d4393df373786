/*
 * What decoding one person's pictures may cost.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "room/decode_budget.h"

#define FADE_US        2000000	/* time constant of the average */
#define AVERAGE_MAX_US (FADE_US / 4)	/* a quarter of a processor */
#define PICTURE_MAX_US 150000
#define RESIZE_US      2000000
#define RESIZE_BURST   4

void
decode_budget_init(struct decode_budget *b)
{
	memset(b, 0, sizeof(*b));
}

static void
pause_stream(struct decode_budget *b, int64_t now_us)
{
	decode_budget_init(b);
	b->paused_us = now_us + DECODE_BUDGET_PAUSE_US;
}

bool
decode_budget_admits(struct decode_budget *b, int64_t now_us)
{
	if (now_us < b->paused_us)
		return false;
	b->paused_us = 0;
	return true;
}

bool
decode_budget_spend(struct decode_budget *b, int64_t now_us, int64_t cpu_us)
{
	int64_t span_us = now_us - b->faded_us;

	if (span_us > FADE_US)
		span_us = FADE_US;
	if (span_us > 0) {
		b->spent_us -= b->spent_us * span_us / FADE_US;
		b->faded_us = now_us;
	}
	b->spent_us += cpu_us;
	if (cpu_us <= PICTURE_MAX_US && b->spent_us <= AVERAGE_MAX_US)
		return true;
	pause_stream(b, now_us);
	return false;
}

bool
decode_budget_size(struct decode_budget *b, int64_t now_us, int width,
    int height)
{
	const bool first = b->width == 0;

	if (width == b->width && height == b->height)
		return true;
	b->width = width;
	b->height = height;
	if (first || rate_limit_pass(&b->resizes, now_us, RESIZE_US,
	    RESIZE_BURST))
		return true;
	pause_stream(b, now_us);
	return false;
}
