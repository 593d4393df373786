/*
 * Frames put together from the packets of one received video stream.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For all codecs; what differs is in rtp/payload_*.c. A frame comes out as
 * its decoder takes it: one VP8 frame (RFC 7741), one VP9 frame of the lowest
 * spatial layer (RFC 9628), NAL units with start codes (RFC 6184), or the
 * OBUs of a temporal unit, each with its length and no delimiter (AV1 RTP).
 * Holds at most 512 packets, 1 MiB and 255 NAL units or OBUs a frame; packet
 * data is copied in. A packet without payload (padding) only fills its place
 * in the sequence. A stream may change its codec with a key frame. Pure.
 */
#ifndef RTP_FRAME_ASSEMBLER_H
#define RTP_FRAME_ASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/rtp_packet.h"
#include "util/video_codec.h"

#define FRAME_PACKETS_MAX 512
#define FRAME_UNITS_MAX   255
#define FRAME_LEN_MAX     (1024 * 1024)

struct frame_assembler;

/* A complete frame; `data` borrows the assembler until its next call. */
struct rtp_frame {
	enum video_codec codec;
	const uint8_t   *data;
	size_t           len;
	bool             key;
	uint32_t         timestamp;
	int64_t          arrival_us;	/* of its last packet */
	uint16_t         first_sequence;
};

enum frame_verdict {
	FRAME_MORE,		/* nothing complete yet */
	FRAME_READY,		/* *out is the next frame to decode */
	FRAME_NEED_KEY,		/* continuity is lost: ask for a key frame */
};

int  frame_assembler_new(struct frame_assembler **out);
void frame_assembler_free(struct frame_assembler *a);

/* A packet of the stream came, in any order. */
void frame_assembler_push(struct frame_assembler *a, enum video_codec codec,
    const struct rtp_packet *packet, int64_t arrival_us);

/*
 * The next frame in decode order, when all its packets came and the frames
 * before it were given out (or a key frame makes them moot). Frames wait for
 * missing packets; frame_assembler_give_up after nack gave up drops what waits
 * until the next key frame. Call until it returns FRAME_MORE. FRAME_NEED_KEY
 * comes again for each frame that begins while a key frame is lacking; the
 * caller spaces its requests. Memory that is short counts as a lost packet.
 */
enum frame_verdict frame_assembler_pull(struct frame_assembler *a,
    struct rtp_frame *out);

void frame_assembler_give_up(struct frame_assembler *a);

#endif
