/*
 * The server's own check: who is asked, how often, and whose answer counts.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "net/ice.h"

#define SERVER_PWD "serverpasswordserverpassw"
#define PEER_PWD   "peerpasswordpeerpassword"
#define MS         1000
#define SECOND     1000000

static const uint8_t first[STUN_TRANSACTION_LEN] = { 1, 2, 3 };
static const uint8_t second[STUN_TRANSACTION_LEN] = { 4, 5, 6 };

static union packet_addr
addr(unsigned host)
{
	union packet_addr a = { 0 };

	a.v4.sin_family = AF_INET;
	a.v4.sin_port = htons(5000);
	a.v4.sin_addr.s_addr = htonl(0xc0000200 + host);	/* 192.0.2.0 */
	return a;
}

static struct ice_event
receive(struct ice *ice, const uint8_t *bytes, size_t len, unsigned host,
    int64_t now_us)
{
	const union packet_addr from = addr(host), local = addr(7);
	uint8_t                 reply[STUN_MESSAGE_MAX];
	struct stun_message     m;

	assert_int_equal(stun_parse(&m, bytes, len), 0);
	return ice_receive(ice, &m, bytes, len, &from, &local, now_us, reply);
}

/* A server whose peer is proven at host 1, at time 0. */
static void
server_init(struct ice *ice)
{
	uint8_t bytes[STUN_MESSAGE_MAX];
	size_t  len;

	assert_int_equal(ice_init(ice, "serv", SERVER_PWD, "peer", PEER_PWD),
	    0);
	ice->tie_breaker = 77;
	len = stun_write_request(bytes, sizeof(bytes), first, "serv:peer",
	    SERVER_PWD, 1, 2, true);
	assert_int_equal(receive(ice, bytes, len, 1, 0).verdict, ICE_HEARD);
}

static bool
asks(struct ice *ice, unsigned host, int64_t now_us,
    const uint8_t fresh[STUN_TRANSACTION_LEN], struct stun_message *m,
    uint8_t bytes[STUN_MESSAGE_MAX])
{
	const union packet_addr there = addr(host);
	size_t                  len;

	if (!ice_question_due(ice, &there, now_us))
		return false;
	len = ice_question_write(ice, &there, now_us, fresh, bytes);
	assert_int_equal(stun_parse(m, bytes, len), 0);
	assert_true(stun_authentic(m, bytes, len, PEER_PWD));
	return true;
}

static bool
asks_again(struct ice *ice, unsigned host, int64_t now_us)
{
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];

	return asks(ice, host, now_us, second, &m, bytes);
}

static struct ice_event
answer(struct ice *ice, const uint8_t transaction[STUN_TRANSACTION_LEN],
    const char *password, unsigned host, int64_t now_us)
{
	const union packet_addr mapped = addr(7);
	uint8_t                 bytes[STUN_MESSAGE_MAX];
	const size_t            len = stun_write_success(bytes,
	    sizeof(bytes), transaction, &mapped, password);

	return receive(ice, bytes, len, host, now_us);
}

static bool
media_goes_to(const struct ice *ice, unsigned host, int64_t now_us)
{
	const union packet_addr there = addr(host);
	const struct ice_path  *path = ice_selected(ice, now_us);

	return path != NULL && packet_addr_equal(&path->remote, &there);
}

static void
asks_as_who_is_controlled_and_moves_at_the_answer(void **state)
{
	struct ice          ice;
	struct ice_event    event;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];

	(void)state;
	server_init(&ice);
	assert_true(asks(&ice, 2, SECOND, first, &m, bytes));
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.username_len, strlen("peer:serv"));
	assert_memory_equal(m.username, "peer:serv", m.username_len);
	assert_true(m.controlled && !m.controlling && !m.use_candidate);
	assert_int_equal(m.tie_breaker, 77);
	/* RFC 8445, 7.1.1: as a peer-reflexive candidate would have it. */
	assert_int_equal(m.priority >> 24, 110);
	assert_true(media_goes_to(&ice, 1, SECOND));

	event = answer(&ice, first, PEER_PWD, 2, SECOND + 50 * MS);
	assert_int_equal(event.verdict, ICE_HEARD);
	assert_true(event.fresh && event.moved);
	assert_int_equal(event.reply_len, 0);
	assert_true(media_goes_to(&ice, 2, SECOND + 50 * MS));
	/* It is consent like the peer's own checks. */
	assert_true(media_goes_to(&ice, 2, 31 * SECOND));
	assert_false(media_goes_to(&ice, 2, 31 * SECOND + 51 * MS));
	/* And counts once. */
	assert_int_equal(answer(&ice, first, PEER_PWD, 2,
	    2 * SECOND).verdict, ICE_IGNORED);
}

static void
does_not_ask_while_the_path_is_alive(void **state)
{
	const union packet_addr one = addr(1);
	struct ice              ice;

	(void)state;
	assert_int_equal(ice_init(&ice, "serv", SERVER_PWD, "peer", PEER_PWD),
	    0);
	assert_false(asks_again(&ice, 1, SECOND));
	server_init(&ice);
	for (int64_t now_us = 0; now_us < SECOND; now_us += 20 * MS) {
		ice_media_heard(&ice, &one, now_us);
		assert_false(asks_again(&ice, 2, now_us));
		assert_false(asks_again(&ice, 1, now_us));
	}
	assert_false(asks_again(&ice, 2, 980 * MS + ICE_QUIET_US - 1));
	assert_true(asks_again(&ice, 2, 980 * MS + ICE_QUIET_US));
}

