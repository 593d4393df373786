/*
 * What a coded picture says of itself, read before any decoder sees it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * VP8: RFC 6386, 9.1 (frame tag, start code, 14-bit sizes). H.264: each SPS
 * (7.3.2.1.1) of an access unit with start codes; baseline, main and high
 * profile of 8 bit 4:2:0 frames with no more references than level 4 has.
 * VP9: the uncompressed header (6.2) of profile 0. AV1: the sequence header
 * (5.5) of profile 0 and the frame headers of a temporal unit. A VP9
 * superframe, more than 255 NAL units, or more than eight AV1 frames in a
 * unit are refused: each would be more than one picture's work. Pure.
 */
#ifndef VIDEO_BITSTREAM_H
#define VIDEO_BITSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/video_codec.h"

struct bitstream_info {
	bool key;		/* needs no picture before it */
	bool shown;		/* VP8, VP9: not hidden */
	int  width, height;	/* 0: it says none, those before hold */
};

/* Returns 0, or -EBADMSG with *out untouched. */
int bitstream_read(struct bitstream_info *out, enum video_codec codec,
    const uint8_t *data, size_t len);

/* The same for one codec. */
int bitstream_vp8(struct bitstream_info *out, const uint8_t *data, size_t len);
int bitstream_h264(struct bitstream_info *out, const uint8_t *data,
    size_t len);
int bitstream_vp9(struct bitstream_info *out, const uint8_t *data, size_t len);
int bitstream_av1(struct bitstream_info *out, const uint8_t *data, size_t len);

#endif
