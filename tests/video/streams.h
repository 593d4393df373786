/*
 * Coded pictures from tests/data/video/, and bits to spoil them with.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_VIDEO_STREAMS_H
#define TESTS_VIDEO_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_FRAMES_MAX 64

struct stream {
	uint8_t *bytes;
	unsigned count;
	struct { const uint8_t *data; size_t len; } frames[STREAM_FRAMES_MAX];
};

/* An .ivf file, or one of H.264 (.264) with a delimiter before each picture. */
void stream_load(struct stream *out, const char *name);
void stream_clear(struct stream *s);

/* Bits written most significant first. */
struct bits {
	uint8_t  bytes[256];
	unsigned count;
};

void bits_put(struct bits *b, uint32_t value, unsigned count);
void bits_ue(struct bits *b, uint32_t value);

/*
 * An H.264 SPS of baseline profile, with start code: its size in macroblocks,
 * references, what is cropped at the right and below (in two samples), and,
 * unless it is negative, how many pictures are put into another order.
 * Returns its length.
 */
size_t h264_sps(uint8_t *out, unsigned width, unsigned height,
    unsigned references, unsigned crop_right, unsigned crop_bottom,
    int reordered);

/* An AV1 sequence header OBU of this size, with its length. */
size_t av1_sequence(uint8_t *out, unsigned width, unsigned height);

#endif
