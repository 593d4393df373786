/*
 * VP9 over RTP (RFC 9628): the descriptor; only received here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. Of spatial layers the lowest alone is taken.
 */
#ifndef RTP_PAYLOAD_VP9_H
#define RTP_PAYLOAD_VP9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct payload_vp9 {
	bool           begins, ends;	/* B, E: of a frame of one layer */
	bool           has_picture_id;
	uint16_t       picture_id;
	uint8_t        temporal_id, spatial_id;
	const uint8_t *data;		/* borrowed, after the descriptor */
	size_t         data_len;
};

/* Returns 0, or -EBADMSG. */
int payload_vp9_parse(struct payload_vp9 *out, const uint8_t *payload,
    size_t len);

/* Whether VP9 data that starts a frame starts a key frame (profiles 0-2). */
bool payload_vp9_is_key(const uint8_t *data, size_t len);

#endif
