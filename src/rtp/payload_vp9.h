/*
 * VP9 over RTP (RFC 9628): descriptor and packetizer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. Of spatial layers the lowest alone is taken. What we send has no
 * layers and no references, and a descriptor of 3 bytes (RFC 9628, 4.2),
 * so that payload_vp9_patch changes a client's own PictureID in place:
 *
 *      0: I=1 P L=0 F=0 B E V Z=0   P but in key frames
 *   1, 2: M=1 and 15 bits of PictureID
 *      V: one size, width and height (in the first packet of a key frame)
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

/* One outgoing frame being cut into payloads. */
struct payload_vp9_cutter {
	const uint8_t *frame;
	size_t         frame_len;
	size_t         part_len;	/* equal parts, but the last */
	size_t         at;
	uint16_t       picture_id, width, height;
	bool           key;
};

/* Cuts into equal parts so that no payload exceeds `payload_max`. */
void payload_vp9_cut(struct payload_vp9_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, uint16_t picture_id,
    uint16_t width, uint16_t height);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t payload_vp9_next(struct payload_vp9_cutter *c, uint8_t *out,
    size_t size, bool *last);

/* Rewrites the PictureID of a payload that payload_vp9_next wrote. */
void payload_vp9_patch(uint8_t *payload, uint16_t picture_id);

#endif
