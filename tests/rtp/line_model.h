/*
 * A line that does not exist, with a sender and a receiver at its ends.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A token bucket with a queue that drops, delay both ways, jitter, loss in
 * runs, and perhaps a TCP stream beside. The sender paces frames and sound and
 * probes by rtp/pacer.h, the receiver reports in real RTCP, so that all of
 * the estimate is under test. Time passes in steps of a millisecond; the same
 * seed gives the same run.
 */
#ifndef TESTS_RTP_LINE_MODEL_H
#define TESTS_RTP_LINE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "chance.h"
#include "rtp/pacer.h"
#include "rtp/send_estimate.h"
#include "rtp/twcc_feedback.h"

#define LINE_FLIGHT_MAX   8192
#define LINE_FEEDBACK_MAX 64

struct line_flight {
	int64_t  arrival_us;
	uint16_t sequence;
	bool     cross;		/* of the TCP stream */
	uint16_t bytes;
};

struct line_feedback {
	int64_t due_us;
	size_t  len;
	uint8_t bytes[1200];
};

struct line_tcp {
	bool    on;
	double  window, threshold;	/* packets */
	unsigned in_flight;
	int64_t halved_us;
};

struct line_model {
	/* To be set, at any time. */
	int64_t  capacity_bps;
	int64_t  delay_us;		/* each way */
	int64_t  queue_us;		/* the longest queue */
	int64_t  jitter_us;		/* uniform, order is kept */
	unsigned loss_permille;
	unsigned loss_run;		/* mean length */
	bool     dead;			/* nothing goes through */
	bool     no_feedback;
	int64_t  feedback_late_us;	/* more */
	bool     follows;		/* the source sends what is estimated */
	int64_t  video_bps;		/* what it sends, or the most */
	int64_t  audio_bps;
	struct line_tcp tcp;

	/* What came of it. */
	int64_t  now_us;
	struct send_estimate *estimate;
	struct pacer pacer;
	int64_t  received_bytes;	/* of the estimate's packets */
	int64_t  pacer_delay_most_us;
	int64_t  line_delay_most_us;
	unsigned probes;

	/* Its own. */
	struct chance chance;
	struct twcc_feedback receiver;
	int64_t  busy_until_us;
	int64_t  last_arrival_us;
	bool     losing;
	int64_t  jitter_now_us, jitter_until_us;
	uint16_t rtp_sequence;
	int64_t  frame_us, audio_us, feedback_us;
	unsigned flight_first, flight_count;
	struct line_flight flight[LINE_FLIGHT_MAX];
	unsigned feedback_first, feedback_count;
	struct line_feedback feedback[LINE_FEEDBACK_MAX];
};

/* A line of 500 kbit/s, 100 ms of round trip, a queue of 300 ms. */
struct line_model *line_model_new(const struct send_estimate_config *cfg,
    uint64_t seed);
void line_model_free(struct line_model *m);

void line_model_run(struct line_model *m, int64_t us);

/* Mean target over a run of so long. */
int64_t line_model_mean_bps(struct line_model *m, int64_t us);

#endif
