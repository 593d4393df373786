/*
 * Two transports over loopback sockets, and an attacker beside them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>

#include "loopback.h"
#include "net/stun.h"
#include "net/transport.h"
#include "transport_pair.h"
#include "util/clock.h"

static void
connects_and_carries_media(int family)
{
	struct pair p;

	pair_open(&p, family);
	send_rtp(&p.peer);	/* too soon: dropped, not sent */
	connect_pair(&p);

	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	assert_int_equal(p.server.last_len, sizeof(plain_rtp));
	assert_memory_equal(p.server.last, plain_rtp, sizeof(plain_rtp));

	send_rtp(&p.server);
	transport_send_rtcp(p.server.transport, packet_with(&p.server,
	    plain_rtcp, sizeof(plain_rtcp)), clock_monotonic_us());
	run(&p, peer_has_both, 2000000);
	assert_int_equal(p.peer.rtp, 1);
	assert_int_equal(p.peer.rtcp, 1);
	assert_int_equal(transport_table_strays(p.server.table), 0);
	assert_int_equal(transport_stats(p.server.transport)->not_authentic,
	    0);
	pair_close(&p);
}

static void
connects_and_carries_media_both_ways(void **state)
{
	(void)state;
	connects_and_carries_media(AF_INET);
}

static void
works_over_ipv6(void **state)
{
	const int fd = loopback_socket(AF_INET6);

	(void)state;
	if (fd < 0)
		return;		/* this machine has none */
	close(fd);
	connects_and_carries_media(AF_INET6);
}

static void
close_notify_ends_the_other_side(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	transport_free(p.server.transport);
	p.server.transport = NULL;
	media_socket_flush(p.server.socket);
	run(&p, peer_ended, 2000000);
	assert_int_equal(p.peer.ended, 1);
	assert_int_equal(p.peer.how, TRANSPORT_CLOSED);
	assert_false(transport_connected(p.peer.transport));
	pair_close(&p);
}

static void
send_from(int fd, const union packet_addr *to, const void *bytes, size_t len)
{
	assert_int_equal(sendto(fd, bytes, len, 0, &to->any,
	    packet_addr_len(to)), len);
}

static bool
hears_anything(int fd)
{
	uint8_t bytes[2048];

	return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0;
}

/* What a stranger on another port of the same machine can do: nothing. */
static void
drops_and_counts_an_attackers_datagrams(void **state)
{
	static const uint8_t dtls_alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0,
	    0, 1, 0, 2, 2, 40 };
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 1, 2, 3 };
	struct pair p;
	uint8_t     check[STUN_MESSAGE_MAX];
	size_t      len;
	const int   attacker = loopback_socket(AF_INET);

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	for (unsigned i = 0; i < 10; i++) {
		send_from(attacker, &p.server.address, dtls_alert,
		    sizeof(dtls_alert));
		send_from(attacker, &p.server.address, plain_rtp,
		    sizeof(plain_rtp));
	}
	/* A check of the right name without the right password. */
	len = stun_write_request(check, sizeof(check), transaction,
	    "serv:peer", "guess-guess-guess-guess", 1, 2, true);
	send_from(attacker, &p.server.address, check, len);
	run(&p, never, 100000);
	assert_int_equal(transport_table_strays(p.server.table), 20);
	assert_int_equal(transport_stats(p.server.transport)->not_authentic,
	    1);
	assert_false(hears_anything(attacker));

	/* Media still flows, and to the peer alone. */
	send_rtp(&p.server);
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	run(&p, never, 50000);
	assert_int_equal(p.server.rtp, 1);
	assert_int_equal(p.peer.rtp, 1);
	assert_int_equal(p.server.ended, 0);
	assert_false(hears_anything(attacker));
	close(attacker);
	pair_close(&p);
}

/* Whatever a stranger sends: no byte goes back. */
static void
random_datagrams_draw_no_byte(void **state)
{
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 3 };
	struct pair          p;
	struct stun_message  m;
	uint8_t              check[STUN_MESSAGE_MAX];
	uint32_t             luck = 77;
	uint64_t             out;
	const size_t         len = stun_write_request(check, sizeof(check),
	    transaction, "serv:peer", SERVER_PWD, 1, 2, true);

	(void)state;
	pair_open(&p, AF_INET);
	out = media_socket_stats(p.server.socket)->packets_out;
	for (unsigned i = 0; i < 200000; i++) {
		struct packet *packet = packet_with(&p.server, check, len);

		packet->remote = p.peer.address;
		/* Every second one is a right check with a few bytes wrong. */
		for (unsigned n = i % 2 ? 1 + i % 3 : 96; n > 0; n--) {
			luck = luck * 1664525 + 1013904223;
			packet->bytes[(luck >> 8) % len] ^=
			    (uint8_t)(luck >> 24);
		}
		if (stun_parse(&m, packet->bytes, packet->len) == 0)
			packet_free(&packet);	/* came out right by luck */
		else
			transport_table_datagram(p.server.table, packet, i);
	}
	media_socket_flush(p.server.socket);
	assert_int_equal(media_socket_stats(p.server.socket)->packets_out,
	    out);
	pair_close(&p);
}

