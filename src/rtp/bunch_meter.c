/*
 * How long a line holds packets back to let them go in a bunch: its jitter.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/bunch_meter.h"

#define SPAN_US       500000
#define RATE_FACTOR   4		/* so much faster than the line is no queue */
#define TOGETHER_LEAST_US 500	/* two steps of the clock in reports */
#define TOGETHER_MOST_US  5000
#define HELD_MOST_US  1000000	/* more than that is an outage */

static void
begin(struct bunch_meter *b, int64_t sent_us, int64_t arrival_us)
{
	b->first_sent_us = sent_us;
	b->first_arrival_us = arrival_us;
}

static void
slide(struct bunch_meter *b, int64_t now_us)
{
	int64_t spans = (now_us - b->span_us) / SPAN_US;

	if (spans <= 0)
		return;
	b->span_us += spans * SPAN_US;
	if (spans > BUNCH_METER_SPANS)
		spans = BUNCH_METER_SPANS;
	for (; spans > 0; spans--) {
		for (unsigned i = BUNCH_METER_SPANS - 1; i > 0; i--)
			b->most_us[i] = b->most_us[i - 1];
		b->most_us[0] = 0;
	}
}

/* How close two packets of one bunch arrive. */
static int64_t
together_us(int64_t bytes, int64_t rate_bps)
{
	const int64_t us = rate_bps > 0 ?
	    bytes * 8000000 / (RATE_FACTOR * rate_bps) : 0;

	if (us < TOGETHER_LEAST_US)
		return TOGETHER_LEAST_US;
	return us < TOGETHER_MOST_US ? us : TOGETHER_MOST_US;
}

void
bunch_meter_add(struct bunch_meter *b, int64_t bytes, int64_t sent_us,
    int64_t arrival_us, int64_t rate_bps, int64_t now_us)
{
	int64_t held_us;

	if (!b->started) {
		b->started = true;
		b->span_us = now_us;
		begin(b, sent_us, arrival_us);
	} else if (sent_us < b->last_sent_us) {
		return;
	} else if (arrival_us - b->last_arrival_us >
	    together_us(bytes, rate_bps)) {
		begin(b, sent_us, arrival_us);
	}
	b->last_sent_us = sent_us;
	b->last_arrival_us = arrival_us;
	slide(b, now_us);
	held_us = (sent_us - b->first_sent_us) -
	    (arrival_us - b->first_arrival_us);
	if (held_us > b->most_us[0] && held_us < HELD_MOST_US)
		b->most_us[0] = held_us;
}

int64_t
bunch_meter_us(const struct bunch_meter *b)
{
	int64_t most_us = 0, second_us = 0;

	for (unsigned i = 0; i < BUNCH_METER_SPANS; i++) {
		if (b->most_us[i] > most_us) {
			second_us = most_us;
			most_us = b->most_us[i];
		} else if (b->most_us[i] > second_us) {
			second_us = b->most_us[i];
		}
	}
	return second_us;
}
