/*
 * Whether the application sends much less than it might.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A budget that fills with 65 % of the target rate and is used by what is
 * sent, half a second deep: above 80 % the sender is application limited,
 * below 50 % no more. Our renditions have fixed rates, so this is the usual
 * case: then nothing is learnt about the line but by probes. Pure.
 */
#ifndef RTP_ALR_DETECTOR_H
#define RTP_ALR_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct alr_detector {
	bool    limited;
	int64_t since_us;	/* of what is now */
	int64_t last_us;	/* 0: never */
	double  budget_bytes;	/* between minus and plus half a second */
};

/* Counts what was sent, and the time; bytes may be 0. True: it changed. */
bool alr_detector_sent(struct alr_detector *a, int64_t bytes,
    int64_t target_bps, int64_t now_us);

#endif
