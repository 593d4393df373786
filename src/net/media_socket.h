/*
 * The room's two UDP sockets: batches in with kernel time, batches out.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The descriptors come from tesserad with all options set (non-blocking,
 * SO_TIMESTAMPNS, IP_PKTINFO / IPV6_RECVPKTINFO, V6ONLY). Only monotonic
 * microseconds leave: arrival = now - clamp(real_now - kernel stamp, 0, 1 s),
 * both clocks read once a batch. A reply leaves from the very address its
 * request came to (packet->local). Packets in a row between the same addresses
 * and of one size, but for a shorter last one, leave as one message that the
 * kernel cuts up (UDP_SEGMENT, "GSO"); a frame to a viewer is such a run. Where
 * that is not known or refused they leave one by one.
 * Net thread; owns the descriptors.
 */
#ifndef NET_MEDIA_SOCKET_H
#define NET_MEDIA_SOCKET_H

#include <stdint.h>

#include "util/packet.h"

struct event_base;
struct media_socket;

struct media_socket_stats {
	uint64_t packets_in, bytes_in;
	uint64_t packets_out, bytes_out;
	uint64_t messages_out;		/* that carried them: runs count once */
	uint64_t dropped;		/* no packet free, or send refused */
};

struct media_socket_handler {
	/* Takes the packet. */
	void (*datagram)(void *to, struct packet *packet, int64_t now_us);
	/* After each batch: send what became due. */
	void (*batch_end)(void *to, int64_t now_us);
	void  *to;
};

/* fd4 or fd6 may be -1. Before the filter of system calls: asks the sockets. */
int  media_socket_new(struct media_socket **out, struct event_base *base,
    int fd4, int fd6, struct packet_pool *pool,
    const struct media_socket_handler *handler);
void media_socket_free(struct media_socket *s);

/*
 * Takes the packet: it is sent to packet->remote from packet->local with the
 * next flush (or at once when 64 are waiting).
 */
void media_socket_send(struct media_socket *s, struct packet *packet);

/* Sends what waits, by sendmmsg. A full or failing socket drops and counts. */
void media_socket_flush(struct media_socket *s);

const struct media_socket_stats *media_socket_stats(
    const struct media_socket *s);

#endif
