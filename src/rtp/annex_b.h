/*
 * NAL units in a byte stream (ITU-T H.264, annex B).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. No allocation.
 */
#ifndef RTP_ANNEX_B_H
#define RTP_ANNEX_B_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/reader.h"

/* ITU-T H.264, table 7-1. */
enum h264_nal_type {
	H264_SLICE = 1,
	H264_IDR_SLICE = 5,
	H264_SEI = 6,
	H264_SPS = 7,
	H264_PPS = 8,
	H264_DELIMITER = 9,
	H264_FILLER = 12,
	H264_SINGLE_MAX = 23,	/* above: what RTP adds (RFC 6184, 5.2) */
};

#define H264_NAL_TYPE   0x1f
#define H264_NAL_BROKEN 0x80	/* forbidden_zero_bit */

/* One NAL unit, borrowed, without its start code; never empty. */
struct annex_b_nal {
	const uint8_t *data;
	size_t         len;
};

/* The next NAL unit; false at the end. What precedes a start code is lost. */
bool annex_b_next(struct annex_b_nal *out, struct reader *r);

static inline unsigned
annex_b_type(const struct annex_b_nal *nal)
{
	return nal->data[0] & H264_NAL_TYPE;
}

#endif
