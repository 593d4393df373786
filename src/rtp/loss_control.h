/*
 * The rate by loss: which rate explains best what was lost.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loss has two reasons: a line that loses at any rate, and a rate above what
 * the line carries. Of a few candidates for that limit the likeliest one, by
 * the last 15 observations of 250 ms and 20 packets or more, none older than
 * 5 s, is taken: the one of the greatest likelihood, each with the loss of the
 * line itself that fits it best. So loss at random does not bring the rate down
 * to nothing. The rate is also never above 100 kbit/s / (loss - 5 %), whatever
 * explains it: 2 Mbit/s at 10 %, 667 kbit/s at 20 %, 400 at 30 %, 222 at 50 %;
 * for that the loss is taken as low as chance may have made it look high. Pure.
 */
#ifndef RTP_LOSS_CONTROL_H
#define RTP_LOSS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define LOSS_OBSERVATIONS 15

struct loss_observation {
	double  packets, lost, sent_bps;
	int64_t at_us;			/* when it was complete */
};

struct loss_control {
	double   bps;
	bool     limits;		/* it is below the rate by delay */
	double   inherent;		/* loss of the line itself */
	unsigned count;			/* of observations, ever */
	struct loss_observation observed[LOSS_OBSERVATIONS];
	int64_t  now_us;		/* of the last update */
	/* The observation under way, by times of sending. */
	unsigned packets, lost;
	int64_t  bytes;
	int64_t  from_us, to_us;	/* INT64_MIN: nothing yet */
	/* After it went down: not up again at once. */
	double   held_bps;
	int64_t  held_until_us;
	int64_t  hold_us;
};

/* What else is known. */
struct loss_input {
	int64_t delay_bps;		/* the rate by delay: the most */
	int64_t acked_bps;		/* 0: not known */
	int64_t least_bps;
	bool    application_limited;
};

void loss_control_init(struct loss_control *c, int64_t start_bps);

/* A packet of which the fate is known, in order of sending. */
void loss_control_add(struct loss_control *c, int64_t bytes, bool lost,
    int64_t sent_us);

/* One that was said to be lost has come all the same. */
void loss_control_found(struct loss_control *c);

/* One that was counted as received came only when it was sent again. */
void loss_control_late(struct loss_control *c);

/* After each feedback. */
void loss_control_update(struct loss_control *c, const struct loss_input *in,
    int64_t now_us);

/* A probe of this rate came through. */
void loss_control_probed(struct loss_control *c, int64_t bps);

int64_t loss_control_bps(const struct loss_control *c);

#endif
