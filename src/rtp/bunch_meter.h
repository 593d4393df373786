/*
 * How long a line holds packets back to let them go in a bunch: its jitter.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was sent apart and arrives together has been held back by something
 * that is no queue before a rate: there each packet takes its time, at the
 * least its share of what the line carries. Taken is the second of the
 * greatest of the last 4 s, by half seconds, so that a receiver that was
 * stalled once has no say. Pure.
 */
#ifndef RTP_BUNCH_METER_H
#define RTP_BUNCH_METER_H

#include <stdbool.h>
#include <stdint.h>

#define BUNCH_METER_SPANS 8

/* Zero-initialise. */
struct bunch_meter {
	bool    started;
	int64_t first_sent_us, first_arrival_us;	/* of the bunch */
	int64_t last_sent_us, last_arrival_us;
	int64_t span_us;		/* when the newest span began */
	int64_t most_us[BUNCH_METER_SPANS];	/* newest first */
};

/* In order of arrival. rate_bps: what the line is thought to carry. */
void bunch_meter_add(struct bunch_meter *b, int64_t bytes, int64_t sent_us,
    int64_t arrival_us, int64_t rate_bps, int64_t now_us);

/* 0: it lets packets go as they come, or is not known yet. */
int64_t bunch_meter_us(const struct bunch_meter *b);

#endif
