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
	/* `frame` is of the configured size. */
	int  (*encode)(void *encoder, const struct video_frame *frame,
	    int64_t time_us, bool key, struct video_encoded *out);
};

extern const struct encoder_kind encoder_vpx;
extern const struct encoder_kind encoder_av;

#endif
