/*
 * H.264 over RTP (RFC 6184): packetizer; the other way is in the assembler.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. Reads single NAL units, STAP-A and FU-A (packetization modes 0 and
 * 1); what belongs to the interleaved mode is no payload. Delimiters, SEI and
 * filler are not sent.
 */
#ifndef RTP_PAYLOAD_H264_H
#define RTP_PAYLOAD_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/annex_b.h"
#include "util/reader.h"

/* One outgoing frame of NAL units with start codes being cut. */
struct payload_h264_cutter {
	struct reader      frame;
	size_t             payload_max;
	bool               single;	/* packetization mode 0 */
	struct annex_b_nal nal;		/* next to send; len 0: none is left */
	size_t             part_at;	/* of the NAL unit in fragments */
	size_t             part_len;	/* equal parts, but the last */
};

/*
 * Mode 1 gathers small NAL units into STAP-A and parts large ones into equal
 * FU-A. Mode 0 sends each by itself, whatever its length: the encoder is to
 * bound it.
 */
void payload_h264_cut(struct payload_h264_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, bool single);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t payload_h264_next(struct payload_h264_cutter *c, uint8_t *out,
    size_t size, bool *last);

#endif
