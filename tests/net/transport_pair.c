/*
 * Two transports that speak over loopback sockets. For tests of net/.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "loopback.h"
#include "net/rtp_crypt.h"
#include "transport_pair.h"
#include "util/clock.h"

void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct side *side = to;

	transport_table_datagram(side->table, packet, now_us);
}

static void
on_connected(void *to)
{
	struct side *side = to;

	assert_false(side->connected);
	side->connected = true;
}

static void
keep(struct side *side, struct packet *packet)
{
	side->last_len = packet->len;
	assert_true(packet->len <= sizeof(side->last));
	memcpy(side->last, packet->bytes, packet->len);
	packet_free(&packet);
}

static void
on_rtp(void *to, struct packet *packet)
{
	struct side *side = to;

	side->rtp++;
	keep(side, packet);
}

static void
on_rtcp(void *to, struct packet *packet)
{
	struct side *side = to;

	side->rtcp++;
	keep(side, packet);
}

static void
on_moved(void *to)
{
	struct side *side = to;

	side->moved++;
}

static void
on_ended(void *to, enum transport_end how)
{
	struct side *side = to;

	side->ended++;
	side->how = how;
}

static void
side_open(struct side *side, struct event_base *base, int family)
{
	const struct media_socket_handler handler = {
		.datagram = on_datagram, .to = side };
	const int fd = loopback_socket(family);

	memset(side, 0, sizeof(*side));
	assert_true(fd >= 0);
	side->address = loopback_addr(fd);
	assert_int_equal(packet_pool_new(&side->pool, 512), 0);
	assert_int_equal(media_socket_new(&side->socket, base,
	    family == AF_INET ? fd : -1, family == AF_INET ? -1 : fd,
	    side->pool, &handler), 0);
	assert_int_equal(transport_table_new(&side->table, side->socket,
	    side->pool), 0);
	assert_int_equal(dtls_identity_new(&side->identity), 0);
}

static void
side_close(struct side *side)
{
	transport_free(side->transport);
	transport_table_free(side->table);
	media_socket_free(side->socket);
	packet_pool_free(side->pool);
	dtls_identity_free(side->identity);
}

struct transport_config
config_for(struct side *side, const struct side *other, bool server)
{
	struct transport_config cfg = {
		.controlling = !server,
		.dtls_client = server,
		.local_ufrag = server ? "serv" : "peer",
		.local_pwd = server ? SERVER_PWD : PEER_PWD,
		.remote_ufrag = server ? "peer" : "serv",
		.remote_pwd = server ? PEER_PWD : SERVER_PWD,
		.identity = side->identity,
		.handler = { on_connected, on_rtp, on_rtcp, on_moved, on_ended,
		    side },
	};

	dtls_identity_fingerprint(other->identity, cfg.remote_fingerprint);
	return cfg;
}

void
pair_open(struct pair *p, int family)
{
	struct transport_config cfg;
	const int64_t           now_us = clock_monotonic_us();

	assert_int_equal(rtp_crypt_prepare(), 0);
	p->base = event_base_new();
	side_open(&p->server, p->base, family);
	side_open(&p->peer, p->base, family);
	cfg = config_for(&p->server, &p->peer, true);
	assert_int_equal(transport_new(&p->server.transport, p->server.table,
	    &cfg, now_us), 0);
	cfg = config_for(&p->peer, &p->server, false);
	assert_int_equal(transport_new(&p->peer.transport, p->peer.table, &cfg,
	    now_us), 0);
}

void
pair_open_beside(struct pair *p, struct pair *other, const char *ufrag)
{
	struct transport_config cfg;
	const int64_t           now_us = clock_monotonic_us();

	p->base = other->base;
	side_open(&p->peer, p->base, AF_INET);
	p->server = (struct side){
		.pool = other->server.pool, .socket = other->server.socket,
		.table = other->server.table,
		.identity = other->server.identity,
		.address = other->server.address,
	};
	cfg = config_for(&p->server, &p->peer, true);
	cfg.local_ufrag = ufrag;
	assert_int_equal(transport_new(&p->server.transport, p->server.table,
	    &cfg, now_us), 0);
	cfg = config_for(&p->peer, &p->server, false);
	cfg.remote_ufrag = ufrag;
	assert_int_equal(transport_new(&p->peer.transport, p->peer.table, &cfg,
	    now_us), 0);
}

void
pair_close_beside(struct pair *p)
{
	side_close(&p->peer);
	transport_free(p->server.transport);
}

void
pair_close(struct pair *p)
{
	side_close(&p->peer);
	side_close(&p->server);
	event_base_free(p->base);
}

static void
side_timeout(struct side *side, int64_t now_us, int64_t *next_us)
{
	int64_t due;

	if (side->transport == NULL)
		return;
	if (transport_next_us(side->transport) <= now_us)
		transport_timeout(side->transport, now_us);
	media_socket_flush(side->socket);
	due = transport_next_us(side->transport);
	if (due < *next_us)
		*next_us = due;
}

bool
never(const struct pair *p)
{
	(void)p;
	return false;
}

void
run(struct pair *p, bool (*done)(const struct pair *), int64_t most_us)
{
	const int64_t end_us = clock_monotonic_us() + most_us;

	for (;;) {
		const int64_t  now_us = clock_monotonic_us();
		int64_t        next_us = end_us;
		struct timeval wait = { 0, 0 };

		side_timeout(&p->server, now_us, &next_us);
		side_timeout(&p->peer, now_us, &next_us);
		if (done(p) || now_us >= end_us)
			return;
		if (next_us > now_us) {
			wait.tv_sec = (next_us - now_us) / 1000000;
			wait.tv_usec = (next_us - now_us) % 1000000;
		}
		event_base_loopexit(p->base, &wait);
		event_base_loop(p->base, EVLOOP_ONCE);
	}
}

bool
both_connected(const struct pair *p)
{
	return p->server.connected && p->peer.connected;
}

bool
server_has_rtp(const struct pair *p)
{
	return p->server.rtp > 0;
}

bool
peer_has_both(const struct pair *p)
{
	return p->peer.rtp > 0 && p->peer.rtcp > 0;
}

bool
peer_ended(const struct pair *p)
{
	return p->peer.ended > 0;
}

void
connect_pair(struct pair *p)
{
	transport_add_candidate(p->peer.transport, &p->server.address,
	    clock_monotonic_us());
	run(p, both_connected, 5000000);
	assert_true(both_connected(p));
	assert_true(transport_connected(p->server.transport));
	assert_true(transport_connected(p->peer.transport));
}

const uint8_t plain_rtp[17] = { 0x80, 111, 0x00, 0x01, 0, 0, 0, 5, 0, 0,
    0, 7, 'h', 'e', 'l', 'l', 'o' };
const uint8_t plain_rtcp[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };

struct packet *
packet_with(struct side *side, const uint8_t *bytes, size_t len)
{
	struct packet *packet = packet_new(side->pool);

	assert_non_null(packet);
	memcpy(packet->bytes, bytes, len);
	packet->len = len;
	return packet;
}

void
send_rtp(struct side *side)
{
	transport_send_rtp(side->transport, packet_with(side, plain_rtp,
	    sizeof(plain_rtp)), clock_monotonic_us());
	media_socket_flush(side->socket);
}
