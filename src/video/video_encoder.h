/*
 * A video encoder; today VP8 by libvpx (encoder_vpx.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread inside, cpu-used -6, real time, no lag, error resilience off,
 * key frames only when asked. A change of size is a new encoder. Owner: one
 * encode thread.
 */
#ifndef VIDEO_VIDEO_ENCODER_H
#define VIDEO_VIDEO_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "video/video_frame.h"

struct video_encoder_config {
	int      width, height, fps;
	uint32_t bps;
};

struct video_encoded {
	const uint8_t *data;	/* borrowed until the next call */
	size_t         len;	/* 0: the encoder dropped this frame */
	bool           key;
};

struct video_encoder;

/* Touches the library once, before the sandbox. */
int  video_encoder_prepare(void);

int  video_encoder_new(struct video_encoder **out,
    const struct video_encoder_config *cfg);
void video_encoder_free(struct video_encoder *e);

/* A new rate from the next frame on; no key frame. */
int video_encoder_set_rate(struct video_encoder *e, uint32_t bps);

/* `time_us` grows from call to call. Returns 0 or -EIO. */
int video_encoder_encode(struct video_encoder *e,
    const struct video_frame *frame, int64_t time_us, bool key,
    struct video_encoded *out);

#endif
