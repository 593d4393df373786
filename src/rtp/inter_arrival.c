/*
 * How much further apart packets arrive than they were sent, by groups.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/inter_arrival.h"

#define GROUP_US       5000
#define BURST_GAP_US   5000
#define BURST_MOST_US  100000
#define CLOCK_JUMP_US  3000000
#define REORDERED_MOST 3

static bool
in_burst(const struct packet_group *g, int64_t sent_us, int64_t arrival_us)
{
	const int64_t arrival_gap_us = arrival_us - g->last_arrival_us;
	const int64_t sent_gap_us = sent_us - g->last_sent_us;

	if (sent_gap_us == 0)
		return true;
	return arrival_gap_us < sent_gap_us &&
	    arrival_gap_us <= BURST_GAP_US &&
	    arrival_us - g->first_arrival_us < BURST_MOST_US;
}

static void
begin_anew(struct inter_arrival *a)
{
	*a = (struct inter_arrival){ .reordered = 0 };
}

/* What the group that is finished differs from the one before it. */
static bool
compare(struct inter_arrival *a, struct group_delta *out)
{
	const struct packet_group *now = &a->current, *then = &a->before;
	const int64_t arrival_us = now->last_arrival_us -
	    then->last_arrival_us;
	const int64_t heard_us = now->heard_us - then->heard_us;

	if (!then->any)
		return false;
	if (arrival_us - heard_us >= CLOCK_JUMP_US) {
		begin_anew(a);
		return false;
	}
	if (arrival_us < 0) {
		if (++a->reordered >= REORDERED_MOST)
			begin_anew(a);
		return false;
	}
	a->reordered = 0;
	out->sent_us = now->last_sent_us - then->last_sent_us;
	out->arrival_us = arrival_us;
	return true;
}

bool
inter_arrival_add(struct inter_arrival *a, int64_t sent_us,
    int64_t arrival_us, int64_t now_us, struct group_delta *out)
{
	struct packet_group *g = &a->current;
	bool                 finished = false;

	if (g->any && sent_us < g->first_sent_us)
		return false;
	if (g->any && sent_us - g->first_sent_us > GROUP_US &&
	    !in_burst(g, sent_us, arrival_us)) {
		finished = compare(a, out);
		if (g->any)
			a->before = *g;
		g->any = false;
	}
	if (!g->any) {
		g->any = true;
		g->first_sent_us = g->last_sent_us = sent_us;
		g->first_arrival_us = arrival_us;
	}
	if (sent_us > g->last_sent_us)
		g->last_sent_us = sent_us;
	g->last_arrival_us = arrival_us;
	g->heard_us = now_us;
	return finished;
}
