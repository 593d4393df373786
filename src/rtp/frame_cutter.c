/*
 * An outgoing frame cut into RTP payloads, whichever its codec.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "rtp/frame_cutter.h"

void
frame_cutter_begin(struct frame_cutter *c,
    const struct frame_cutter_config *cfg,
    const struct frame_cutter_frame *frame)
{
	c->codec = cfg->codec;
	switch (c->codec) {
	case VIDEO_VP8:
		payload_vp8_cut(&c->vp8, frame->data, frame->len,
		    cfg->payload_max, frame->picture_id, frame->tl0_index);
		c->vp8.droppable = frame->droppable;
		break;
	case VIDEO_H264:
		payload_h264_cut(&c->h264, frame->data, frame->len,
		    cfg->payload_max, cfg->single_nal);
		break;
	case VIDEO_VP9:
		payload_vp9_cut(&c->vp9, frame->data, frame->len,
		    cfg->payload_max, frame->picture_id, cfg->width,
		    cfg->height);
		break;
	case VIDEO_AV1:
		payload_av1_cut(&c->av1, frame->data, frame->len,
		    cfg->payload_max, frame->key);
		break;
	}
}

size_t
frame_cutter_next(struct frame_cutter *c, uint8_t *out, size_t size,
    bool *last)
{
	switch (c->codec) {
	case VIDEO_VP8:
		return payload_vp8_next(&c->vp8, out, size, last);
	case VIDEO_H264:
		return payload_h264_next(&c->h264, out, size, last);
	case VIDEO_VP9:
		return payload_vp9_next(&c->vp9, out, size, last);
	case VIDEO_AV1:
		return payload_av1_next(&c->av1, out, size, last);
	}
	return 0;
}

void
frame_cutter_patch(enum video_codec codec, uint8_t *payload,
    uint16_t picture_id, uint8_t tl0_index)
{
	if (codec == VIDEO_VP8)
		payload_vp8_patch(payload, picture_id, tl0_index);
	else if (codec == VIDEO_VP9)
		payload_vp9_patch(payload, picture_id);
}
