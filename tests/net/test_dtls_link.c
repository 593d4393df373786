/*
 * Both ends of DTLS over a link in memory that loses, delays and lies.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/dtls_link.h"
#include "net/dtls_reassembly.h"
#include "util/reader.h"
#include "util/writer.h"

#define WIRE_MAX 512

struct datagram {
	bool     to_server;
	int64_t  at_us;
	size_t   len;
	uint8_t  bytes[2048];
};

struct wire {
	uint32_t chance;		/* state of a xorshift */
	unsigned loss_percent;
	int64_t  delay_us, jitter_us;
	int64_t  now_us;
	unsigned sent, count;
	void   (*tamper)(struct wire *w, struct datagram *d);
	struct datagram *queue;
};

struct end {
	struct wire          *wire;
	bool                  server;
	struct dtls_identity *identity;
	struct dtls_link     *link;
	unsigned              pauses;	/* between steps */
};

struct pair {
	struct wire wire;
	struct end  client, server;
};

static uint32_t
chance(struct wire *w, uint32_t below)
{
	w->chance ^= w->chance << 13;
	w->chance ^= w->chance >> 17;
	w->chance ^= w->chance << 5;
	return w->chance % below;
}

static void
enqueue(struct wire *w, bool to_server, const uint8_t *bytes, size_t len,
    int64_t at_us)
{
	struct datagram *d = &w->queue[w->count];

	assert_true(w->count < WIRE_MAX && len <= sizeof(d->bytes));
	d->to_server = to_server;
	d->at_us = at_us;
	d->len = len;
	memcpy(d->bytes, bytes, len);
	w->count++;
}

static void
on_between(void *to)
{
	struct end *end = to;

	end->pauses++;
}

static void
on_send(void *to, const uint8_t *bytes, size_t len)
{
	struct end  *end = to;
	struct wire *w = end->wire;
	int64_t      late = 0;

	assert_true(len <= 1200);
	w->sent++;
	if (chance(w, 100) < w->loss_percent)
		return;
	if (w->jitter_us > 0)
		late = chance(w, (uint32_t)w->jitter_us);
	enqueue(w, !end->server, bytes, len, w->now_us + w->delay_us + late);
	if (w->tamper)
		w->tamper(w, &w->queue[w->count - 1]);
}

static void
end_open(struct end *end, struct wire *w, bool server)
{
	end->wire = w;
	end->server = server;
	assert_int_equal(dtls_identity_new(&end->identity), 0);
}

static void
link_open(struct end *end, const struct end *other, bool wrong)
{
	struct dtls_link_config cfg = {
		.identity = end->identity, .client = !end->server,
		.send = on_send, .between = on_between, .to = end,
	};

	dtls_identity_fingerprint(other->identity, cfg.peer_fingerprint);
	if (wrong)
		cfg.peer_fingerprint[31] ^= 0x80;
	assert_int_equal(dtls_link_new(&end->link, &cfg), 0);
}

static void
pair_open(struct pair *p, bool client_wrong, bool server_wrong)
{
	memset(p, 0, sizeof(*p));
	p->wire.chance = 1;
	p->wire.delay_us = 1000;
	p->wire.queue = calloc(WIRE_MAX, sizeof(*p->wire.queue));
	end_open(&p->client, &p->wire, false);
	end_open(&p->server, &p->wire, true);
	link_open(&p->client, &p->server, client_wrong);
	link_open(&p->server, &p->client, server_wrong);
}

static void
pair_close(struct pair *p)
{
	dtls_link_free(p->client.link);
	dtls_link_free(p->server.link);
	dtls_identity_free(p->client.identity);
	dtls_identity_free(p->server.identity);
	free(p->wire.queue);
}

/* Takes the earliest datagram off the wire. */
static struct datagram
dequeue(struct wire *w, unsigned at)
{
	const struct datagram d = w->queue[at];

	w->queue[at] = w->queue[--w->count];
	return d;
}

static unsigned
earliest(const struct wire *w)
{
	unsigned at = 0;

	for (unsigned i = 1; i < w->count; i++) {
		if (w->queue[i].at_us < w->queue[at].at_us)
			at = i;
	}
	return at;
}

