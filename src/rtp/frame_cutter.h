/*
 * An outgoing frame cut into RTP payloads, whichever its codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mirror of rtp/frame_assembler.h, for what we send: VP8 and H.264. Pure;
 * borrows the frame.
 */
#ifndef RTP_FRAME_CUTTER_H
#define RTP_FRAME_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/payload_h264.h"
#include "rtp/payload_vp8.h"
#include "util/video_codec.h"

/* How the frames of a rendition are cut. */
struct frame_cutter_config {
	enum video_codec codec;		/* VIDEO_VP8 or VIDEO_H264 */
	bool             single_nal;	/* H.264: packetization mode 0 */
	size_t           payload_max;
};

struct frame_cutter {
	enum video_codec codec;
	union {
		struct payload_vp8_cutter  vp8;
		struct payload_h264_cutter h264;
	};
};

/* PictureID and TL0PICIDX are of VP8 alone. */
void frame_cutter_begin(struct frame_cutter *c,
    const struct frame_cutter_config *cfg, const uint8_t *frame, size_t len,
    uint16_t picture_id, uint8_t tl0_index);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t frame_cutter_next(struct frame_cutter *c, uint8_t *out, size_t size,
    bool *last);

#endif
