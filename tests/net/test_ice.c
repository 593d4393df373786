/*
 * ICE: who is answered, where media goes, and for how long.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>

#include "net/ice.h"

#define SERVER_PWD "serverpasswordserverpassw"
#define PEER_PWD   "peerpasswordpeerpassword"
#define SECOND     1000000

static union packet_addr
addr(unsigned host, uint16_t port)
{
	union packet_addr a = { 0 };

	a.v4.sin_family = AF_INET;
	a.v4.sin_port = htons(port);
	a.v4.sin_addr.s_addr = htonl(0xc0000200 + host);	/* 192.0.2.0 */
	return a;
}

static void
server_init(struct ice *ice)
{
	assert_int_equal(ice_init(ice, "serv", SERVER_PWD, "peer", PEER_PWD),
	    0);
}

struct answer {
	struct ice_event    event;
	uint8_t             reply[STUN_MESSAGE_MAX];
	struct stun_message message;	/* of the reply, when there is one */
};

static struct answer
receive(struct ice *ice, const uint8_t *bytes, size_t len,
    const union packet_addr *from, int64_t now_us)
{
	const union packet_addr local = addr(7, 0);
	struct answer           a = { 0 };
	struct stun_message     m;

	assert_int_equal(stun_parse(&m, bytes, len), 0);
	a.event = ice_receive(ice, &m, bytes, len, from, &local, now_us,
	    a.reply);
	if (a.event.reply_len > 0)
		assert_int_equal(stun_parse(&a.message, a.reply,
		    a.event.reply_len), 0);
	return a;
}

static struct answer
check(struct ice *ice, const char *username, const char *password,
    bool nominate, unsigned host, int64_t now_us)
{
	static const uint8_t    transaction[STUN_TRANSACTION_LEN] = { 4, 2 };
	const union packet_addr from = addr(host, 5000);
	uint8_t                 bytes[STUN_MESSAGE_MAX];
	const size_t            len = stun_write_request(bytes, sizeof(bytes),
	    transaction, username, password, 1, 2, nominate);

	return receive(ice, bytes, len, &from, now_us);
}

static void
answers_an_authenticated_check_with_its_address(void **state)
{
	const union packet_addr from = addr(1, 5000), local = addr(7, 0);
	struct ice              ice;
	struct answer           a;

	(void)state;
	server_init(&ice);
	assert_null(ice_selected(&ice, 0));
	a = check(&ice, "serv:peer", SERVER_PWD, false, 1, 10);
	assert_int_equal(a.event.verdict, ICE_HEARD);
	assert_true(a.event.fresh);
	assert_int_equal(a.message.class, STUN_SUCCESS);
	assert_true(packet_addr_equal(&a.message.mapped, &from));
	assert_true(stun_authentic(&a.message, a.reply, a.event.reply_len,
	    SERVER_PWD));
	assert_non_null(ice_selected(&ice, 10));
	assert_true(packet_addr_equal(&ice_selected(&ice, 10)->remote, &from));
	assert_true(packet_addr_equal(&ice_selected(&ice, 10)->local,
	    &local));
	assert_false(check(&ice, "serv:peer", SERVER_PWD, false, 1,
	    20).event.fresh);
}

/* Nothing goes out, nothing is kept: no reflection and no state. */
static void
never_answers_without_authentication(void **state)
{
	static const char *names[] = { "serv:peer", "serv:", "other:peer",
	    "serv", "servant:peer", "", "peer:serv" };
	static const char *passwords[] = { "wrong", PEER_PWD, "" };
	struct ice         ice;

	(void)state;
	server_init(&ice);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t j = 0; j < 3; j++) {
			const struct answer a = check(&ice, names[i],
			    passwords[j], true, (unsigned)i, 10);

			assert_int_equal(a.event.verdict, ICE_NOT_AUTHENTIC);
			assert_int_equal(a.event.reply_len, 0);
		}
		if (i >= 2)
			assert_int_equal(check(&ice, names[i], SERVER_PWD,
			    true, 1, 10).event.reply_len, 0);
	}
	assert_int_equal(ice.path_count, 0);
	assert_null(ice_selected(&ice, 10));
}

