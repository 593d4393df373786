/*
 * The sockets of a relay: who speaks to it, and as whom it speaks on.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each address that a datagram comes from is a flow with a socket of its own
 * to the server, so the server sees as many peers as there are. A flow that
 * was silent for two minutes ends. Rebinding gives each flow another socket,
 * as a NAT does that forgot it; what still goes to the old one vanishes
 * without an error.
 */
#ifndef RELAY_RELAY_FLOWS_H
#define RELAY_RELAY_FLOWS_H

#include <sys/socket.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_FLOWS_MAX 256
#define RELAY_GRAVES    64

union relay_address {
	struct sockaddr     any;
	struct sockaddr_in  v4;
	struct sockaddr_in6 v6;
};

struct relay_flow {
	union relay_address client;
	int                 fd;		/* to the server; -1: no flow */
	int64_t             heard_us;
};

struct relay_flows {
	union relay_address server;
	int                 listen_fd;
	struct relay_flow   flow[RELAY_FLOWS_MAX];
	unsigned            count;	/* places used, empty ones too */
	unsigned            rebinds;
	int                 graves[RELAY_GRAVES];	/* old sockets; -1 */
	unsigned            next_grave;
};

/* "address:port" or "[address]:port", both in figures. -EINVAL. */
int relay_address_parse(union relay_address *out, const char *text);
/* Into `text` of at least 64 bytes. */
void relay_address_print(const union relay_address *address, char *text);
socklen_t relay_address_len(const union relay_address *address);

/* Listens; *address is where then. -errno. */
int  relay_flows_init(struct relay_flows *f, union relay_address *address,
    const union relay_address *server);
void relay_flows_clear(struct relay_flows *f);

/* The flow of a client, made when it is new; -1 when there are too many. */
int relay_flows_find(struct relay_flows *f, const union relay_address *client,
    int64_t now_us);

void relay_flows_rebind(struct relay_flows *f);
void relay_flows_forget(struct relay_flows *f, int64_t now_us);
unsigned relay_flows_alive(const struct relay_flows *f);

#endif