static void
deliver(struct pair *p)
{
	struct datagram d = dequeue(&p->wire, earliest(&p->wire));
	struct end     *to = d.to_server ? &p->server : &p->client;
	uint8_t        *exact = malloc(d.len ? d.len : 1);

	memcpy(exact, d.bytes, d.len);
	if (d.at_us > p->wire.now_us)
		p->wire.now_us = d.at_us;
	dtls_link_receive(to->link, exact, d.len, p->wire.now_us);
	free(exact);
}

/* One event, be it a datagram or a timer. False when nothing will happen. */
static bool
step(struct pair *p)
{
	const int64_t client_us = dtls_link_next_us(p->client.link);
	const int64_t server_us = dtls_link_next_us(p->server.link);
	const int64_t timer_us = client_us < server_us ? client_us : server_us;

	if (p->wire.count > 0 &&
	    p->wire.queue[earliest(&p->wire)].at_us <= timer_us) {
		deliver(p);
		return true;
	}
	if (timer_us == INT64_MAX)
		return false;
	if (timer_us > p->wire.now_us)
		p->wire.now_us = timer_us;
	dtls_link_timeout(p->client.link, p->wire.now_us);
	dtls_link_timeout(p->server.link, p->wire.now_us);
	return true;
}

static bool
both_connected(const struct pair *p)
{
	return dtls_link_state(p->client.link) == DTLS_CONNECTED &&
	    dtls_link_state(p->server.link) == DTLS_CONNECTED;
}

static void
run(struct pair *p, int64_t most_us)
{
	dtls_link_start(p->client.link, p->wire.now_us);
	while (!both_connected(p) && p->wire.now_us < most_us && step(p))
		continue;
}

static void
drain(struct pair *p)
{
	while (p->wire.count > 0)
		deliver(p);
}

static void
assert_same_keys(const struct pair *p)
{
	uint8_t client_tx[DTLS_KEY_LEN], client_rx[DTLS_KEY_LEN];
	uint8_t server_tx[DTLS_KEY_LEN], server_rx[DTLS_KEY_LEN];

	dtls_link_keys(p->client.link, client_tx, client_rx);
	dtls_link_keys(p->server.link, server_tx, server_rx);
	assert_memory_equal(client_tx, server_rx, DTLS_KEY_LEN);
	assert_memory_equal(client_rx, server_tx, DTLS_KEY_LEN);
	assert_memory_not_equal(client_tx, client_rx, DTLS_KEY_LEN);
	assert_memory_not_equal(client_tx + 16, client_rx + 16, 14);
}

/* ---- tests --------------------------------------------------------------- */

static void
both_ends_get_the_same_keys(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, false, false);
	run(&p, 1000000);
	assert_true(both_connected(&p));
	assert_true(p.wire.now_us < 10000);
	assert_same_keys(&p);
	assert_true(dtls_link_next_us(p.client.link) == INT64_MAX);
	assert_true(dtls_link_next_us(p.server.link) == INT64_MAX);
	pair_close(&p);
}

/* Not one for a flight, but for each message of it. */
static void
others_have_their_turn_within_a_flight(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, false, false);
	run(&p, 1000000);
	assert_true(both_connected(&p));
	assert_true(p.client.pauses > 2 * p.wire.sent);
	assert_true(p.server.pauses > 2 * p.wire.sent);
	pair_close(&p);
}

static void
gets_through_loss_and_disorder(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct pair p;

		pair_open(&p, false, false);
		p.wire.chance = seed * 7919;
		p.wire.loss_percent = 30;
		p.wire.jitter_us = 20000;
		run(&p, 60000000);
		/* The last flight may be lost: the client asks again. */
		if (!both_connected(&p))
			fail_msg("seed %u: client %d, server %d", seed,
			    dtls_link_state(p.client.link),
			    dtls_link_state(p.server.link));
		assert_same_keys(&p);
		pair_close(&p);
	}
}

static void
a_lost_first_flight_costs_200_ms(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, false, false);
	p.wire.loss_percent = 100;
	dtls_link_start(p.client.link, 0);
	p.wire.loss_percent = 0;
	assert_int_equal(dtls_link_next_us(p.client.link), 200000);
	run(&p, 1000000);
	assert_true(both_connected(&p));
	assert_true(p.wire.now_us >= 200000 && p.wire.now_us < 250000);
	pair_close(&p);
}

static void
silence_ends_after_three_tries(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, false, false);
	p.wire.loss_percent = 100;
	run(&p, 600000000);
	assert_int_equal(dtls_link_state(p.client.link), DTLS_FAILED);
	assert_true(p.wire.sent < 30);
	pair_close(&p);
}

