/*
 * One direction of a bad line: what it loses, delays, mixes up and squeezes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   push → mtu → blackout → loss → copies, flipped bits
 *        → queue before the rate → delay, jitter → pull
 *
 * Loss in bursts is Gilbert-Elliott's: in the bad state all is lost, and its
 * mean length is `burst`. The rate is a token bucket that counts IP and UDP
 * headers; what does not fit into the queue is dropped (tail drop). Jitter
 * keeps packets in order, and those of 20 ms share one draw: a line that
 * stands still lets go of all that waits at once. Only `reorder` lets packets
 * overtake.
 *
 * Pure: time is an argument, which never goes back; chance comes of a seed, so
 * that the same packets at the same times meet the same fate. At most
 * RELAY_PACKETS_MAX packets are held.
 */
#ifndef RELAY_RELAY_LINE_H
#define RELAY_RELAY_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "relay/relay_settings.h"

#define RELAY_PACKETS_MAX 65536
#define RELAY_HEADERS     28	/* IPv4 and UDP */

struct relay_line;

struct relay_packet {
	struct relay_packet *next;	/* in the queue */
	int64_t              arrived_us, due_us;
	uint64_t             serial;
	unsigned             flow;	/* the caller's */
	size_t               len;
	uint8_t              bytes[];
};

struct relay_counts {
	uint64_t packets, bytes;	/* pushed; bytes without headers */
	uint64_t sent, sent_bytes;	/* pulled */
	uint64_t lost;			/* by chance */
	uint64_t over_queue, over_mtu, in_blackout, over_memory;
	uint64_t duplicated, corrupted, reordered;
};

/* -ENOMEM. */
int  relay_line_new(struct relay_line **out, uint64_t seed);
void relay_line_free(struct relay_line *line);

/* From now on; what waits stays, and leaves at the new rate. */
void relay_line_set(struct relay_line *line, const struct relay_settings *s,
    int64_t now_us);

/* Copies `len` bytes. */
void relay_line_push(struct relay_line *line, unsigned flow,
    const uint8_t *bytes, size_t len, int64_t now_us);

/* When something may come out; INT64_MAX: nothing is held. */
int64_t relay_line_next_us(struct relay_line *line, int64_t now_us);

/* What is due, one by one, the caller's to free(); else NULL. */
struct relay_packet *relay_line_pull(struct relay_line *line, int64_t now_us);

const struct relay_counts *relay_line_counts(const struct relay_line *line);

/* How long packets waited for the rate; `quantile` 0..1, 1 is the longest. */
int64_t relay_line_wait_us(const struct relay_line *line, double quantile);

/* How long the next packet would wait. */
int64_t relay_line_backlog_us(const struct relay_line *line, int64_t now_us);

/* Counts and waits begin anew. */
void relay_line_reset(struct relay_line *line);

#endif
