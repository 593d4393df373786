/*
 * What is missing of a stream, and when to ask for it again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "rtp/nack.h"

#define INTERVAL_MIN_US 20000
#define INTERVAL_UNKNOWN_US 100000	/* no RTT measured yet */

struct nack_limits {
	int64_t  reorder_us;		/* before it is taken for missing */
	int64_t  spacing_us;		/* more than an RTT before the second … */
	int64_t  again_us;		/* … and before each more; 0: likewise */
	int64_t  age_max_us;		/* since it was found missing */
	unsigned asked_max;
	int64_t  gap_max;
	bool     urgent;		/* the answer, too, must come by then */
};

static const struct nack_limits video_limits = {
	.reorder_us = 10000,
	.age_max_us = 1000000,
	.asked_max = 10,
	.gap_max = NACK_MISSING_MAX,
};

static const struct nack_limits sound_limits = {
	.reorder_us = 5000,
	.spacing_us = 10000,
	.again_us = 20000,
	.age_max_us = 340000,
	.asked_max = 12,
	.gap_max = 25,
	.urgent = true,
};

void
nack_init(struct nack *n)
{
	memset(n, 0, sizeof(*n));
	n->limits = &video_limits;
}

void
nack_init_sound(struct nack *n)
{
	nack_init(n);
	n->limits = &sound_limits;
}

static void
remove_missing(struct nack *n, unsigned at, unsigned how_many)
{
	n->count -= how_many;
	memmove(&n->missing[at], &n->missing[at + how_many],
	    (n->count - at) * sizeof(n->missing[0]));
}

static void
came_late(struct nack *n, int64_t sequence)
{
	for (unsigned i = 0; i < n->count; i++) {
		if (n->missing[i].sequence == sequence) {
			remove_missing(n, i, 1);
			return;
		}
	}
}

bool
nack_received(struct nack *n, uint16_t sequence, int64_t now_us)
{
	const int64_t number = rtp_unwrap_sequence(&n->unwrap, sequence);
	int64_t       gap;

	if (!n->started) {
		n->started = true;
		n->highest = number;
		return false;
	}
	if (number <= n->highest) {
		came_late(n, number);
		return false;
	}
	gap = number - n->highest - 1;
	if (gap > n->limits->gap_max ||
	    gap > NACK_MISSING_MAX - (int64_t)n->count) {
		/* A key frame makes all of it moot. */
		n->highest = number;
		n->count = 0;
		return true;
	}
	while (++n->highest < number)
		n->missing[n->count++] = (struct nack_missing) {
			.sequence = n->highest,
			.since_us = now_us,
		};
	return false;
}

bool
nack_asked(const struct nack *n, uint16_t sequence)
{
	const int64_t number = n->highest +
	    rtp_sequence_diff(sequence, (uint16_t)n->highest);

	for (unsigned i = 0; i < n->count; i++) {
		if (n->missing[i].sequence == number)
			return n->missing[i].asked > 0;
	}
	return false;
}

static int64_t
interval_us(const struct nack *n, const struct nack_missing *m,
    int64_t rtt_us)
{
	if (n->limits->again_us > 0 && m->asked > 1)
		return n->limits->again_us;
	if (rtt_us < 0)
		return INTERVAL_UNKNOWN_US;
	rtt_us += n->limits->spacing_us;
	return rtt_us < INTERVAL_MIN_US ? INTERVAL_MIN_US : rtt_us;
}

/* INT64_MAX: no more, but it may still come. */
static int64_t
ask_at_us(const struct nack *n, const struct nack_missing *m, int64_t rtt_us)
{
	const struct nack_limits *limits = n->limits;
	const int64_t             ask_us = m->asked == 0 ?
	    m->since_us + limits->reorder_us :
	    m->asked_us + interval_us(n, m, rtt_us);

	if (limits->urgent && (m->asked == limits->asked_max ||
	    ask_us + (rtt_us < 0 ? INTERVAL_UNKNOWN_US : rtt_us) >
	    m->since_us + limits->age_max_us))
		return INT64_MAX;
	return ask_us;
}

unsigned
nack_due(struct nack *n, int64_t now_us, int64_t rtt_us,
    uint16_t out[NACK_MISSING_MAX], bool *gave_up)
{
	unsigned due = 0, kept = 0;

	for (unsigned i = 0; i < n->count; i++) {
		struct nack_missing *m = &n->missing[i];
		const bool           ask = now_us >= ask_at_us(n, m, rtt_us);

		if (now_us - m->since_us >= n->limits->age_max_us ||
		    (ask && m->asked == n->limits->asked_max))
			continue;	/* given up */
		if (ask) {
			m->asked++;
			m->asked_us = now_us;
			out[due++] = (uint16_t)m->sequence;
		}
		n->missing[kept++] = *m;
	}
	*gave_up = kept < n->count;
	n->count = kept;
	return due;
}

int64_t
nack_next_us(const struct nack *n, int64_t rtt_us)
{
	int64_t next_us = INT64_MAX;

	for (unsigned i = 0; i < n->count; i++) {
		const int64_t ask_us = ask_at_us(n, &n->missing[i], rtt_us);
		const int64_t end_us = n->missing[i].since_us +
		    n->limits->age_max_us;

		if (ask_us < next_us)
			next_us = ask_us;
		if (end_us < next_us)
			next_us = end_us;
	}
	return next_us;
}

void
nack_forget_before(struct nack *n, uint16_t sequence)
{
	const int64_t number = n->highest +
	    rtp_sequence_diff(sequence, (uint16_t)n->highest);
	unsigned      moot = 0;

	while (moot < n->count && n->missing[moot].sequence < number)
		moot++;
	remove_missing(n, 0, moot);
}
