/*
 * Batches of datagrams over loopback: times, addresses, limits.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "loopback.h"
#include "net/media_socket.h"
#include "util/clock.h"

struct room {
	struct event_base   *base;
	struct packet_pool  *pool;
	struct media_socket *socket;
	union packet_addr    address;
	unsigned             got, batches;
	bool                 echo;
	struct packet       *held[8];	/* kept, so the pool runs dry */
	unsigned             held_count, hold;
	int64_t              arrival_us, now_us;
	union packet_addr    local;
	size_t               len;
};

static void
on_datagram(void *to, struct packet *packet, int64_t now_us)
{
	struct room *room = to;

	room->got++;
	room->arrival_us = packet->arrival_us;
	room->now_us = now_us;
	room->local = packet->local;
	room->len = packet->len;
	if (room->echo)
		media_socket_send(room->socket, packet);
	else if (room->held_count < room->hold)
		room->held[room->held_count++] = packet;
	else
		packet_free(&packet);
}

static void
on_batch_end(void *to, int64_t now_us)
{
	struct room *room = to;

	(void)now_us;
	room->batches++;
}

static void
room_open(struct room *room, int fd, int family, unsigned pool)
{
	const struct media_socket_handler handler = { on_datagram,
	    on_batch_end, room };

	memset(room, 0, sizeof(*room));
	room->address = loopback_addr(fd);
	room->base = event_base_new();
	assert_int_equal(packet_pool_new(&room->pool, pool), 0);
	assert_int_equal(media_socket_new(&room->socket, room->base,
	    family == AF_INET ? fd : -1, family == AF_INET ? -1 : fd,
	    room->pool, &handler), 0);
}

static void
room_close(struct room *room)
{
	for (unsigned i = 0; i < room->held_count; i++)
		packet_free(&room->held[i]);
	media_socket_free(room->socket);
	packet_pool_free(room->pool);
	event_base_free(room->base);
}

static void
send_to_room(int fd, const struct room *room, size_t len)
{
	static const uint8_t bytes[4096];

	assert_int_equal(sendto(fd, bytes, len, 0, &room->address.any,
	    packet_addr_len(&room->address)), len);
}

/* Until nothing is left to read. */
static void
run(struct room *room)
{
	while (event_base_loop(room->base, EVLOOP_NONBLOCK) == 0) {
		const unsigned before = room->batches;

		event_base_loop(room->base, EVLOOP_NONBLOCK);
		if (room->batches == before)
			return;
	}
}

/*
 * Sends one packet, lets it wait in the socket for 31 ms, and says whether it
 * was stamped when it came rather than when it was read.
 */
static bool
stamped_on_arrival(struct room *room, int peer)
{
	const int64_t before_us = clock_monotonic_us();
	const unsigned got = room->got;
	int64_t       after_us;

	send_to_room(peer, room, 100);
	after_us = clock_monotonic_us();
	while (clock_monotonic_us() < after_us + 31000)
		poll(NULL, 0, 5);
	run(room);
	assert_int_equal(room->got, got + 1);
	assert_int_equal(room->len, 100);
	assert_true(room->arrival_us >= before_us - 1000);
	assert_true(room->arrival_us <= room->now_us);
	assert_true(room->now_us >= after_us + 30000);
	return room->arrival_us < after_us + 10000;
}

/*
 * The kernel starts stamping from a work queue, some time after the first
 * socket of the machine asked for it; until then it stamps when we read.
 * So the first packets of a busy machine may be late, but not fifty.
 */
static void
gives_the_kernels_time_on_the_monotonic_clock(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	struct room room;
	bool	    stamped = false;

	(void)state;
	room_open(&room, loopback_socket(AF_INET), AF_INET, 64);
	for (unsigned i = 0; i < 50 && !stamped; i++)
		stamped = stamped_on_arrival(&room, peer);
	assert_true(stamped);
	close(peer);
	room_close(&room);
}

static void
reads_more_than_a_batch(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	struct room room;

	(void)state;
	room_open(&room, loopback_socket(AF_INET), AF_INET, 256);
	for (unsigned i = 0; i < 100; i++)
		send_to_room(peer, &room, 50);
	run(&room);
	assert_int_equal(room.got, 100);
	assert_int_equal(media_socket_stats(room.socket)->packets_in, 100);
	assert_int_equal(media_socket_stats(room.socket)->bytes_in, 5000);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 0);
	close(peer);
	room_close(&room);
}

