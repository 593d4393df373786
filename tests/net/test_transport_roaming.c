/*
 * A peer whose address changes: what his media may do, and nobody else's.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loopback.h"
#include "net/ice.h"
#include "net/stun.h"
#include "transport_pair.h"
#include "util/clock.h"

/* The peer's packet as it would leave it, with this sequence number. */
static struct packet *
sealed(struct pair *p, uint8_t sequence, uint32_t ssrc)
{
	uint8_t        plain[sizeof(plain_rtp)];
	struct packet *from, *packet;

	memcpy(plain, plain_rtp, sizeof(plain));
	plain[3] = sequence;
	plain[11] = (uint8_t)ssrc;
	from = packet_with(&p->peer, plain, sizeof(plain));
	assert_true(transport_seal_rtp(p->peer.transport, from));
	packet = packet_with(&p->server, from->bytes, from->len);
	packet_free(&from);
	return packet;
}

/* Comes to the server as if from there. */
static void
arrives(struct pair *p, struct packet *packet, int from, int64_t now_us)
{
	packet->remote = loopback_addr(from);
	packet->local = p->server.address;
	transport_table_datagram(p->server.table, packet, now_us);
	media_socket_flush(p->server.socket);
}

/* What the server sent there: a check, or nothing. */
static bool
is_asked(int fd, struct stun_message *m, uint8_t bytes[STUN_MESSAGE_MAX],
    size_t *len)
{
	const ssize_t n = recv(fd, bytes, STUN_MESSAGE_MAX, MSG_DONTWAIT);

	if (n < 0)
		return false;
	assert_int_equal(stun_parse(m, bytes, (size_t)n), 0);
	assert_int_equal(m->class, STUN_REQUEST);
	*len = (size_t)n;
	return true;
}

static void
answers(struct pair *p, const struct stun_message *m, const char *password,
    int from, int64_t now_us)
{
	struct packet *packet = packet_new(p->server.pool);

	assert_non_null(packet);
	packet->len = stun_write_success(packet->bytes, sizeof(packet->bytes),
	    m->transaction, &p->server.address, password);
	arrives(p, packet, from, now_us);
}

/* Where a packet of the server's goes. */
static bool
reaches(struct pair *p, int fd, int64_t now_us)
{
	uint8_t bytes[2048];

	transport_send_rtp(p->server.transport, packet_with(&p->server,
	    plain_rtp, sizeof(plain_rtp)), now_us);
	media_socket_flush(p->server.socket);
	return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) ==
	    sizeof(plain_rtp) + 10;
}

/* The server learns the SSRC of the peer. */
static void
hear_once(struct pair *p)
{
	connect_pair(p);
	send_rtp(&p->peer);
	run(p, server_has_rtp, 5000000);
	assert_int_equal(p->server.rtp, 1);
}

/* A pair that did so; returns a time at which it has been quiet for long. */
static int64_t
quiet_pair(struct pair *p)
{
	pair_open(p, AF_INET);
	hear_once(p);
	return clock_monotonic_us() + 1000000;
}

/* As behind a NAT that forgets: its media is the first to tell. */
static void
media_from_a_new_port_moves_the_path_once_asked(void **state)
{
	struct pair         p;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	size_t              len;
	const int64_t       now_us = quiet_pair(&p);
	const int           there = loopback_socket(AF_INET);

	(void)state;
	arrives(&p, sealed(&p, 2, 7), there, now_us);
	assert_int_equal(p.server.rtp, 2);
	assert_int_equal(transport_heard_us(p.server.transport), now_us);
	assert_true(is_asked(there, &m, bytes, &len));
	assert_true(stun_authentic(&m, bytes, len, PEER_PWD));
	/* No media before the answer. */
	assert_false(reaches(&p, there, now_us));
	assert_int_equal(p.server.moved, 0);

	answers(&p, &m, PEER_PWD, there, now_us + 40000);
	assert_int_equal(p.server.moved, 1);
	assert_true(reaches(&p, there, now_us + 40000));
	arrives(&p, sealed(&p, 3, 7), there, now_us + 60000);
	assert_int_equal(p.server.rtp, 3);
	assert_int_equal(transport_stats(p.server.transport)->roamed, 1);
	/* Another stream of his needs no guess any more. */
	arrives(&p, sealed(&p, 1, 8), there, now_us + 80000);
	assert_int_equal(p.server.rtp, 4);
	assert_false(is_asked(there, &m, bytes, &len));
	close(there);
	pair_close(&p);
}

