/*
 * VP8 over RTP (RFC 7741): descriptor and packetizer.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. What we send always has one fixed descriptor of 6 bytes (RFC 7741,
 * 4.2), so a client's own counters are patched in place by payload_vp8_patch:
 *
 *      0: X=1 R N S R PID=0       S in the first packet of a frame, N in
 *                                 droppable ones
 *      1: I=1 L=1 T=1 K=0 RSV
 *   2, 3: M=1 and 15 bits of PictureID
 *      4: TL0PICIDX
 *      5: TID Y KEYIDX=0          TID 0; Y in a key frame; droppable 1, Y
 */
#ifndef RTP_PAYLOAD_VP8_H
#define RTP_PAYLOAD_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_VP8_DESCRIPTOR 6	/* bytes of the descriptor we write */

struct payload_vp8 {
	bool           start;		/* S and PID 0: first of a frame */
	bool           non_reference;
	bool           has_picture_id, has_tl0;
	uint16_t       picture_id;
	uint8_t        tl0_index;
	uint8_t        temporal_id;
	const uint8_t *data;		/* borrowed, after the descriptor */
	size_t         data_len;
};

/* Returns 0, or -EBADMSG. */
int payload_vp8_parse(struct payload_vp8 *out, const uint8_t *payload,
    size_t len);

/* Whether VP8 data that starts a frame starts a key frame (RFC 7741, 4.3). */
bool payload_vp8_is_key(const uint8_t *data, size_t len);

/* One outgoing frame being cut into payloads. */
struct payload_vp8_cutter {
	const uint8_t *frame;
	size_t         frame_len;
	size_t         part_len;	/* equal parts, but the last */
	size_t         at;
	uint16_t       picture_id;
	uint8_t        tl0_index;
	bool           key;
	bool           droppable;	/* to be set by the caller */
};

/*
 * Cuts into equal parts so that no payload exceeds `payload_max`. PictureID
 * goes up by one each frame, TL0PICIDX by one each that is not droppable.
 */
void payload_vp8_cut(struct payload_vp8_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, uint16_t picture_id,
    uint8_t tl0_index);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t payload_vp8_next(struct payload_vp8_cutter *c, uint8_t *out,
    size_t size, bool *last);

/* Rewrites the counters of a payload that payload_vp8_next wrote. */
void payload_vp8_patch(uint8_t *payload, uint16_t picture_id,
    uint8_t tl0_index);

#endif
