/*
 * One encoding of the mosaic that many watch.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The canvas thread puts pictures into a newest-wins mailbox; the rendition's
 * encode thread takes them, encodes once, and emits whole coded frames. Key
 * frames asked by any number of viewers are joined: at most one a second
 * (the first frame is always one). Exists only while watched.
 */
#ifndef VIDEO_RENDITION_H
#define VIDEO_RENDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "video/video_encoder.h"

#define RENDITION_KEY_INTERVAL_US 1000000

/* A coded frame; the receiver frees it with free(). */
struct coded_frame {
	uint32_t rtp_time;
	int64_t  time_us;	/* when its picture was composed */
	bool     key;
	bool     droppable;	/* no other frame needs it */
	size_t   len;
	uint8_t  data[];
};

struct rendition;

struct rendition_stats {
	uint64_t frames;
	uint64_t keyframes;
	uint64_t bytes;
	uint64_t dropped;	/* by the encoder's rate control */
};

int  rendition_new(struct rendition **out,
    const struct video_encoder_config *cfg);
void rendition_free(struct rendition *r);

/* Any thread: the next encode that may be a key frame is one. */
void rendition_want_key(struct rendition *r);

/* Encode thread; as video_encoder_set_layers. */
int rendition_set_layers(struct rendition *r, bool on);

/*
 * Encode thread. Encodes `frame`; *out is the caller's to free, NULL when
 * nothing came out. Returns 0, -ENOMEM or -EIO.
 */
int rendition_encode(struct rendition *r, const struct video_frame *frame,
    int64_t now_us, struct coded_frame **out);

const struct rendition_stats *rendition_stats(const struct rendition *r);

#endif
