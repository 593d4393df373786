/*
 * How much is lost, and in how long runs, by what a peer reports.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sums that fade in two seconds: what was lost long ago says nothing of the
 * line now, even if little was sent since. Pure.
 */
#ifndef RTP_LOSS_METER_H
#define RTP_LOSS_METER_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct loss_meter {
	double  packets, lost, runs;
	bool    in_run;
	int64_t faded_us;	/* 0: never */
};

/* A packet of which the fate is known, in order of sending. */
void loss_meter_add(struct loss_meter *m, bool lost);

/* One that was said to be lost has come all the same. */
void loss_meter_found(struct loss_meter *m);

/* One that was counted as received came only when it was sent again. */
void loss_meter_late(struct loss_meter *m);

/* Lets the past fade; after each feedback, and without it. */
void loss_meter_fade(struct loss_meter *m, int64_t now_us);

/* Of 256; 0 while fewer than ten packets are known of. */
unsigned loss_meter_q8(const struct loss_meter *m);

/* Mean length of a run of losses, in sixteenths; 16 when nothing is lost. */
unsigned loss_meter_burst_q4(const struct loss_meter *m);

#endif
