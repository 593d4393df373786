/*
 * A video encoder: VP8 and VP9 by libvpx, AV1 by libaom, H.264 by x264.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread inside, real time, no lag, key frames only when asked. VP8:
 * cpu-used -6, error resilience off. VP9: speed 8. AV1: speed 10. H.264 (by
 * libavcodec): constrained baseline, superfast, zerolatency, Annex B, with its
 * parameter sets before each key frame. A change of size is a new encoder.
 *
 * Stills are sharp pictures each STILL_INTERVAL_US, all of them key frames
 * that share `bps` evenly. Layers (VP8): every other frame may be left out, as
 * no other needs it; those that stay have `base_bps`. It costs all viewers
 * nearly 1 dB, so it is switched on while somebody needs it; no key frame is
 * wanted for that. Owner: one encode thread.
 */
#ifndef VIDEO_VIDEO_ENCODER_H
#define VIDEO_VIDEO_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"
#include "video/video_frame.h"

#define STILL_INTERVAL_US 2000000

struct video_encoder_config {
	int      width, height, fps;
	uint32_t bps;
	enum video_codec codec;
	unsigned nal_max;	/* H.264: bytes of the largest; 0: any */
	bool     stills;
	uint32_t base_bps;	/* VP8 in layers; 0: never in layers */
};

struct video_encoded {
	const uint8_t *data;	/* borrowed until the next call */
	size_t         len;	/* 0: the encoder dropped this frame */
	bool           key;
	bool           droppable;	/* no other frame needs it */
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

/* In layers from the next frame on, or not; -ENOTSUP where that cannot be. */
int video_encoder_set_layers(struct video_encoder *e, bool on);

/* `time_us` grows from call to call. Returns 0 or -EIO. */
int video_encoder_encode(struct video_encoder *e,
    const struct video_frame *frame, int64_t time_us, bool key,
    struct video_encoded *out);

#endif
