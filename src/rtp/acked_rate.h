/*
 * How many bits a second of what we sent arrive at the peer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows of 150 ms (the first: 500 ms) of the peer's clock, joined by Bayes'
 * rule: one that differs much from what was known counts little. Pure.
 */
#ifndef RTP_ACKED_RATE_H
#define RTP_ACKED_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct acked_rate {
	bool    known;
	double  bps;
	double  newest_bps;	/* of the last window alone */
	double  variance;	/* in kbit/s, squared */
	bool    started;
	int64_t last_us;
	int64_t window_us;	/* how much of it has gone by */
	int64_t bytes;		/* in the window */
};

void acked_rate_init(struct acked_rate *a);

/* A packet that arrived; arrival_us never goes back by more than a jump. */
void acked_rate_add(struct acked_rate *a, int64_t bytes, int64_t arrival_us);

/* What is sent has just changed: believe the next windows more. */
void acked_rate_expect_change(struct acked_rate *a);

/* Some of what arrived next will never be told: begin a window anew. */
void acked_rate_gap(struct acked_rate *a);

/* 0: not known yet. */
int64_t acked_rate_bps(const struct acked_rate *a);

/* Of the last window alone. */
int64_t acked_rate_newest_bps(const struct acked_rate *a);

/* That, or the mean, whichever is more: so much went. */
int64_t acked_rate_most_bps(const struct acked_rate *a);

#endif