static void
answers_420_to_what_it_does_not_understand(void **state)
{
	static const uint8_t    transaction[STUN_TRANSACTION_LEN] = { 1 };
	const union packet_addr from = addr(1, 5000);
	struct stun_message     m = { 0 };
	struct ice              ice;
	struct answer           a;
	uint8_t                 bytes[STUN_MESSAGE_MAX];
	size_t                  len;

	(void)state;
	server_init(&ice);
	len = stun_write_request(bytes, sizeof(bytes), transaction,
	    "serv:peer", SERVER_PWD, 1, 2, false);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	m.unknown_count = 1;
	m.unknown[0] = 0x0077;
	a.event = ice_receive(&ice, &m, bytes, len, &from, &from, 10, a.reply);
	assert_int_equal(a.event.verdict, ICE_NOT_UNDERSTOOD);
	assert_int_equal(stun_parse(&a.message, a.reply, a.event.reply_len),
	    0);
	assert_int_equal(a.message.error_code, 420);
	assert_int_equal(ice.path_count, 0);
	/* But not to who cannot prove himself. */
	a.event = ice_receive(&ice, &m, bytes, len - 8, &from, &from, 10,
	    a.reply);
	bytes[40] ^= 1;
	a.event = ice_receive(&ice, &m, bytes, len, &from, &from, 10, a.reply);
	assert_int_equal(a.event.verdict, ICE_NOT_AUTHENTIC);
	assert_int_equal(a.event.reply_len, 0);
}

static void
follows_the_last_nomination(void **state)
{
	const union packet_addr one = addr(1, 5000), two = addr(2, 5000);
	struct ice              ice;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, false, 1, 10);
	check(&ice, "serv:peer", SERVER_PWD, false, 2, 11);
	assert_true(packet_addr_equal(&ice_selected(&ice, 12)->remote, &one));
	check(&ice, "serv:peer", SERVER_PWD, true, 2, 12);
	assert_true(packet_addr_equal(&ice_selected(&ice, 12)->remote, &two));
	check(&ice, "serv:peer", SERVER_PWD, false, 1, 13);
	assert_true(packet_addr_equal(&ice_selected(&ice, 13)->remote, &two));
	check(&ice, "serv:peer", SERVER_PWD, true, 1, 14);
	assert_true(packet_addr_equal(&ice_selected(&ice, 14)->remote, &one));
}

static void
follows_who_moved_without_nominating(void **state)
{
	const union packet_addr one = addr(1, 5000), two = addr(2, 5000);
	struct ice              ice;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, true, 1, SECOND);
	/* Media keeps the path, and so do two seconds of nothing. */
	ice_media_heard(&ice, &one, 5 * SECOND);
	ice_media_heard(&ice, &two, 9 * SECOND);
	check(&ice, "serv:peer", SERVER_PWD, false, 2, 7 * SECOND);
	assert_true(packet_addr_equal(&ice_selected(&ice, 7 * SECOND)->remote,
	    &one));
	check(&ice, "serv:other", "not the password, at all", false, 2,
	    9 * SECOND);
	assert_true(packet_addr_equal(&ice_selected(&ice, 9 * SECOND)->remote,
	    &one));
	check(&ice, "serv:peer", SERVER_PWD, false, 2, 7 * SECOND + 1);
	assert_true(packet_addr_equal(&ice_selected(&ice, 9 * SECOND)->remote,
	    &two));
}

static void
consent_ends_after_30_seconds_without_a_check(void **state)
{
	const union packet_addr one = addr(1, 5000);
	struct ice              ice;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, true, 1, 0);
	assert_non_null(ice_selected(&ice, 30 * SECOND));
	ice_media_heard(&ice, &one, 40 * SECOND);
	assert_null(ice_selected(&ice, 30 * SECOND + 1));
	/* Of another path: no consent for this one. */
	check(&ice, "serv:peer", SERVER_PWD, false, 2, 40 * SECOND);
	assert_null(ice_selected(&ice, 40 * SECOND));
	check(&ice, "serv:peer", SERVER_PWD, false, 1, 41 * SECOND);
	assert_non_null(ice_selected(&ice, 41 * SECOND));
}

