/*
 * How much of the processors lies idle.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/cpu_idle.h"

#define SECOND 1000000

/* As of Linux 6.1 on two processors and a third that we may not use. */
static const char text[] =
	"cpu  9999 9 99 99999 99 0 9 9 0 0\n"
	"cpu0 100 20 30 400 50 1 2 7 90 90\n"
	"cpu1 200 0 0 800 0 0 0 0 0 0\n"
	"cpu7 5000 0 0 5000 0 0 0 0 0 0\n"
	"intr 1234 0 0 0\n"
	"ctxt 5678\n";

static int
first_two(unsigned number, const void *of)
{
	(void)of;
	return number < 2;
}

static int
nobody(unsigned number, const void *of)
{
	(void)number;
	(void)of;
	return 0;
}

static void
counts_only_what_we_may_run_on(void **state)
{
	uint64_t idle = 0, all = 0;

	(void)state;
	assert_int_equal(cpu_idle_parse(&idle, &all, text, first_two, NULL),
	    0);
	/* Waiting for a disk is idle, a guest's time is in the user's. */
	assert_int_equal(idle, 400 + 50 + 800);
	assert_int_equal(all, 610 + 1000);
}

static void
knows_nothing_of_another_text(void **state)
{
	uint64_t idle = 7, all = 7;

	(void)state;
	assert_int_equal(cpu_idle_parse(&idle, &all, text, nobody, NULL),
	    -EBADMSG);
	assert_int_equal(cpu_idle_parse(&idle, &all, "", first_two, NULL),
	    -EBADMSG);
	assert_int_equal(cpu_idle_parse(&idle, &all, "cpu0\ncpu1 x 3\ncpufreq",
	    first_two, NULL), -EBADMSG);
	assert_int_equal(idle, 7);
	assert_int_equal(all, 7);
}

static void
survives_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char     part[sizeof(text)] = { 0 };
		uint64_t idle = 0, all = 0;

		for (size_t i = 0; i < len; i++)
			part[i] = text[i];
		if (cpu_idle_parse(&idle, &all, part, first_two, NULL) == 0)
			assert_true(idle <= all);
	}
}

static void
says_something_after_a_second_where_it_can_be_read(void **state)
{
	struct cpu_idle cpu;
	unsigned        percent;

	(void)state;
	cpu_idle_init(&cpu);
	assert_int_equal(cpu_idle_look(&cpu, 10 * SECOND), CPU_IDLE_UNKNOWN);
	assert_int_equal(cpu_idle_look(&cpu, 10 * SECOND + 1),
	    CPU_IDLE_UNKNOWN);
	percent = cpu_idle_look(&cpu, 11 * SECOND);
	assert_true(percent <= 100 || percent == CPU_IDLE_UNKNOWN);
	/* And nothing where not. */
	cpu_idle_clear(&cpu);
	assert_int_equal(cpu_idle_look(&cpu, 12 * SECOND), CPU_IDLE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_only_what_we_may_run_on),
		cmocka_unit_test(knows_nothing_of_another_text),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(
		    says_something_after_a_second_where_it_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