/* Whatever comes: five a second, and the first one's answer still counts. */
static void
asks_five_times_a_second_at_most(void **state)
{
	struct ice          ice;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	unsigned            asked = 0;

	(void)state;
	server_init(&ice);
	for (int64_t now_us = SECOND; now_us < 3 * SECOND; now_us += MS) {
		if (!asks(&ice, 2, now_us, now_us == SECOND ? first : second,
		    &m, bytes))
			continue;
		/* The same question again, for who is far away. */
		assert_memory_equal(m.transaction, first, sizeof(first));
		asked++;
	}
	assert_int_equal(asked, 10);
	assert_int_equal(answer(&ice, first, PEER_PWD, 2,
	    3 * SECOND).verdict, ICE_HEARD);

	/* As many when each packet comes from somewhere else. */
	server_init(&ice);
	asked = 0;
	for (int64_t now_us = SECOND; now_us < 3 * SECOND; now_us += MS)
		asked += asks_again(&ice, 10 + (unsigned)(now_us / MS % 200),
		    now_us);
	assert_int_equal(asked, 10);
	assert_int_equal(ice.path_count, 1);
}

static void
believes_only_the_right_answer(void **state)
{
	static const uint8_t wrong[STUN_TRANSACTION_LEN] = { 9 };
	struct ice           ice;
	struct stun_message  m;
	uint8_t              bytes[STUN_MESSAGE_MAX];
	const int64_t        then_us = SECOND + 50 * MS;

	(void)state;
	server_init(&ice);
	/* Nobody was asked. */
	assert_int_equal(answer(&ice, first, PEER_PWD, 2, then_us).verdict,
	    ICE_IGNORED);
	assert_true(asks(&ice, 2, SECOND, first, &m, bytes));
	/* From elsewhere, to something else, and of who does not know. */
	assert_int_equal(answer(&ice, first, PEER_PWD, 3, then_us).verdict,
	    ICE_IGNORED);
	assert_int_equal(answer(&ice, wrong, PEER_PWD, 2, then_us).verdict,
	    ICE_IGNORED);
	assert_int_equal(answer(&ice, first, "guess-guess-guess-guess", 2,
	    then_us).verdict, ICE_NOT_AUTHENTIC);
	assert_int_equal(answer(&ice, first, SERVER_PWD, 2, then_us).verdict,
	    ICE_NOT_AUTHENTIC);
	/* What was asked, sent back. */
	assert_int_equal(receive(&ice, bytes, (size_t)bytes[3] + 20, 2,
	    then_us).verdict, ICE_NOT_AUTHENTIC);
	/* Too late. */
	assert_int_equal(answer(&ice, first, PEER_PWD, 2,
	    SECOND + ICE_QUESTION_US + 1).verdict, ICE_IGNORED);
	assert_int_equal(ice.path_count, 1);
	assert_true(media_goes_to(&ice, 1, then_us));
	assert_int_equal(answer(&ice, first, PEER_PWD, 2,
	    SECOND + ICE_QUESTION_US).verdict, ICE_HEARD);
	assert_true(media_goes_to(&ice, 2, SECOND + ICE_QUESTION_US));
}

/* Behind a line that was dead for half a minute. */
static void
asks_for_consent_when_it_is_gone(void **state)
{
	struct ice          ice;
	struct ice_event    event;
	struct stun_message m;
	uint8_t             bytes[STUN_MESSAGE_MAX];

	(void)state;
	server_init(&ice);
	assert_false(asks_again(&ice, 1, 30 * SECOND));
	assert_true(asks(&ice, 1, 40 * SECOND, first, &m, bytes));
	assert_null(ice_selected(&ice, 40 * SECOND));
	event = answer(&ice, first, PEER_PWD, 1, 40 * SECOND + MS);
	assert_int_equal(event.verdict, ICE_HEARD);
	assert_false(event.fresh || event.moved);
	assert_true(media_goes_to(&ice, 1, 40 * SECOND + MS));
}

static void
asks_with_the_credentials_of_a_restart(void **state)
{
	const union packet_addr two = addr(2);
	struct ice              ice;
	struct stun_message     m;
	uint8_t                 bytes[STUN_MESSAGE_MAX];
	size_t                  len;

	(void)state;
	server_init(&ice);
	assert_int_equal(ice_restart(&ice, "anew", "newserverpasswordnewpwd1",
	    "peen", "newpeerpasswordnewpeerp1"), 0);
	assert_true(ice_question_due(&ice, &two, SECOND));
	len = ice_question_write(&ice, &two, SECOND, first, bytes);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_memory_equal(m.username, "peen:anew", m.username_len);
	assert_true(stun_authentic(&m, bytes, len, "newpeerpasswordnewpeerp1"));
	assert_true(answer(&ice, first, "newpeerpasswordnewpeerp1", 2,
	    SECOND + MS).moved);
}

/* tessera-peer has its own checks. */
static void
who_controls_asks_nothing(void **state)
{
	struct ice ice;

	(void)state;
	server_init(&ice);
	ice_control_init(&ice, 5);
	assert_false(asks_again(&ice, 2, SECOND));
	assert_false(asks_again(&ice, 1, 40 * SECOND));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    asks_as_who_is_controlled_and_moves_at_the_answer),
		cmocka_unit_test(does_not_ask_while_the_path_is_alive),
		cmocka_unit_test(asks_five_times_a_second_at_most),
		cmocka_unit_test(believes_only_the_right_answer),
		cmocka_unit_test(asks_for_consent_when_it_is_gone),
		cmocka_unit_test(asks_with_the_credentials_of_a_restart),
		cmocka_unit_test(who_controls_asks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
