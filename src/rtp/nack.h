/*
 * What is missing of a stream, and when to ask for it again.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 4585, 6.2.1. A gap is asked for at once (after 10 ms, in case of
 * reordering), then once an RTT (at least 20 ms), at most 10 times and no
 * longer than 1 s; a gap of more than 256 packets is not repaired but
 * reported as lost, and a key frame is wanted instead; so is one that would
 * make more than 256 packets missing at a time.
 *
 * Sound cannot wait: it is asked for while the answer can come within 340 ms,
 * so that it is still heard; gaps of more than 25 packets are let go. Browsers
 * ignore what comes sooner after their last answer than their RTT as they know
 * it, which may be more than ours. So the second time is 10 ms after an RTT,
 * when the first answer must have come, and then each 20 ms, 12 times in all: an
 * ask that was ignored costs 20 ms, not an RTT. Pure; net thread.
 */
#ifndef RTP_NACK_H
#define RTP_NACK_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp/rtp_packet.h"

#define NACK_MISSING_MAX 256

struct nack_missing {
	int64_t  sequence;
	int64_t  since_us;
	int64_t  asked_us;	/* 0: not yet */
	unsigned asked;
};

struct nack_limits;

struct nack {
	const struct nack_limits *limits;
	struct rtp_unwrap   unwrap;
	int64_t             highest;
	bool                started;
	unsigned            count;
	struct nack_missing missing[NACK_MISSING_MAX];	/* ascending */
};

void nack_init(struct nack *n);
void nack_init_sound(struct nack *n);

/* Whether the packet is missing and was asked for. */
bool nack_asked(const struct nack *n, uint16_t sequence);

/* A packet came. Returns true when a gap was too large to repair. */
bool nack_received(struct nack *n, uint16_t sequence, int64_t now_us);

/*
 * Sequences to ask for now, ascending; returns how many. *gave_up says that
 * some were given up: a key frame is needed. A negative RTT is unknown and
 * taken for 100 ms.
 */
unsigned nack_due(struct nack *n, int64_t now_us, int64_t rtt_us,
    uint16_t out[NACK_MISSING_MAX], bool *gave_up);

/* When nack_due has something to do next; INT64_MAX when nothing is missing. */
int64_t nack_next_us(const struct nack *n, int64_t rtt_us);

/* Forgets what is missing before `sequence` (a key frame made it moot). */
void nack_forget_before(struct nack *n, uint16_t sequence);

#endif
