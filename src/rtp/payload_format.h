/*
 * What the frame assembler must know of a codec's payloads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to rtp/. Pure. A payload is looked at when it comes, in any order;
 * when all of a frame is there, its payloads are appended in their order.
 */
#ifndef RTP_PAYLOAD_FORMAT_H
#define RTP_PAYLOAD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/writer.h"

/* Bytes that appending may add for each NAL unit or OBU that begins. */
#define PAYLOAD_UNIT_GROWTH 4

/* What one payload is to the frame that it is part of. */
struct payload_sight {
	bool     start;		/* a frame may begin here */
	bool     end;		/* one ends here, marker or not */
	bool     skip;		/* of a layer that is not taken */
	bool     parameters;	/* holds what a decoder needs to begin */
	bool     intra;		/* a picture that needs no other begins */
	bool     delta;		/* one that needs those before begins */
	unsigned units;		/* NAL units or OBUs that begin here */
};

/* A frame being put together. */
struct frame_builder {
	struct writer out;
	bool          open;	/* a NAL unit or OBU is to be continued */
	bool          dropping;	/* ... which is not kept */
	size_t        size_at;	/* AV1: where its length belongs */
	size_t        declared;	/* AV1: what it said itself; 0: nothing */
};

/*
 * How long the parts are that `len` bytes are cut into, of at most `room`
 * bytes each: equal, but for the last. Neither may be 0.
 */
static inline size_t
payload_part_len(size_t len, size_t room)
{
	return (len - 1) / ((len - 1) / room + 1) + 1;
}

struct payload_format {
	/* Returns 0, or -EBADMSG with *out untouched. */
	int  (*look)(struct payload_sight *out, const uint8_t *payload,
	    size_t len);
	/* False when it does not fit to what was appended before. */
	bool (*append)(struct frame_builder *b, const uint8_t *payload,
	    size_t len);
};

extern const struct payload_format payload_vp8_format;
extern const struct payload_format payload_h264_format;
extern const struct payload_format payload_vp9_format;
extern const struct payload_format payload_av1_format;

#endif
