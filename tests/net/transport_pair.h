/*
 * Two transports that speak over loopback sockets. For tests of net/.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's side is controlled, as in tessera-room, the peer's controls, as
 * in tessera-peer. What fails here fails the test.
 */
#ifndef TESTS_NET_TRANSPORT_PAIR_H
#define TESTS_NET_TRANSPORT_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

#define SERVER_PWD "serverpasswordserverpassw"
#define PEER_PWD   "peerpasswordpeerpassword"

/* One end: a socket, its table and one transport. */
struct side {
	struct packet_pool     *pool;
	struct media_socket    *socket;
	struct transport_table *table;
	struct transport       *transport;
	struct dtls_identity   *identity;
	union packet_addr       address;
	bool                    connected;
	unsigned                rtp, rtcp, moved, ended;
	enum transport_end      how;
	uint8_t                 last[64];
	size_t                  last_len;
};

struct pair {
	struct event_base *base;
	struct side        server, peer;
};

struct transport_config config_for(struct side *side,
    const struct side *other, bool server);
void pair_open(struct pair *p, int family);
void pair_close(struct pair *p);

/*
 * Another peer of the server of `p`, under this user name; closed by
 * pair_close_beside, before `p` is.
 */
void pair_open_beside(struct pair *p, struct pair *other, const char *ufrag);
void pair_close_beside(struct pair *p);

/* Runs until `done` or for `most_us`. */
void run(struct pair *p, bool (*done)(const struct pair *), int64_t most_us);

/* What `done` may be. */
bool never(const struct pair *p);
bool both_connected(const struct pair *p);
bool server_has_rtp(const struct pair *p);
bool peer_has_both(const struct pair *p);
bool peer_ended(const struct pair *p);

void connect_pair(struct pair *p);

extern const uint8_t plain_rtp[17];
extern const uint8_t plain_rtcp[8];

struct packet *packet_with(struct side *side, const uint8_t *bytes,
    size_t len);
/* plain_rtp, and the same one each time. */
void send_rtp(struct side *side);

void on_datagram(void *to, struct packet *packet, int64_t now_us);

#endif
