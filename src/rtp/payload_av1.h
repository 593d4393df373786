/*
 * AV1 over RTP (AOM, RTP payload format 1.0): OBUs in packets.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. OBUs come in elements that may be parted over packets; they leave
 * with a length each (of four bytes), without temporal delimiters, tile lists
 * and padding. The header of an OBU must be whole in its first element.
 *
 * What we send: the same are left out; each element has its length (W=0), no
 * OBU one of its own; the first packet of a key frame has N, without which
 * browsers freeze for seconds when the codec changes in mid-stream.
 */
#ifndef RTP_PAYLOAD_AV1_H
#define RTP_PAYLOAD_AV1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/reader.h"

/* AV1 bitstream, 6.2.2. */
enum av1_obu_type {
	AV1_SEQUENCE = 1,
	AV1_DELIMITER = 2,
	AV1_FRAME_HEADER = 3,
	AV1_FRAME = 6,
	AV1_TILE_LIST = 8,
	AV1_PADDING = 15,
};

/* AV1 bitstream, 5.3.2. */
struct av1_obu {
	enum av1_obu_type type;		/* or another number of 4 bits */
	bool     has_extension, has_size;
	uint8_t  extension;
	uint32_t size;			/* when it has one */
};

/* Reads a header and, when it has one, the size after it. */
struct av1_obu payload_av1_obu(struct reader *r);

/* One outgoing frame being cut into payloads. */
struct payload_av1_cutter {
	struct reader  frame;		/* OBUs that were not begun */
	struct reader  obu;		/* what is left of the one that was */
	struct av1_obu head;
	bool           begun, continues;	/* of that one */
	bool           key, first;
	size_t         payload_max;
};

/*
 * `frame` is of OBUs that have their sizes, as encoders write them. What is
 * malformed ends the frame.
 */
void payload_av1_cut(struct payload_av1_cutter *c, const uint8_t *frame,
    size_t frame_len, size_t payload_max, bool key);

/* Writes the next payload; *last says it is the frame's last. 0: no more. */
size_t payload_av1_next(struct payload_av1_cutter *c, uint8_t *out,
    size_t size, bool *last);

#endif
