/*
 * An outgoing frame cut into RTP payloads, whichever its codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/frame_cutter.h"

void
frame_cutter_begin(struct frame_cutter *c,
    const struct frame_cutter_config *cfg, const uint8_t *frame, size_t len,
    uint16_t picture_id, uint8_t tl0_index)
{
	c->codec = cfg->codec;
	if (c->codec == VIDEO_H264)
		payload_h264_cut(&c->h264, frame, len, cfg->payload_max,
		    cfg->single_nal);
	else
		payload_vp8_cut(&c->vp8, frame, len, cfg->payload_max,
		    picture_id, tl0_index);
}

size_t
frame_cutter_next(struct frame_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	if (c->codec == VIDEO_H264)
		return payload_h264_next(&c->h264, out, size, last);
	return payload_vp8_next(&c->vp8, out, size, last);
}