static void
keeps_eight_paths_and_the_selected_one_always(void **state)
{
	const union packet_addr first = addr(0, 5000);
	struct ice              ice;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, true, 0, 0);
	for (unsigned i = 1; i < 100; i++) {
		const struct answer a = check(&ice, "serv:peer", SERVER_PWD,
		    false, i, i);

		assert_true(a.event.fresh);
		assert_true(a.event.path < ICE_PATHS_MAX);
		assert_int_not_equal(a.event.path, ice.selected);
	}
	assert_int_equal(ice.path_count, ICE_PATHS_MAX);
	assert_true(packet_addr_equal(&ice_selected(&ice, 0)->remote, &first));
}

static void
ignores_answers_and_indications(void **state)
{
	static const uint8_t    transaction[STUN_TRANSACTION_LEN] = { 1 };
	const union packet_addr from = addr(1, 5000);
	uint8_t                 bytes[STUN_MESSAGE_MAX];
	size_t                  len;
	struct ice              ice;
	struct answer           a;

	(void)state;
	server_init(&ice);
	len = stun_write_success(bytes, sizeof(bytes), transaction, &from,
	    SERVER_PWD);
	a = receive(&ice, bytes, len, &from, 10);
	assert_int_equal(a.event.verdict, ICE_IGNORED);
	assert_int_equal(a.event.reply_len, 0);
	assert_int_equal(ice.path_count, 0);
}

static void
refuses_texts_that_do_not_fit(void **state)
{
	char       big[ICE_TEXT_MAX + 2];
	struct ice ice;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(ice_init(&ice, big, "p", "r", "q"), -EINVAL);
	assert_int_equal(ice_init(&ice, "u", "p", "r", big), -EINVAL);
	assert_int_equal(ice_init(&ice, "u", "", "r", "q"), -EINVAL);
	big[ICE_TEXT_MAX] = '\0';
	assert_int_equal(ice_init(&ice, big, big, big, big), 0);
}

/* ---- controlling --------------------------------------------------------- */

struct controller {
	struct ice ice, server;
	unsigned   sent;
	uint8_t    next;		/* of the transactions */
};

static void
controller_init(struct controller *c)
{
	memset(c, 0, sizeof(*c));
	server_init(&c->server);
	assert_int_equal(ice_init(&c->ice, "peer", PEER_PWD, "serv",
	    SERVER_PWD), 0);
	ice_control_init(&c->ice, 99);
}

/* The check that is due; its answer comes back when it is for `alive`. */
static bool
turn(struct controller *c, const union packet_addr *alive, bool *nominating)
{
	const int64_t     now_us = c->ice.next_us;
	uint8_t           transaction[STUN_TRANSACTION_LEN] = { ++c->next };
	uint8_t           bytes[STUN_MESSAGE_MAX];
	const union packet_addr mine = addr(50, 5000);
	union packet_addr to;
	size_t            len;
	struct answer     a;
	struct stun_message m;

	len = ice_control_due(&c->ice, now_us, transaction, bytes, &to);
	assert_true(len > 0);
	assert_int_equal(stun_parse(&m, bytes, len), 0);
	assert_true(m.controlling && m.has_priority);
	*nominating = m.use_candidate;
	c->sent++;
	if (!packet_addr_equal(&to, alive))
		return false;
	a = receive(&c->server, bytes, len, &mine, now_us);
	assert_int_equal(a.event.verdict, ICE_HEARD);
	a = receive(&c->ice, a.reply, a.event.reply_len, &to, now_us + 1000);
	assert_int_equal(a.event.verdict, ICE_HEARD);
	return true;
}

static void
checks_then_nominates_then_keeps_consent(void **state)
{
	const union packet_addr server = addr(9, 4000);
	struct controller       c;
	bool                    nominating;

	(void)state;
	controller_init(&c);
	assert_true(c.ice.next_us == INT64_MAX);
	assert_int_equal(ice_control_add(&c.ice, &server, 5), 0);
	assert_int_equal(c.ice.next_us, 5);
	assert_true(turn(&c, &server, &nominating));
	assert_false(nominating);
	assert_true(turn(&c, &server, &nominating));
	assert_true(nominating);
	assert_true(c.ice.nominated);
	for (unsigned i = 0; i < 40; i++) {
		const int64_t before_us = c.ice.next_us;

		assert_true(turn(&c, &server, &nominating));
		assert_int_equal(c.ice.next_us - before_us, 2501000);
	}
	assert_non_null(ice_selected(&c.ice, c.ice.next_us));
}