/* A stranger's burst each millisecond, while others try to set up a call. */
struct spray {
	const struct pair *pair;
	int                fd;
	unsigned           bursts;
};

static void
on_spray(evutil_socket_t unused, short what, void *arg)
{
	/* A ClientHello with the NULL cipher alone, one cut short, an alert. */
	static const uint8_t hello[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 54, 1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 0xfe, 0xfd,
	    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 0, 2,
	    0, 1, 1, 0 };
	static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 2, 2, 40 };
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 4, 5, 6 };
	struct spray            *spray = arg;
	const union packet_addr *to = &spray->pair->server.address;
	uint8_t                  check[STUN_MESSAGE_MAX];
	const size_t             len = stun_write_request(check,
	    sizeof(check), transaction, "serv:peer",
	    "guess-guess-guess-guess", 1, 2, true);

	(void)unused;
	(void)what;
	send_from(spray->fd, to, check, len);
	send_from(spray->fd, to, hello, sizeof(hello));
	send_from(spray->fd, to, hello, sizeof(hello) / 2);
	send_from(spray->fd, to, alert, sizeof(alert));
	send_from(spray->fd, to, plain_rtp, sizeof(plain_rtp));
	send_from(spray->fd, to, plain_rtcp, sizeof(plain_rtcp));
	spray->bursts++;
}

/* Sets a call up under the spray; `active` says who is the DTLS client. */
static void
connects_under_spray(bool active)
{
	const struct timeval    often = { 0, 1000 };
	const int64_t           now_us = clock_monotonic_us();
	struct transport_config cfg;
	struct pair             p;
	struct spray            spray = { &p, loopback_socket(AF_INET), 0 };
	struct event           *timer;

	pair_open(&p, AF_INET);
	transport_free(p.server.transport);
	transport_free(p.peer.transport);
	cfg = config_for(&p.server, &p.peer, true);
	cfg.dtls_client = active;
	assert_int_equal(transport_new(&p.server.transport, p.server.table,
	    &cfg, now_us), 0);
	cfg = config_for(&p.peer, &p.server, false);
	cfg.dtls_client = !active;
	assert_int_equal(transport_new(&p.peer.transport, p.peer.table, &cfg,
	    now_us), 0);
	timer = event_new(p.base, -1, EV_PERSIST, on_spray, &spray);
	event_add(timer, &often);
	run(&p, never, 5000);		/* it begins before the call does */
	connect_pair(&p);
	event_free(timer);

	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	assert_int_equal(p.server.ended, 0);
	assert_true(spray.bursts > 1);
	assert_int_equal(transport_stats(p.server.transport)->not_authentic,
	    spray.bursts);
	assert_int_equal(transport_table_strays(p.server.table),
	    5 * spray.bursts);
	assert_false(hears_anything(spray.fd));
	close(spray.fd);
	pair_close(&p);
}

static void
a_spray_of_forgeries_does_not_hinder_a_set_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		connects_under_spray(i % 2 == 0);
}

/* From the peer's own address, as a forger would: counted, never acted on. */
static void
counts_forged_packets_and_goes_on(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	for (unsigned i = 0; i < 200; i++) {
		struct packet *packet = packet_with(&p.peer, plain_rtp,
		    sizeof(plain_rtp));

		/* Past SRTP, by the peer's own socket. */
		packet->bytes[0] = i % 2 ? 0x80 : 22;
		packet->remote = p.server.address;
		media_socket_send(p.peer.socket, packet);
	}
	media_socket_flush(p.peer.socket);
	run(&p, never, 100000);
	assert_int_equal(transport_stats(p.server.transport)->not_authentic,
	    100);
	assert_int_equal(p.server.rtp, 0);
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	assert_int_equal(p.server.ended, 0);
	pair_close(&p);
}

