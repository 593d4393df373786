/*
 * When growing delay means that more is sent than the line carries.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The signal of the trendline against a threshold that adapts to it, so that
 * neither noise nor competing traffic that fills the queue is taken for
 * overuse for ever (draft-ietf-rmcat-gcc-02, 5.4). Pure.
 */
#ifndef RTP_OVERUSE_DETECTOR_H
#define RTP_OVERUSE_DETECTOR_H

#include <stdint.h>

enum line_usage { LINE_NORMAL, LINE_OVERUSED, LINE_UNDERUSED };

struct overuse_detector {
	double   threshold;
	double   slope_before;
	int64_t  over_us;	/* how long above the threshold; -1: not */
	unsigned over_count;
	int64_t  adapted_us;	/* 0: never */
	enum line_usage usage;
};

void overuse_detector_init(struct overuse_detector *d);

/* After each difference of groups; `slope` and `signal` of the trendline. */
enum line_usage overuse_detector_update(struct overuse_detector *d,
    double slope, double signal, int64_t sent_delta_us, int64_t now_us);

#endif