static void
a_wrong_fingerprint_gives_no_keys(void **state)
{
	static const uint8_t none[2 * DTLS_KEY_LEN];
	struct pair p;
	uint8_t     keys[2 * DTLS_KEY_LEN];

	(void)state;
	pair_open(&p, true, false);
	run(&p, 1000000);
	drain(&p);
	assert_int_equal(dtls_link_state(p.client.link), DTLS_FAILED);
	dtls_link_keys(p.client.link, keys, keys + DTLS_KEY_LEN);
	assert_memory_equal(keys, none, sizeof(none));
	pair_close(&p);

	pair_open(&p, false, true);
	run(&p, 1000000);
	drain(&p);
	assert_int_equal(dtls_link_state(p.server.link), DTLS_FAILED);
	dtls_link_keys(p.server.link, keys, keys + DTLS_KEY_LEN);
	assert_memory_equal(keys, none, sizeof(none));
	pair_close(&p);
}

/* Before each true datagram, what a stranger could throw in. */
static void
throw_garbage(struct wire *w, struct datagram *d)
{
	static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0,
	    77, 0, 2, 2, 40 };
	static const uint8_t hello_request[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0,
	    0, 0, 78, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	const struct datagram true_one = *d;
	uint8_t               noise[256];

	enqueue(w, d->to_server, alert, sizeof(alert), d->at_us - 3);
	enqueue(w, d->to_server, hello_request, sizeof(hello_request),
	    d->at_us - 3);
	for (unsigned i = 0; i < 4; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)chance(w, 256);
		noise[0] = (uint8_t)(20 + chance(w, 44));
		enqueue(w, true_one.to_server, noise, 1 + chance(w, 256),
		    true_one.at_us - 2);
		/* Its own bytes, cut short. */
		enqueue(w, true_one.to_server, true_one.bytes,
		    1 + chance(w, (uint32_t)true_one.len - 1),
		    true_one.at_us - 1);
	}
}

static void
garbage_before_the_end_changes_nothing(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 5; seed++) {
		struct pair p;

		pair_open(&p, false, false);
		p.wire.chance = seed * 104729;
		p.wire.tamper = throw_garbage;
		run(&p, 5000000);
		assert_true(both_connected(&p));
		assert_true(p.wire.now_us < 100000);
		assert_same_keys(&p);
		pair_close(&p);
	}
}

/* A well-formed ServerHello that makes no sense: fatal, so it begins anew. */
static void
starts_anew_after_a_fatal_error(void **state)
{
	struct pair   p;
	uint8_t       bytes[128];
	struct writer w;

	(void)state;
	pair_open(&p, false, false);
	dtls_link_start(p.client.link, 0);
	p.wire.count = 0;	/* the first ClientHello is lost */
	for (unsigned tries = 1; tries <= 3; tries++) {
		w = writer_of(bytes, sizeof(bytes));
		writer_u8(&w, 22);
		writer_u16(&w, 0xfefd);
		writer_u64(&w, tries);
		writer_u16(&w, 12 + 38);
		writer_u8(&w, 2);
		writer_u24(&w, 38);
		writer_u16(&w, 0);
		writer_u24(&w, 0);
		writer_u24(&w, 38);
		writer_u16(&w, 0x0101);
		writer_zeros(&w, 36);
		dtls_link_receive(p.client.link, bytes, writer_len(&w),
		    (int64_t)tries * 1000);
		if (tries == 1) {
			assert_int_equal(dtls_link_state(p.client.link),
			    DTLS_HANDSHAKE);
			assert_int_equal(p.wire.count, 1);
		}
	}
	assert_int_equal(dtls_link_state(p.client.link), DTLS_FAILED);
	pair_close(&p);

	/* Once is not the end of it. */
	pair_open(&p, false, false);
	dtls_link_start(p.client.link, 0);
	p.wire.count = 0;
	dtls_link_receive(p.client.link, bytes, writer_len(&w), 1000);
	assert_int_equal(p.wire.count, 1);
	while (!both_connected(&p) && step(&p))
		continue;
	assert_true(both_connected(&p));
	assert_same_keys(&p);
	pair_close(&p);
}

