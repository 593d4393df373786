/*
 * What a coded picture says of itself, read before any decoder sees it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * VP8: RFC 6386, 9.1 (frame tag, start code, 14-bit sizes). Pure.
 */
#ifndef VIDEO_BITSTREAM_H
#define VIDEO_BITSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitstream_info {
	bool key;
	bool shown;
	int  width, height;	/* of a key frame; else 0 */
};

/* Returns 0, or -EBADMSG. */
int bitstream_vp8(struct bitstream_info *out, const uint8_t *data, size_t len);

#endif