static void
drops_and_counts_when_no_packet_is_free(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	struct room room;

	(void)state;
	room_open(&room, loopback_socket(AF_INET), AF_INET, 4);
	room.hold = 4;
	for (unsigned i = 0; i < 50; i++)
		send_to_room(peer, &room, 50);
	run(&room);
	assert_int_equal(room.got, 4);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 46);
	while (room.held_count > 0)
		packet_free(&room.held[--room.held_count]);
	room.hold = 0;
	send_to_room(peer, &room, 50);
	run(&room);
	assert_int_equal(room.got, 5);
	close(peer);
	room_close(&room);
}

static void
drops_what_is_too_long(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	struct room room;

	(void)state;
	room_open(&room, loopback_socket(AF_INET), AF_INET, 64);
	send_to_room(peer, &room, PACKET_CAPACITY + 1);
	send_to_room(peer, &room, PACKET_CAPACITY);
	run(&room);
	assert_int_equal(room.got, 1);
	assert_int_equal(room.len, PACKET_CAPACITY);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 1);
	close(peer);
	room_close(&room);
}

static void
echoes(int family)
{
	const int   peer = loopback_socket(family);
	struct room room;
	uint8_t     bytes[256];

	room_open(&room, loopback_socket(family), family, 256);
	room.echo = true;
	for (unsigned i = 0; i < 80; i++)
		send_to_room(peer, &room, 100 + i);
	run(&room);
	for (unsigned i = 0; i < 80; i++)
		assert_int_equal(recv(peer, bytes, sizeof(bytes),
		    MSG_DONTWAIT), 100 + i);
	assert_int_equal(media_socket_stats(room.socket)->packets_out, 80);
	close(peer);
	room_close(&room);
}

static void
sends_back_in_order(void **state)
{
	const int six = loopback_socket(AF_INET6);

	(void)state;
	echoes(AF_INET);
	if (six < 0)
		return;		/* this machine has no IPv6 */
	close(six);
	echoes(AF_INET6);
}

/* A wildcard socket would answer 127.0.0.1 from 127.0.0.2's request. */
static void
answers_from_the_address_it_was_asked_at(void **state)
{
	const int         peer = loopback_socket(AF_INET);
	const int         on = 1;
	const int         fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	union packet_addr any = { 0 }, from = { 0 };
	socklen_t         len = sizeof(from);
	struct room       room;
	uint8_t           bytes[64];

	(void)state;
	any.v4.sin_family = AF_INET;
	assert_int_equal(bind(fd, &any.any, sizeof(any.v4)), 0);
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	room_open(&room, fd, AF_INET, 64);
	room.echo = true;
	room.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	send_to_room(peer, &room, 20);
	run(&room);
	assert_int_equal(room.local.v4.sin_addr.s_addr,
	    htonl(INADDR_LOOPBACK + 1));
	assert_int_equal(recvfrom(peer, bytes, sizeof(bytes), MSG_DONTWAIT,
	    &from.any, &len), 20);
	assert_true(packet_addr_equal(&from, &room.address));
	close(peer);
	room_close(&room);
}

/* Without the family, or refused by the kernel: dropped, counted, not more. */
static void
a_send_that_fails_is_dropped_alone(void **state)
{
	const int      peer = loopback_socket(AF_INET);
	struct room    room;
	struct packet *packet;
	uint8_t        bytes[64];

	(void)state;
	room_open(&room, loopback_socket(AF_INET), AF_INET, 64);
	for (unsigned i = 0; i < 3; i++) {
		packet = packet_new(room.pool);
		packet->len = 10;
		packet->remote = loopback_addr(peer);
		if (i == 0)
			packet->remote.any.sa_family = AF_INET6;
		if (i == 1)	/* a broadcast needs leave */
			packet->remote.v4.sin_addr.s_addr = INADDR_BROADCAST;
		media_socket_send(room.socket, packet);
	}
	media_socket_flush(room.socket);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 2);
	assert_int_equal(media_socket_stats(room.socket)->packets_out, 1);
	assert_int_equal(recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT), 10);
	close(peer);
	room_close(&room);
}

/* ---- runs of packets ----------------------------------------------------- */

static bool
kernel_cuts_runs(int fd)
{
	int       size;
	socklen_t len = sizeof(size);

	return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &len) == 0;
}

/* Each byte says which packet it is of. */
static void
send_packet(struct room *room, const union packet_addr *to, uint8_t number,
    size_t len)
{
	struct packet *packet = packet_new(room->pool);

	packet->len = len;
	packet->remote = *to;
	packet->local = room->address;
	memset(packet->bytes, number, len);
	media_socket_send(room->socket, packet);
}

