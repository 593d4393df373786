/*
 * An outgoing frame cut into RTP payloads, whichever its codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mirror of rtp/frame_assembler.h, for what we send. Pure; borrows
 * the frame.
 */
#ifndef RTP_FRAME_CUTTER_H
#define RTP_FRAME_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/payload_av1.h"
#include "rtp/payload_h264.h"
#include "rtp/payload_vp8.h"
#include "rtp/payload_vp9.h"
#include "util/video_codec.h"

/* How the frames of a rendition are cut. */
struct frame_cutter_config {
	enum video_codec codec;
	bool             single_nal;	/* H.264: packetization mode 0 */
	uint16_t         width, height;	/* VP9 tells them */
	size_t           payload_max;
};

/* A frame of such a rendition. */
struct frame_cutter_frame {
	const uint8_t *data;
	size_t         len;
	bool           key;
	bool           droppable;	/* VP8: no other frame needs it */
	uint16_t       picture_id;	/* of VP8 and VP9 */
	uint8_t        tl0_index;	/* of VP8 */
};

struct frame_cutter {
	enum video_codec codec;
	union {
		struct payload_vp8_cutter  vp8;
		struct payload_h264_cutter h264;
		struct payload_vp9_cutter  vp9;
		struct payload_av1_cutter  av1;
	};
};

void frame_cutter_begin(struct frame_cutter *c,
    const struct frame_cutter_config *cfg,
    const struct frame_cutter_frame *frame);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t frame_cutter_next(struct frame_cutter *c, uint8_t *out, size_t size,
    bool *last);

/* Gives a payload of the codec a viewer's own counters. */
void frame_cutter_patch(enum video_codec codec, uint8_t *payload,
    uint16_t picture_id, uint8_t tl0_index);

#endif
