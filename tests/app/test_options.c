/*
 * The command line of tesserad.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/options.h"

#define ARGS_MAX 8

/* What was printed, to both. */
struct said {
	char out[4096];
	char errors[4096];
};

static enum options_next
run(struct options *o, struct said *said, const char *const args[])
{
	char             *argv[ARGS_MAX + 1] = { NULL };
	int               argc = 0;
	FILE             *out = fmemopen(said->out, sizeof(said->out), "w");
	FILE             *errors = fmemopen(said->errors,
	    sizeof(said->errors), "w");
	struct config     c;
	enum options_next next;

	assert_non_null(out);
	assert_non_null(errors);
	memset(said, 0, sizeof(*said));
	for (; args[argc] && argc < ARGS_MAX; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc];
	next = options_parse(o, argc, argv, out, errors);
	if (next == OPTIONS_RUN)
		next = options_config(&c, o, out, errors);
	fclose(out);
	fclose(errors);
	return next;
}

#define RUN(o, said, ...)						\
	run(o, said, (const char *const[]){ "tesserad", __VA_ARGS__, NULL })

static void
takes_what_it_knows(void **state)
{
	struct options o;
	struct said    said;

	(void)state;
	assert_int_equal(run(&o, &said, (const char *const[]){ "tesserad",
	    NULL }), OPTIONS_RUN);
	assert_null(o.config);
	assert_int_equal(o.demo, 0);
	assert_int_equal(RUN(&o, &said, "--demo", "4"), OPTIONS_RUN);
	assert_int_equal(o.demo, 4);
	assert_int_equal(RUN(&o, &said, "--demo=48"), OPTIONS_RUN);
	assert_int_equal(o.demo, 48);
	assert_int_equal(RUN(&o, &said, "--help"), OPTIONS_DONE);
	assert_non_null(strstr(said.out, "--check-config"));
	assert_int_equal(RUN(&o, &said, "--version"), OPTIONS_DONE);
	assert_memory_equal(said.out, "tesserad ", 9);
}

static void
refuses_what_it_does_not_know(void **state)
{
	static const char *const counts[] = {
		"0", "49", "-1", "+4", " 4", "four", "4x", "",
		"99999999999999999999",
	};
	struct options o;
	struct said    said;

	(void)state;
	assert_int_equal(RUN(&o, &said, "--nonsense"), OPTIONS_WRONG);
	assert_int_equal(RUN(&o, &said, "-x"), OPTIONS_WRONG);
	assert_int_equal(RUN(&o, &said, "room"), OPTIONS_WRONG);
	assert_int_equal(RUN(&o, &said, "--config"), OPTIONS_WRONG);
	assert_string_equal(said.errors,
	    "tesserad: an option lacks its value; try --help\n");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		assert_int_equal(RUN(&o, &said, "--demo", counts[i]),
		    OPTIONS_WRONG);
}

static void
checks_and_prints_the_configuration(void **state)
{
	const char    *srcdir = getenv("srcdir");
	struct options o;
	struct said    said;
	char           path[1024];

	(void)state;
	snprintf(path, sizeof(path), "%s/etc/tesserad.yaml",
	    srcdir ? srcdir : ".");
	assert_int_equal(RUN(&o, &said, "--check-config", "--config", path),
	    OPTIONS_DONE);
	assert_non_null(strstr(said.out, "etc/tesserad.yaml: in order\n"));
	assert_int_equal(RUN(&o, &said, "--print-config", "--config", path),
	    OPTIONS_DONE);
	assert_non_null(strstr(said.out, "\nspare_rooms: 2\n"));
	assert_int_equal(RUN(&o, &said, "--config", "/nowhere/t.yaml"),
	    OPTIONS_WRONG);
	assert_string_equal(said.errors,
	    "/nowhere/t.yaml: No such file or directory\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_it_knows),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(checks_and_prints_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
