/*
 * The sockets of a room and the addresses it announces.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "control/resources.h"

static const struct resources_config range = {
	.udp_port_min = 41250, .udp_port_max = 41252,
};

static int
option_of(int fd, int level, int name)
{
	int       value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
both_sockets_have_the_port_and_the_options(void **state)
{
	struct resources_sockets s;
	struct sockaddr_in       v4;
	socklen_t                len = sizeof(v4);
	uint16_t                 next = 0;

	(void)state;
	assert_int_equal(resources_bind(&s, &range, &next), 0);
	assert_in_range(s.port, 41250, 41252);
	assert_int_equal(getsockname(s.fds[0], (struct sockaddr *)&v4, &len),
	    0);
	assert_int_equal(ntohs(v4.sin_port), s.port);
	assert_int_equal(option_of(s.fds[0], SOL_SOCKET, SO_TIMESTAMPNS), 1);
	assert_int_equal(option_of(s.fds[0], IPPROTO_IP, IP_PKTINFO), 1);
	assert_true(option_of(s.fds[0], SOL_SOCKET, SO_RCVBUF) > 65536);
	assert_true(fcntl(s.fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(fcntl(s.fds[0], F_GETFD), FD_CLOEXEC);
	if (s.fds[1] >= 0) {
		assert_int_equal(option_of(s.fds[1], SOL_SOCKET,
		    SO_TIMESTAMPNS), 1);
		assert_int_equal(option_of(s.fds[1], IPPROTO_IPV6,
		    IPV6_V6ONLY), 1);
		assert_int_equal(option_of(s.fds[1], IPPROTO_IPV6,
		    IPV6_RECVPKTINFO), 1);
	}
	resources_close(&s);
	assert_int_equal(s.fds[0], -1);
}

static void
ports_go_round_and_end(void **state)
{
	struct resources_sockets s[3], more;
	uint16_t                 next = 41251;

	(void)state;
	assert_int_equal(resources_bind(&s[0], &range, &next), 0);
	assert_int_equal(resources_bind(&s[1], &range, &next), 0);
	assert_int_equal(resources_bind(&s[2], &range, &next), 0);
	assert_int_equal(s[0].port, 41251);
	assert_int_equal(s[1].port, 41252);
	assert_int_equal(s[2].port, 41250);
	assert_int_equal(resources_bind(&more, &range, &next), -EADDRINUSE);
	resources_close(&s[1]);
	assert_int_equal(resources_bind(&more, &range, &next), 0);
	assert_int_equal(more.port, 41252);
	resources_close(&s[0]);
	resources_close(&s[2]);
	resources_close(&more);
}

static void
the_whole_range_up_to_65535_may_be_used(void **state)
{
	const struct resources_config top = {
		.udp_port_min = 65535, .udp_port_max = 65535,
	};
	struct resources_sockets      s;
	uint16_t                      next = 0;

	(void)state;
	assert_int_equal(resources_bind(&s, &top, &next), 0);
	assert_int_equal(s.port, 65535);
	assert_int_equal(next, 65535);
	resources_close(&s);
}

static void
addresses_are_read_and_wrong_ones_refused(void **state)
{
	static const char *const wrong[] = {
		"", "localhost", "192.0.2", "192.0.2.1.1", "192.0.2.1/24",
		"fe80::1", "fe80::1%eth0", "[::1]", "2001:db8::g",
	};
	struct ipc_address a;

	(void)state;
	assert_int_equal(resources_address_parse(&a, "192.0.2.1"), 0);
	assert_int_equal(a.family, 4);
	assert_int_equal(a.loopback, 0);
	assert_memory_equal(a.bytes, "\300\0\2\1\0\0", 6);
	assert_int_equal(resources_address_parse(&a, "127.1.2.3"), 0);
	assert_int_equal(a.loopback, 1);
	assert_int_equal(resources_address_parse(&a, "2001:db8::7"), 0);
	assert_int_equal(a.family, 6);
	assert_int_equal(a.bytes[15], 7);
	assert_int_equal(resources_address_parse(&a, "::1"), 0);
	assert_int_equal(a.loopback, 1);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(resources_address_parse(&a, wrong[i]),
		    -EINVAL);
}

/* Each is told once, none is link-local, loopback ones come last. */
static void
check_list(const struct ipc_address *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (list[i].family == 6)
			assert_false(list[i].bytes[0] == 0xfe &&
			    (list[i].bytes[1] & 0xc0) == 0x80);
		if (i > 0)
			assert_true(list[i].loopback >=
			    list[i - 1].loopback);
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(&list[i], &list[k],
			    sizeof(list[i]));
	}
}

static void
own_addresses_are_announced_without_configuration(void **state)
{
	struct ipc_address list[IPC_ADDRESSES_MAX];
	unsigned           count;

	(void)state;
	count = resources_addresses(list, &range);
	assert_in_range(count, 1, IPC_ADDRESSES_MAX);
	check_list(list, count);
	assert_int_equal(list[count - 1].loopback, 1);
}

static void
configured_addresses_replace_all_but_loopback(void **state)
{
	struct resources_config config = range;
	struct ipc_address      list[IPC_ADDRESSES_MAX];
	unsigned                count;

	(void)state;
	for (unsigned i = 0; i < IPC_ADDRESSES_MAX; i++)
		config.announce[i] = (struct ipc_address){
			.family = 4, .bytes = { 192, 0, 2, (uint8_t)i },
		};
	config.announce_count = 1;
	count = resources_addresses(list, &config);
	assert_in_range(count, 2, 4);
	assert_memory_equal(&list[0], &config.announce[0], sizeof(list[0]));
	check_list(list, count);
	for (unsigned i = 1; i < count; i++)
		assert_int_equal(list[i].loopback, 1);
	config.announce_count = IPC_ADDRESSES_MAX;
	count = resources_addresses(list, &config);
	check_list(list, count);
	assert_int_equal(list[count - 1].loopback, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sockets_have_the_port_and_the_options),
		cmocka_unit_test(ports_go_round_and_end),
		cmocka_unit_test(the_whole_range_up_to_65535_may_be_used),
		cmocka_unit_test(addresses_are_read_and_wrong_ones_refused),
		cmocka_unit_test(
		    own_addresses_are_announced_without_configuration),
		cmocka_unit_test(
		    configured_addresses_replace_all_but_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
