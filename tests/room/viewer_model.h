/*
 * A viewer of a room at the end of a line that does not exist.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All that the net thread does for a viewer is the program's own: the choice
 * of rendition, pacer, estimate, sound and its repair, resends, reports. What
 * is made up: encoders (frames of the sizes that ours give, key frames of
 * 300 ms worth of their rate), the line (a token bucket with a queue that
 * drops, delay, jitter, loss in runs) and the browser behind it, which answers in
 * real RTCP. Time passes in steps of a millisecond; the same seed gives the
 * same run. It takes the place of room.o, pipeline.o and libnet.a, so a
 * program that links this must not link those.
 */
#ifndef TESTS_ROOM_VIEWER_MODEL_H
#define TESTS_ROOM_VIEWER_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct viewer_model;

/* To be set at any time. */
struct viewer_line {
	int64_t  capacity_bps;		/* IP headers included; 0: any rate */
	int64_t  delay_us;		/* each way */
	int64_t  queue_us;		/* the longest queue */
	unsigned loss_permille, loss_run;	/* down; run: mean length */
	unsigned up_loss_permille;
	int64_t  jitter_us;		/* 95 % of draws, each 20 ms, are below */
	unsigned reorder_permille;	/* each by 40 ms */
	bool     dead;			/* nothing goes through */
};

#define VIEWER_RUNGS 7			/* the last one: sound alone */

/* Since viewer_model_measure. */
struct viewer_figures {
	double   seconds;
	double   rung_share[VIEWER_RUNGS];	/* of the time */
	unsigned moves;			/* from rung to rung */
	unsigned rung;			/* now */
	double   sound_lost;		/* share that never came in time */
	int64_t  sound_gap_us;		/* longest */
	double   pictures_per_s;
	int64_t  pause_us;		/* longest without a picture */
	int64_t  picture_late_us;	/* most, by its RTP time */
	int64_t  queue_p95_us, queue_most_us;	/* of the line */
	double   used;			/* share of the capacity */
	unsigned probes;
	int64_t  target_bps;		/* now */
};

struct viewer_model *viewer_model_new(uint64_t seed, bool feedback);
void viewer_model_free(struct viewer_model *m);

struct viewer_line *viewer_model_line(struct viewer_model *m);
/* The room's side of the viewer, for tests that look deeper. */
struct participant *viewer_model_who(struct viewer_model *m);
void viewer_model_run(struct viewer_model *m, int64_t us);
void viewer_model_measure(struct viewer_model *m);
struct viewer_figures viewer_model_figures(const struct viewer_model *m);

/* Tells each second what goes on, on stderr. */
void viewer_model_tell(struct viewer_model *m);

#endif