/* Who knows the SSRC, and nothing else. */
static void
forged_media_from_a_new_port_draws_no_byte(void **state)
{
	struct pair         p;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	size_t              len;
	const int64_t       now_us = quiet_pair(&p);
	const int           there = loopback_socket(AF_INET);
	const uint64_t      strays = transport_table_strays(p.server.table);

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct packet *packet = sealed(&p, 2, i % 2 ? 7 : 9);

		packet->bytes[12 + i % (packet->len - 12)] ^=
		    (uint8_t)(1 + i % 255);
		arrives(&p, packet, there, now_us + i * 100);
	}
	assert_int_equal(transport_table_strays(p.server.table),
	    strays + 5000);
	assert_false(is_asked(there, &m, bytes, &len));
	assert_int_equal(p.server.rtp, 1);
	assert_false(reaches(&p, there, now_us + 500000));
	/* It is as good as ever for him. */
	arrives(&p, sealed(&p, 2, 7), there, now_us + 1000000);
	assert_int_equal(p.server.rtp, 2);
	close(there);
	pair_close(&p);
}

/* Who sees packets and sends them again, or holds them and sends them first. */
static void
replayed_and_stolen_media_does_not_move_the_path(void **state)
{
	struct pair         p;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	size_t              len;
	unsigned            asked = 0;
	const int64_t       now_us = quiet_pair(&p);
	const int           thief = loopback_socket(AF_INET);
	const int           other = loopback_socket(AF_INET);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		arrives(&p, sealed(&p, 1, 7), thief, now_us + i * 10000);
	assert_int_equal(p.server.rtp, 1);
	assert_false(is_asked(thief, &m, bytes, &len));

	/* A hundred stolen in two seconds: five questions in each. */
	for (unsigned i = 0; i < 100; i++) {
		const int64_t then_us = now_us + 1000000 + i * 20000;

		arrives(&p, sealed(&p, (uint8_t)(2 + i), 7), thief, then_us);
		if (!is_asked(thief, &m, bytes, &len))
			continue;
		asked++;
		answers(&p, &m, "guess-guess-guess-guess", thief, then_us);
		answers(&p, &m, SERVER_PWD, thief, then_us);
		/* From where nobody was asked. */
		answers(&p, &m, PEER_PWD, other, then_us);
	}
	assert_int_equal(asked, 10);
	assert_int_equal(p.server.moved, 0);
	assert_false(reaches(&p, thief, now_us + 3000000));
	close(thief);
	close(other);
	pair_close(&p);
}

/* Not while he is heard where he was. */
static void
media_from_a_new_port_is_nothing_beside_a_live_path(void **state)
{
	struct pair         p;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	size_t              len;
	const int64_t       now_us = quiet_pair(&p);
	const int           there = loopback_socket(AF_INET);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct packet *packet = sealed(&p, (uint8_t)(2 + 2 * i), 7);

		packet->remote = p.peer.address;
		packet->local = p.server.address;
		transport_table_datagram(p.server.table, packet,
		    now_us + i * 20000);
		arrives(&p, sealed(&p, (uint8_t)(3 + 2 * i), 7), there,
		    now_us + i * 20000 + 10000);
	}
	assert_int_equal(p.server.rtp, 21);
	assert_false(is_asked(there, &m, bytes, &len));
	close(there);
	pair_close(&p);
}

