/*
 * One datagram with its arrival time and addresses, and the pool it lives in.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/packet.h"

struct packet_pool {
	pthread_mutex_t lock;		/* of the three below */
	struct packet  *free;
	unsigned        made;
	unsigned        max;
};

int
packet_pool_new(struct packet_pool **out, unsigned max)
{
	struct packet_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pool->max = max;
	*out = pool;
	return 0;
}

void
packet_pool_free(struct packet_pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->free) {
		struct packet *next = pool->free->next;

		free(pool->free);
		pool->free = next;
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct packet *
packet_new(struct packet_pool *pool)
{
	struct packet *packet;
	int            make = 0;

	pthread_mutex_lock(&pool->lock);
	packet = pool->free;
	if (packet) {
		pool->free = packet->next;
	} else if (pool->made < pool->max) {
		pool->made++;
		make = 1;
	}
	pthread_mutex_unlock(&pool->lock);
	if (make) {
		packet = malloc(sizeof(*packet));
		if (packet == NULL) {
			pthread_mutex_lock(&pool->lock);
			pool->made--;
			pthread_mutex_unlock(&pool->lock);
		}
	}
	if (packet) {
		packet->pool = pool;
		packet->next = NULL;
		packet->arrival_us = 0;
		packet->captured_us = INT64_MIN;
		packet->len = 0;
		memset(&packet->remote, 0, sizeof(packet->remote));
		memset(&packet->local, 0, sizeof(packet->local));
	}
	return packet;
}

void
packet_free(struct packet **p)
{
	struct packet *packet = *p;
	struct packet_pool *pool;

	*p = NULL;
	if (packet == NULL)
		return;
	pool = packet->pool;
	pthread_mutex_lock(&pool->lock);
	packet->next = pool->free;
	pool->free = packet;
	pthread_mutex_unlock(&pool->lock);
}

int
packet_addr_equal(const union packet_addr *a, const union packet_addr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return 0;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		    a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port &&
	    a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
	    memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr,
	    sizeof(a->v6.sin6_addr)) == 0;
}

socklen_t
packet_addr_len(const union packet_addr *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

void
packet_addr_print(char out[PACKET_ADDR_TEXT], const union packet_addr *a)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
		snprintf(out, PACKET_ADDR_TEXT, "%s:%u", host,
		    ntohs(a->v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
		snprintf(out, PACKET_ADDR_TEXT, "[%s]:%u", host,
		    ntohs(a->v6.sin6_port));
	}
}
