/*
 * A video encoder: VP8 by libvpx, H.264 by libavcodec's x264.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread inside, real time, no lag, key frames only when asked. VP8:
 * cpu-used -6, error resilience off. H.264: constrained baseline, superfast,
 * zerolatency, Annex B, with its parameter sets before each key frame. A
 * change of size is a new encoder. Owner: one encode thread.
 */
#ifndef VIDEO_VIDEO_ENCODER_H
#define VIDEO_VIDEO_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"
#include "video/video_frame.h"

struct video_encoder_config {
	int      width, height, fps;
	uint32_t bps;
	enum video_codec codec;	/* VIDEO_VP8 or VIDEO_H264 */
	unsigned nal_max;	/* H.264: bytes of the largest; 0: any */
};

struct video_encoded {
	const uint8_t *data;	/* borrowed until the next call */
	size_t         len;	/* 0: the encoder dropped this frame */
	bool           key;
};

struct video_encoder;

/* Touches each library once, before the sandbox. */
int  video_encoder_prepare(void);

/* Returns 0, -EINVAL, -ENOSYS (a library without the codec) or -EIO. */
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
