/*
 * What was sent to a peer, by transport-wide sequence number.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The last 2048 packets, some seconds. Numbers are 64 bits here and 16 on the
 * wire. What the peer says of packets that were never sent, or long ago, finds
 * nothing. Pure, of fixed size; net thread.
 */
#ifndef RTP_SEND_LOG_H
#define RTP_SEND_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define SEND_LOG_PACKETS 2048	/* a power of two */

enum send_log_fate { SEND_IN_FLIGHT, SEND_RECEIVED, SEND_LOST };

struct send_log_packet {
	int64_t  number;
	int64_t  sent_us;
	uint32_t ssrc;
	uint16_t rtp_sequence;
	uint16_t bytes;
	uint16_t probe;		/* cluster; 0: of none */
	uint16_t beside;	/* bytes without a number, sent before it */
	bool     again;		/* the same packet will be sent once more */
	uint8_t  fate;		/* enum send_log_fate, as last reported */
};

struct send_log {
	int64_t  next;		/* number */
	struct send_log_packet packets[SEND_LOG_PACKETS];
	int64_t  by_rtp[SEND_LOG_PACKETS];	/* number, by hash */
};

/* `first` is the first number on the wire. */
void send_log_init(struct send_log *log, uint16_t first);

/* Notes a packet; returns the number to put into it. */
uint16_t send_log_add(struct send_log *log,
    const struct send_log_packet *packet);

/* NULL: not sent, or no longer known. */
struct send_log_packet *send_log_find(struct send_log *log,
    uint16_t sequence);

/* By SSRC and RTP sequence number; of several the newest. */
struct send_log_packet *send_log_find_rtp(struct send_log *log,
    uint32_t ssrc, uint16_t rtp_sequence);

#endif