static void
assert_gets(int fd, uint8_t number, size_t len)
{
	uint8_t bytes[PACKET_CAPACITY + 1];

	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], number);
}

static void
assert_gets_no_more(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

/* Two viewers' frames, a packet of sound before, between and after. */
static void
sends_frames_as_runs(int family)
{
	static const size_t frame[] = { 1200, 1200, 1200, 700 };
	const int           one = loopback_socket(family);
	const int           two = loopback_socket(family);
	const int           fd = loopback_socket(family);
	const bool          cuts = kernel_cuts_runs(fd);
	const union packet_addr to[2] = {
		loopback_addr(one), loopback_addr(two),
	};
	struct room room;

	room_open(&room, fd, family, 64);
	for (unsigned i = 0; i < 2; i++) {
		send_packet(&room, &to[i], 100, 90);
		for (uint8_t k = 0; k < 4; k++)
			send_packet(&room, &to[i], k, frame[k]);
		send_packet(&room, &to[i], 101, 701);
	}
	media_socket_flush(room.socket);
	for (unsigned i = 0; i < 2; i++) {
		const int peer = i == 0 ? one : two;

		assert_gets(peer, 100, 90);
		for (uint8_t k = 0; k < 4; k++)
			assert_gets(peer, k, frame[k]);
		assert_gets(peer, 101, 701);
		assert_gets_no_more(peer);
	}
	assert_int_equal(media_socket_stats(room.socket)->packets_out, 12);
	assert_int_equal(media_socket_stats(room.socket)->bytes_out,
	    2 * (90 + 4300 + 701));
	assert_int_equal(media_socket_stats(room.socket)->messages_out,
	    cuts ? 6 : 12);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 0);
	close(one);
	close(two);
	room_close(&room);
}

static void
a_frame_to_a_viewer_is_one_message(void **state)
{
	const int six = loopback_socket(AF_INET6);

	(void)state;
	sends_frames_as_runs(AF_INET);
	if (six < 0)
		return;		/* this machine has no IPv6 */
	close(six);
	sends_frames_as_runs(AF_INET6);
}

/* 64 packets of the largest size are more than one message may hold. */
static void
cuts_runs_that_are_too_long(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	const int   fd = loopback_socket(AF_INET);
	const bool  cuts = kernel_cuts_runs(fd);
	const union packet_addr to = loopback_addr(peer);
	struct room room;

	(void)state;
	room_open(&room, fd, AF_INET, 64);
	for (uint8_t i = 0; i < 64; i++)
		send_packet(&room, &to, i, PACKET_CAPACITY);
	for (uint8_t i = 0; i < 64; i++)
		assert_gets(peer, i, PACKET_CAPACITY);
	assert_gets_no_more(peer);
	assert_int_equal(media_socket_stats(room.socket)->messages_out,
	    cuts ? 2 : 64);
	close(peer);
	room_close(&room);
}

/* A socket without checksums is one of the things that forbid runs. */
static void
sends_apart_what_is_refused_as_a_run(void **state)
{
	const int   peer = loopback_socket(AF_INET);
	const int   fd = loopback_socket(AF_INET);
	const int   on = 1;
	const union packet_addr to = loopback_addr(peer);
	struct room room;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on,
	    sizeof(on)), 0);
	room_open(&room, fd, AF_INET, 64);
	for (uint8_t i = 0; i < 9; i++)
		send_packet(&room, &to, i, i == 8 ? 30 : 500);
	media_socket_flush(room.socket);
	for (uint8_t i = 0; i < 9; i++)
		assert_gets(peer, i, i == 8 ? 30 : 500);
	assert_gets_no_more(peer);
	assert_int_equal(media_socket_stats(room.socket)->packets_out, 9);
	assert_int_equal(media_socket_stats(room.socket)->messages_out, 9);
	assert_int_equal(media_socket_stats(room.socket)->dropped, 0);
	close(peer);
	room_close(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_kernels_time_on_the_monotonic_clock),
		cmocka_unit_test(reads_more_than_a_batch),
		cmocka_unit_test(drops_and_counts_when_no_packet_is_free),
		cmocka_unit_test(drops_what_is_too_long),
		cmocka_unit_test(sends_back_in_order),
		cmocka_unit_test(answers_from_the_address_it_was_asked_at),
		cmocka_unit_test(a_send_that_fails_is_dropped_alone),
		cmocka_unit_test(a_frame_to_a_viewer_is_one_message),
		cmocka_unit_test(cuts_runs_that_are_too_long),
		cmocka_unit_test(sends_apart_what_is_refused_as_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
