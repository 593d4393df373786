/*
 * One datagram with its arrival time and addresses, and the pool it lives in.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A packet has one owner at a time and is handed over, never shared. It goes
 * back to its pool by packet_free, from any thread. The pool has a maximum;
 * when it is empty packet_new returns NULL and the datagram is dropped and
 * counted by the caller. Room is left after the bytes for what SRTP adds.
 */
#ifndef UTIL_PACKET_H
#define UTIL_PACKET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_CAPACITY 1600	/* 1500 of Ethernet and an SRTP trailer */

/* An IPv4 or IPv6 address and port; v4 stays AF_INET. */
union packet_addr {
	struct sockaddr     any;
	struct sockaddr_in  v4;
	struct sockaddr_in6 v6;
};

struct packet {
	struct packet_pool *pool;
	struct packet      *next;	/* the pool's free list; owner's use */
	int64_t             arrival_us;	/* monotonic, from the kernel stamp */
	int64_t             captured_us;	/* by the sender's clock; INT64_MIN:
						 * not known */
	union packet_addr   remote;	/* where it came from or goes to */
	union packet_addr   local;	/* address it was sent to (port 0) */
	size_t              len;
	uint8_t             bytes[PACKET_CAPACITY];
};

struct packet_pool;

/* At most `max` packets; allocates them as they are first needed. */
int  packet_pool_new(struct packet_pool **out, unsigned max);
/* All packets must be back. */
void packet_pool_free(struct packet_pool *pool);

/* NULL when `max` are out or memory is short. */
struct packet *packet_new(struct packet_pool *pool);
void           packet_free(struct packet **packet);

/* Same family, address and port (IPv6: also the scope). */
int packet_addr_equal(const union packet_addr *a, const union packet_addr *b);
socklen_t packet_addr_len(const union packet_addr *a);

/* "192.0.2.1:40000" or "[2001:db8::1]:40000", for logs. */
#define PACKET_ADDR_TEXT 64
void packet_addr_print(char out[PACKET_ADDR_TEXT],
    const union packet_addr *a);

#endif