static void
close_notify_and_nothing_else_closes(void **state)
{
	static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0,
	    99, 0, 2, 2, 40 };
	struct pair p;

	(void)state;
	pair_open(&p, false, false);
	run(&p, 1000000);
	drain(&p);
	assert_true(both_connected(&p));
	for (unsigned i = 0; i < 20; i++) {
		dtls_link_receive(p.client.link, alert, sizeof(alert),
		    p.wire.now_us);
		dtls_link_receive(p.server.link, alert, sizeof(alert),
		    p.wire.now_us);
	}
	assert_true(both_connected(&p));
	dtls_link_close(p.client.link);
	assert_int_equal(p.wire.count, 1);
	deliver(&p);
	assert_int_equal(dtls_link_state(p.server.link), DTLS_CLOSED);
	pair_close(&p);
}

/* ---- a ClientHello in fragments ------------------------------------------ */

enum order { IN_ORDER, REVERSED, DOUBLED, ONE_DATAGRAM, ORDERS };

/* Cuts the only handshake message of a one-record datagram. */
static size_t
fragment(uint8_t *out, size_t size, const struct datagram *hello,
    uint32_t offset, uint32_t len, unsigned seq)
{
	struct writer  w = writer_of(out, size);
	struct reader  r = reader_of(hello->bytes, hello->len);
	const uint8_t *body;

	writer_bytes(&w, reader_take(&r, 3), 3);	/* type, version */
	writer_u64(&w, seq);
	writer_u16(&w, (uint16_t)(DTLS_HANDSHAKE_HEADER + len));
	reader_skip(&r, 10);
	writer_bytes(&w, reader_take(&r, 6), 6);	/* to message_seq */
	writer_u24(&w, offset);
	writer_u24(&w, len);
	reader_skip(&r, 6 + offset);
	body = reader_take(&r, len);
	assert_false(r.bad);
	writer_bytes(&w, body, len);
	return writer_len(&w);
}

static void
send_hello_in_two(struct pair *p, enum order order)
{
	const struct datagram hello = dequeue(&p->wire, 0);
	const uint32_t whole = (uint32_t)(hello.len - DTLS_RECORD_HEADER -
	    DTLS_HANDSHAKE_HEADER);
	const uint32_t cut = whole * 5 / 6;
	uint8_t        a[2048], b[2048];
	const size_t   a_len = fragment(a, sizeof(a), &hello, 0, cut, 10);
	const size_t   b_len = fragment(b, sizeof(b), &hello, cut,
	    whole - cut, 11);

	switch (order) {
	case IN_ORDER:
		enqueue(&p->wire, true, a, a_len, 1);
		enqueue(&p->wire, true, b, b_len, 2);
		break;
	case REVERSED:
		enqueue(&p->wire, true, b, b_len, 1);
		enqueue(&p->wire, true, a, a_len, 2);
		break;
	case DOUBLED:
		enqueue(&p->wire, true, a, a_len, 1);
		enqueue(&p->wire, true, a, a_len, 2);
		enqueue(&p->wire, true, b, b_len, 3);
		enqueue(&p->wire, true, b, b_len, 4);
		break;
	case ONE_DATAGRAM:
	case ORDERS:
		memcpy(a + a_len, b, b_len);
		enqueue(&p->wire, true, a, a_len + b_len, 1);
		break;
	}
}

static void
a_client_hello_in_fragments_is_joined(void **state)
{
	(void)state;
	for (enum order order = IN_ORDER; order < ORDERS; order++) {
		struct pair p;

		pair_open(&p, false, false);
		dtls_link_start(p.client.link, 0);
		assert_int_equal(p.wire.count, 1);
		send_hello_in_two(&p, order);
		while (!both_connected(&p) && p.wire.now_us < 1000000 &&
		    step(&p))
			continue;
		assert_true(both_connected(&p));
		assert_true(p.wire.now_us < 100000);
		assert_same_keys(&p);
		pair_close(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_get_the_same_keys),
		cmocka_unit_test(others_have_their_turn_within_a_flight),
		cmocka_unit_test(gets_through_loss_and_disorder),
		cmocka_unit_test(a_lost_first_flight_costs_200_ms),
		cmocka_unit_test(silence_ends_after_three_tries),
		cmocka_unit_test(a_wrong_fingerprint_gives_no_keys),
		cmocka_unit_test(garbage_before_the_end_changes_nothing),
		cmocka_unit_test(starts_anew_after_a_fatal_error),
		cmocka_unit_test(close_notify_and_nothing_else_closes),
		cmocka_unit_test(a_client_hello_in_fragments_is_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