/* True packets again and again, as one on the path could: nothing comes. */
static void
counts_replays_and_goes_on(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	/* Protected twice it is the same packet. */
	for (unsigned i = 0; i < 200; i++) {
		send_rtp(&p.peer);
		if (i % 50 == 49)
			run(&p, never, 5000);
	}
	run(&p, never, 50000);
	assert_int_equal(transport_stats(p.server.transport)->replayed, 200);
	assert_int_equal(p.server.rtp, 1);
	assert_int_equal(p.server.ended, 0);
	pair_close(&p);
}

/* The peer comes from another port: one check with nomination, and it moves. */
static void
follows_the_peer_to_another_address(void **state)
{
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 9 };
	struct pair p;
	uint8_t     check[STUN_MESSAGE_MAX], got[2048];
	size_t      len;
	const int   elsewhere = loopback_socket(AF_INET);

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	len = stun_write_request(check, sizeof(check), transaction,
	    "serv:peer", SERVER_PWD, 1, 2, true);
	send_from(elsewhere, &p.server.address, check, len);
	run(&p, never, 50000);
	/* The answer, then media. */
	assert_true(recv(elsewhere, got, sizeof(got), MSG_DONTWAIT) > 0);
	send_rtp(&p.server);
	run(&p, never, 50000);
	assert_int_equal(recv(elsewhere, got, sizeof(got), MSG_DONTWAIT),
	    sizeof(plain_rtp) + 10);
	/* The old address is heard still. */
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	close(elsewhere);
	pair_close(&p);
}

#define RESTART_SERVER "nser", "newserverpasswordnewpwd1"
#define RESTART_PEER   "npee", "newpeerpasswordnewpeerp1"

static bool
server_renewed(const struct pair *p)
{
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 9 };
	struct packet       *packet = packet_new(p->server.pool);
	const uint64_t       strays = transport_table_strays(p->server.table);

	packet->len = stun_write_request(packet->bytes, STUN_MESSAGE_MAX,
	    transaction, "serv:peer", "guess-guess-guess-guess", 1, 2, false);
	packet->remote = p->peer.address;
	transport_table_datagram(p->server.table, packet,
	    clock_monotonic_us());
	/* Nobody of the old name is known any more. */
	return transport_table_strays(p->server.table) > strays;
}

static void
restarts_without_a_gap(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	assert_int_equal(transport_restart(p.server.transport, "serv",
	    SERVER_PWD, RESTART_PEER), -EEXIST);
	assert_int_equal(transport_restart(p.server.transport, RESTART_SERVER,
	    RESTART_PEER), 0);
	/* The peer does not know yet: what there was goes on. */
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	assert_false(server_renewed(&p));

	assert_int_equal(transport_restart(p.peer.transport, RESTART_PEER,
	    RESTART_SERVER), 0);
	run(&p, server_renewed, 2000000);
	assert_true(server_renewed(&p));
	send_rtp(&p.server);
	transport_send_rtcp(p.server.transport, packet_with(&p.server,
	    plain_rtcp, sizeof(plain_rtcp)), clock_monotonic_us());
	run(&p, peer_has_both, 2000000);
	assert_int_equal(p.peer.rtp, 1);
	pair_close(&p);
}

static void
sending_ends_with_consent_and_presence_is_noted(void **state)
{
	const int64_t second = 1000000;
	struct pair   p;
	int64_t       now_us, heard_us;
	uint64_t      out;

	(void)state;
	pair_open(&p, AF_INET);
	connect_pair(&p);
	run(&p, never, 20000);
	heard_us = transport_heard_us(p.server.transport);
	run(&p, never, 5000);
	send_rtp(&p.peer);
	run(&p, server_has_rtp, 2000000);
	now_us = clock_monotonic_us();
	assert_true(transport_heard_us(p.server.transport) > heard_us);
	assert_true(transport_heard_us(p.server.transport) <= now_us);

	out = media_socket_stats(p.server.socket)->packets_out;
	transport_send_rtp(p.server.transport, packet_with(&p.server,
	    plain_rtp, sizeof(plain_rtp)), now_us + 29 * second);
	transport_send_rtp(p.server.transport, packet_with(&p.server,
	    plain_rtp, sizeof(plain_rtp)), now_us + 31 * second);
	media_socket_flush(p.server.socket);
	assert_int_equal(media_socket_stats(p.server.socket)->packets_out,
	    out + 1);
	pair_close(&p);
}

