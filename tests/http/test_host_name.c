/*
 * Which names of a Host field nobody else can lead here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/host_name.h"

static void
takes_addresses_and_localhost(void **state)
{
	static const char *const good[] = { "127.0.0.1", "127.0.0.1:8081",
		"192.0.2.7", "[::1]", "[::1]:8081", "[2001:db8::1]:80",
		"localhost", "localhost:8081", "LocalHost" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(host_name_is_direct(good[i]));
}

static void
refuses_every_other_name(void **state)
{
	static const char *const bad[] = { "", ":", ":80", "evil.example",
		"evil.example:8081", "localhost.evil.example", "localhost.",
		"xlocalhost", "localhost:", "localhost:8a", "127.0.0.1.evil",
		"127.0.0.1@evil", "0x7f000001", "2130706433", "127.1",
		"[::1", "::1]", "[evil]", "[]", "127.0.0.1:99999" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(host_name_is_direct(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_addresses_and_localhost),
		cmocka_unit_test(refuses_every_other_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