static void
goes_on_to_the_candidate_that_answers(void **state)
{
	const union packet_addr dead = addr(8, 4000), server = addr(9, 4000);
	struct controller       c;
	bool                    nominating;

	(void)state;
	controller_init(&c);
	ice_control_add(&c.ice, &dead, 0);
	ice_control_add(&c.ice, &server, 0);
	while (c.sent < 50 && !c.ice.nominated)
		turn(&c, &server, &nominating);
	assert_int_equal(c.sent, 8);
	assert_true(packet_addr_equal(&ice_selected(&c.ice,
	    c.ice.next_us)->remote, &server));
	assert_true(c.ice.next_us < 8 * SECOND);
}

static bool
uses(const struct ice *ice, const union packet_addr *remote)
{
	const struct ice_path *path = ice_selected(ice, ice->next_us);

	return path != NULL && ice->nominated &&
	    packet_addr_equal(&path->remote, remote);
}

static void
searches_anew_when_consent_is_lost(void **state)
{
	const union packet_addr first = addr(8, 4000), second = addr(9, 4000);
	struct controller       c;
	bool                    nominating;

	(void)state;
	controller_init(&c);
	ice_control_add(&c.ice, &first, 0);
	ice_control_add(&c.ice, &second, 0);
	turn(&c, &first, &nominating);
	turn(&c, &first, &nominating);
	assert_true(c.ice.nominated);
	c.sent = 0;
	while (c.sent < 200 && !uses(&c.ice, &second))
		turn(&c, &second, &nominating);
	assert_true(uses(&c.ice, &second));
	assert_true(c.ice.next_us < 50 * (int64_t)SECOND);
}

#define NEW_PWD "newserverpasswordnewpwd1"

static void
holds_both_credentials_until_the_new_are_used(void **state)
{
	struct ice    ice;
	struct answer a;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, true, 1, 10);
	assert_int_equal(ice_restart(&ice, "anew", NEW_PWD, "peen", PEER_PWD),
	    0);
	a = check(&ice, "serv:peer", SERVER_PWD, false, 1, 20);
	assert_int_equal(a.event.verdict, ICE_HEARD);
	assert_false(a.event.renewed);
	assert_true(stun_authentic(&a.message, a.reply, a.event.reply_len,
	    SERVER_PWD));
	/* Each name with its own password only. */
	assert_int_equal(check(&ice, "anew:peen", SERVER_PWD, true, 2,
	    20).event.verdict, ICE_NOT_AUTHENTIC);
	assert_int_equal(check(&ice, "serv:peer", NEW_PWD, true, 2,
	    20).event.verdict, ICE_NOT_AUTHENTIC);
	a = check(&ice, "anew:peen", NEW_PWD, true, 2, 30);
	assert_int_equal(a.event.verdict, ICE_HEARD);
	assert_true(a.event.renewed);
	assert_true(stun_authentic(&a.message, a.reply, a.event.reply_len,
	    NEW_PWD));
	assert_int_equal(check(&ice, "serv:peer", SERVER_PWD, true, 1,
	    40).event.verdict, ICE_NOT_AUTHENTIC);
	assert_false(check(&ice, "anew:peen", NEW_PWD, true, 2,
	    50).event.renewed);
}

/* A restart that nobody heard of does not take the place of what works. */
static void
keeps_what_worked_over_two_restarts(void **state)
{
	struct ice ice;

	(void)state;
	server_init(&ice);
	check(&ice, "serv:peer", SERVER_PWD, true, 1, 10);
	assert_int_equal(ice_restart(&ice, "lost", PEER_PWD, "a", "b"), 0);
	assert_int_equal(ice_restart(&ice, "anew", NEW_PWD, "c", "d"), 0);
	assert_int_equal(check(&ice, "serv:peer", SERVER_PWD, false, 1,
	    20).event.verdict, ICE_HEARD);
	assert_int_equal(check(&ice, "lost:a", PEER_PWD, false, 1,
	    30).event.verdict, ICE_NOT_AUTHENTIC);
	assert_true(check(&ice, "anew:c", NEW_PWD, false, 1,
	    40).event.renewed);
}