static void
a_wrong_fingerprint_never_connects(void **state)
{
	struct pair             p;
	struct transport_config cfg;

	(void)state;
	pair_open(&p, AF_INET);
	transport_free(p.server.transport);
	cfg = config_for(&p.server, &p.peer, true);
	cfg.remote_fingerprint[0] ^= 1;
	assert_int_equal(transport_new(&p.server.transport, p.server.table,
	    &cfg, clock_monotonic_us()), 0);
	transport_add_candidate(p.peer.transport, &p.server.address,
	    clock_monotonic_us());
	run(&p, never, 500000);
	assert_false(p.server.connected);
	assert_int_equal(p.server.ended, 1);
	assert_int_equal(p.server.how, TRANSPORT_FAILED);
	pair_close(&p);
}

static void
tries_the_next_candidate(void **state)
{
	struct pair       p;
	union packet_addr nobody;
	const int         silent = loopback_socket(AF_INET);
	const int64_t     now_us = clock_monotonic_us();

	(void)state;
	pair_open(&p, AF_INET);
	nobody = loopback_addr(silent);
	transport_add_candidate(p.peer.transport, &nobody, now_us);
	transport_add_candidate(p.peer.transport, &p.server.address, now_us);
	run(&p, both_connected, 8000000);
	assert_true(both_connected(&p));
	close(silent);
	pair_close(&p);
}

static void
a_user_name_is_taken_once(void **state)
{
	struct pair             p;
	struct transport_config cfg;
	struct transport       *other = NULL;

	(void)state;
	pair_open(&p, AF_INET);
	cfg = config_for(&p.server, &p.peer, true);
	assert_int_equal(transport_new(&other, p.server.table, &cfg, 0),
	    -EEXIST);
	assert_null(other);
	cfg.local_ufrag = "";
	assert_int_equal(transport_new(&other, p.server.table, &cfg, 0),
	    -EINVAL);
	pair_close(&p);
}

/* The session before spoke from this address: it is the new one's now. */
static void
an_address_belongs_to_who_proved_it_last(void **state)
{
	static const uint8_t transaction[STUN_TRANSACTION_LEN] = { 7 };
	struct pair             p;
	struct transport_config cfg;
	struct transport       *other = NULL;
	struct packet          *packet;
	uint8_t                 plain[sizeof(plain_rtp)];

	(void)state;
	memcpy(plain, plain_rtp, sizeof(plain));
	pair_open(&p, AF_INET);
	connect_pair(&p);
	cfg = config_for(&p.server, &p.peer, true);
	cfg.local_ufrag = "newer";
	assert_int_equal(transport_new(&other, p.server.table, &cfg,
	    clock_monotonic_us()), 0);
	packet = packet_new(p.peer.pool);
	packet->len = stun_write_request(packet->bytes, sizeof(packet->bytes),
	    transaction, "newer:peer", SERVER_PWD, 1, 2, true);
	packet->remote = p.server.address;
	media_socket_send(p.peer.socket, packet);
	send_rtp(&p.peer);
	run(&p, never, 100000);
	assert_int_equal(p.server.rtp, 0);
	assert_int_equal(transport_stats(other)->not_authentic, 1);

	/* Who has it by right takes it back with his next check. */
	packet = packet_new(p.peer.pool);
	packet->len = stun_write_request(packet->bytes, sizeof(packet->bytes),
	    transaction, "serv:peer", SERVER_PWD, 1, 2, true);
	packet->remote = p.server.address;
	media_socket_send(p.peer.socket, packet);
	plain[3]++;
	transport_send_rtp(p.peer.transport, packet_with(&p.peer, plain,
	    sizeof(plain)), clock_monotonic_us());
	media_socket_flush(p.peer.socket);
	run(&p, server_has_rtp, 2000000);
	assert_int_equal(p.server.rtp, 1);
	transport_free(other);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_and_carries_media_both_ways),
		cmocka_unit_test(works_over_ipv6),
		cmocka_unit_test(close_notify_ends_the_other_side),
		cmocka_unit_test(drops_and_counts_an_attackers_datagrams),
		cmocka_unit_test(random_datagrams_draw_no_byte),
		cmocka_unit_test(
		    a_spray_of_forgeries_does_not_hinder_a_set_up),
		cmocka_unit_test(counts_forged_packets_and_goes_on),
		cmocka_unit_test(counts_replays_and_goes_on),
		cmocka_unit_test(follows_the_peer_to_another_address),
		cmocka_unit_test(restarts_without_a_gap),
		cmocka_unit_test(
		    sending_ends_with_consent_and_presence_is_noted),
		cmocka_unit_test(a_wrong_fingerprint_never_connects),
		cmocka_unit_test(tries_the_next_candidate),
		cmocka_unit_test(a_user_name_is_taken_once),
		cmocka_unit_test(an_address_belongs_to_who_proved_it_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
