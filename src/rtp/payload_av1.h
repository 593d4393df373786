/*
 * AV1 over RTP (AOM, RTP payload format 1.0): only received here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure. OBUs come in elements that may be parted over packets; they leave
 * with a length each (of four bytes), without temporal delimiters, tile lists
 * and padding. The header of an OBU must be whole in its first element.
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

#endif