static void
refuses_to_restart_with_texts_that_do_not_fit(void **state)
{
	char       text[ICE_TEXT_MAX + 2];
	struct ice ice;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[ICE_TEXT_MAX + 1] = '\0';
	server_init(&ice);
	assert_int_equal(ice_restart(&ice, "anew", NEW_PWD, "c", text),
	    -EINVAL);
	assert_int_equal(ice_restart(&ice, "", NEW_PWD, "c", "d"), -EINVAL);
	assert_int_equal(check(&ice, "serv:peer", SERVER_PWD, false, 1,
	    20).event.verdict, ICE_HEARD);
}

static void
believes_only_the_right_answer(void **state)
{
	const union packet_addr server = addr(9, 4000), other = addr(10, 4000);
	const uint8_t       fresh[STUN_TRANSACTION_LEN] = { 3 };
	const uint8_t       wrong[STUN_TRANSACTION_LEN] = { 4 };
	struct controller   c;
	uint8_t             bytes[STUN_MESSAGE_MAX];
	size_t              len;
	union packet_addr   to;

	(void)state;
	controller_init(&c);
	ice_control_add(&c.ice, &server, 0);
	assert_true(ice_control_due(&c.ice, 0, fresh, bytes, &to) > 0);
	len = stun_write_success(bytes, sizeof(bytes), wrong, &other,
	    SERVER_PWD);
	assert_int_equal(receive(&c.ice, bytes, len, &server,
	    1).event.verdict, ICE_IGNORED);
	len = stun_write_success(bytes, sizeof(bytes), fresh, &other,
	    "guess");
	assert_int_equal(receive(&c.ice, bytes, len, &server,
	    1).event.verdict, ICE_NOT_AUTHENTIC);
	len = stun_write_success(bytes, sizeof(bytes), fresh, &other,
	    SERVER_PWD);
	assert_int_equal(receive(&c.ice, bytes, len, &other,
	    1).event.verdict, ICE_IGNORED);
	assert_int_equal(c.ice.path_count, 0);
	assert_int_equal(receive(&c.ice, bytes, len, &server,
	    1).event.verdict, ICE_HEARD);
}

static void
takes_sixteen_candidates(void **state)
{
	struct controller c;

	(void)state;
	controller_init(&c);
	for (unsigned i = 0; i < ICE_CANDIDATES_MAX + 1; i++) {
		const union packet_addr a = addr(i, 1);

		assert_int_equal(ice_control_add(&c.ice, &a, 0),
		    i < ICE_CANDIDATES_MAX ? 0 : -ENOSPC);
		assert_int_equal(ice_control_knows(&c.ice, &a),
		    i < ICE_CANDIDATES_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    answers_an_authenticated_check_with_its_address),
		cmocka_unit_test(never_answers_without_authentication),
		cmocka_unit_test(answers_420_to_what_it_does_not_understand),
		cmocka_unit_test(follows_the_last_nomination),
		cmocka_unit_test(follows_who_moved_without_nominating),
		cmocka_unit_test(consent_ends_after_30_seconds_without_a_check),
		cmocka_unit_test(keeps_eight_paths_and_the_selected_one_always),
		cmocka_unit_test(ignores_answers_and_indications),
		cmocka_unit_test(refuses_texts_that_do_not_fit),
		cmocka_unit_test(checks_then_nominates_then_keeps_consent),
		cmocka_unit_test(goes_on_to_the_candidate_that_answers),
		cmocka_unit_test(searches_anew_when_consent_is_lost),
		cmocka_unit_test(holds_both_credentials_until_the_new_are_used),
		cmocka_unit_test(keeps_what_worked_over_two_restarts),
		cmocka_unit_test(refuses_to_restart_with_texts_that_do_not_fit),
		cmocka_unit_test(believes_only_the_right_answer),
		cmocka_unit_test(takes_sixteen_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
