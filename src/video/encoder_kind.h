/*
 * What each library does for a video_encoder.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to video/video_encoder.c and video/encoder_*.c. The contract is in
 * video/video_encoder.h; sizes and rates were checked before.
 */
#ifndef VIDEO_ENCODER_KIND_H
#define VIDEO_ENCODER_KIND_H

#include "video/video_encoder.h"

struct encoder_kind {
	int  (*open)(void **out, const struct video_encoder_config *cfg);
	void (*close)(void *encoder);
	int  (*set_rate)(void *encoder, uint32_t bps);
	int  (*set_layers)(void *encoder, bool on);	/* or NULL */
	/* `frame` is of the configured size. */
	int  (*encode)(void *encoder, const struct video_frame *frame,
	    int64_t time_us, bool key, struct video_encoded *out);
};

/*
 * The buffer that every rate control has: what it holds at first, what it is
 * kept at, and at most; and the percent of its goal below which frames are
 * dropped.
 */
#define ENCODER_BUFFER_START_MS 500
#define ENCODER_BUFFER_GOAL_MS  600
#define ENCODER_BUFFER_MS       1000
#define ENCODER_DROP_BELOW      25

/*
 * What a key frame may take, in percent of a frame's share of the rate: half
 * of the buffer's goal, which is 56 kB of 1.5 Mbit/s, and a viewer's line
 * carries that in a third of a second; but three shares at least. Stills are
 * key frames all, and get their share.
 */
static inline unsigned
encoder_intra_percent(const struct video_encoder_config *cfg)
{
	const unsigned percent =
	    (unsigned)(ENCODER_BUFFER_GOAL_MS / 2 * cfg->fps / 10);

	if (cfg->stills)
		return 100;
	return percent > 300 ? percent : 300;
}

/* How long a frame is shown, in ticks of `hz`. */
static inline unsigned long
encoder_frame_ticks(const struct video_encoder_config *cfg, long hz)
{
	if (cfg->stills)
		return (unsigned long)(STILL_INTERVAL_US / 100 * (hz / 10000));
	return (unsigned long)(hz / cfg->fps);
}

/* Presentation time, which libraries want to grow with each frame. */
struct encoder_clock {
	bool    started;
	int64_t start_us, last;
};

/* In ticks of `hz`, a multiple of ten. */
static inline int64_t
encoder_clock_next(struct encoder_clock *c, int64_t time_us, int64_t hz)
{
	int64_t ticks;

	if (!c->started)
		c->start_us = time_us;
	ticks = ((time_us - c->start_us) * (hz / 10) + 50000) / 100000;
	if (c->started && ticks <= c->last)
		ticks = c->last + 1;
	c->started = true;
	c->last = ticks;
	return ticks;
}

extern const struct encoder_kind encoder_aom;
extern const struct encoder_kind encoder_vpx;
extern const struct encoder_kind encoder_av;

#endif