/* Many of one SSRC, as browsers that only receive have: his keys tell. */
static void
finds_the_one_who_moved_among_many(void **state)
{
	static const char *names[] = { "one", "two", "three", "four", "five",
	    "six" };
	enum { OTHERS = sizeof(names) / sizeof(names[0]) };
	struct pair   p, others[OTHERS];
	const int     there = loopback_socket(AF_INET);
	int64_t       now_us;

	(void)state;
	(void)quiet_pair(&p);
	for (unsigned i = 0; i < OTHERS; i++) {
		pair_open_beside(&others[i], &p, names[i]);
		hear_once(&others[i]);
	}
	now_us = clock_monotonic_us() + 1000000;
	arrives(&p, sealed(&p, 2, 7), there, now_us);
	assert_int_equal(p.server.rtp, 2);
	arrives(&p, sealed(&others[3], 2, 7), there, now_us);
	assert_int_equal(others[3].server.rtp, 2);
	/* Who is gone is not looked for. */
	for (unsigned i = 0; i < OTHERS; i++) {
		pair_close_beside(&others[i]);
		assert_int_equal(others[i].server.rtp, i == 3 ? 2 : 1);
	}
	arrives(&p, sealed(&p, 3, 7), there, now_us);
	assert_int_equal(p.server.rtp, 3);
	pair_close(&p);
	close(there);
}

/* A flood of forgeries costs no more than so many HMACs. */
static void
guesses_no_more_than_a_hundred_in_a_row(void **state)
{
	struct pair   p;
	const int64_t now_us = quiet_pair(&p);
	const int     there = loopback_socket(AF_INET);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct packet *packet = sealed(&p, 2, 7);

		packet->bytes[14] ^= 1;
		arrives(&p, packet, there, now_us);
	}
	arrives(&p, sealed(&p, 2, 7), there, now_us);
	assert_int_equal(p.server.rtp, 1);
	arrives(&p, sealed(&p, 2, 7), there, now_us + 1000);
	assert_int_equal(p.server.rtp, 2);
	close(there);
	pair_close(&p);
}

static bool
server_moved(const struct pair *p)
{
	return p->server.moved > 0;
}

/* The whole of it by real sockets; the peer answers, as all must. */
static void
follows_a_peer_to_a_new_port(void **state)
{
	struct pair                       p;
	const struct media_socket_handler handler = {
		.datagram = on_datagram, .to = &p.peer };
	struct media_socket              *before;
	struct packet                    *packet;
	const int                         fd = loopback_socket(AF_INET);

	(void)state;
	(void)quiet_pair(&p);
	run(&p, never, 2 * ICE_QUIET_US);
	before = p.peer.socket;
	assert_int_equal(media_socket_new(&p.peer.socket, p.base, fd, -1,
	    p.peer.pool, &handler), 0);
	transport_table_use(p.peer.table, p.peer.socket);
	media_socket_free(before);
	packet = sealed(&p, 2, 7);
	packet->remote = p.server.address;
	media_socket_send(p.peer.socket, packet);
	media_socket_flush(p.peer.socket);
	run(&p, server_moved, 10000000);
	assert_int_equal(p.server.moved, 1);
	send_rtp(&p.server);
	transport_send_rtcp(p.server.transport, packet_with(&p.server,
	    plain_rtcp, sizeof(plain_rtcp)), clock_monotonic_us());
	run(&p, peer_has_both, 2000000);
	assert_int_equal(p.peer.rtp, 1);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    media_from_a_new_port_moves_the_path_once_asked),
		cmocka_unit_test(forged_media_from_a_new_port_draws_no_byte),
		cmocka_unit_test(
		    replayed_and_stolen_media_does_not_move_the_path),
		cmocka_unit_test(
		    media_from_a_new_port_is_nothing_beside_a_live_path),
		cmocka_unit_test(finds_the_one_who_moved_among_many),
		cmocka_unit_test(guesses_no_more_than_a_hundred_in_a_row),
		cmocka_unit_test(follows_a_peer_to_a_new_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
