/*
 * Payloads of a rendition, kept once for all its viewers, for resending.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rendition's packets get consecutive 64-bit indices. A viewer keeps only
 * the offset between its own sequence numbers and the index. The history holds
 * the last `capacity` packets; one newest key frame stays findable, so that a
 * joiner can start from it when all from there on is still held. Pure; net
 * thread.
 */
#ifndef RTP_SEND_HISTORY_H
#define RTP_SEND_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEND_PAYLOAD_MAX 1200

struct send_packet {
	int64_t  index;		/* in the rendition's line */
	uint32_t timestamp;
	uint16_t picture_id;	/* of the rendition, unpatched */
	uint8_t  tl0_index;
	bool     marker;
	bool     key_start;	/* first packet of a key frame */
	bool     droppable;	/* of a frame that no other needs */
	int64_t  made_us;
	size_t   payload_len;
	uint8_t  payload[SEND_PAYLOAD_MAX];
};

struct send_history;

/* -EINVAL for a capacity of 0, -ENOMEM. */
int  send_history_new(struct send_history **out, unsigned capacity);
void send_history_free(struct send_history *h);

/*
 * Nothing made so far is held any more, and its memory goes back: nobody
 * watches. Indices go on.
 */
void send_history_forget(struct send_history *h);

/*
 * A slot for the next packet, index set; valid until overwritten. Fill in the
 * rest before the next call.
 */
struct send_packet *send_history_add(struct send_history *h);

/* NULL when it was never made, is overwritten or forgotten. */
const struct send_packet *send_history_get(const struct send_history *h,
    int64_t index);

int64_t send_history_next_index(const struct send_history *h);

/* First index of the newest key frame still held whole, or -1. */
int64_t send_history_key_index(const struct send_history *h);

#endif
