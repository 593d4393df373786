/*
 * A loop of coded pictures, drawn or read from a file, kept in memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The first frame is a key frame, so a loop can start anew at any time. Made
 * once, read by all peers.
 */
#ifndef PEER_CLIP_H
#define PEER_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer/portrait.h"
#include "video/video_encoder.h"

struct clip_frame {
	uint8_t *data;
	size_t   len;
	bool     key;
	bool     flash;		/* the first of some white ones */
};

struct clip {
	int      width, height, fps;
	enum video_codec codec;		/* VIDEO_VP8 or VIDEO_H264 */
	unsigned count;
	struct clip_frame *frames;
};

/* Reads a VP8 .ivf file. Returns 0 or -errno (-EBADMSG: not one). */
int clip_read_ivf(struct clip *out, const char *path);

/* Draws and encodes `count` frames of a portrait. Returns 0 or -errno. */
int clip_draw(struct clip *out, const struct portrait *portrait,
    const struct video_encoder_config *cfg, unsigned count);

/*
 * Dark pictures that turn white for a moment, each 0.8 s: to be seen at the
 * other end. Returns 0 or -errno.
 */
int clip_draw_flashes(struct clip *out, int width, int height);

void clip_clear(struct clip *clip);

#endif
