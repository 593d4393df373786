/*
 * JSON bodies: what a person may change, and what no body may be.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/session_patch.h"

static int
parse(struct session_patch *patch, const char *text, size_t len)
{
	char     why[JSON_BODY_WHY];
	uint8_t *exact = malloc(len ? len : 1);
	int      err;

	assert_non_null(exact);
	memcpy(exact, text, len);
	err = session_patch_parse(patch, why, exact, len);
	free(exact);
	if (err)
		assert_true(strlen(why) > 0);
	return err;
}

static void
is_refused(const char *text)
{
	struct session_patch patch = { .max_height = 7 };

	assert_int_equal(parse(&patch, text, strlen(text)), -EBADMSG);
	assert_int_equal(patch.max_height, 7);
}

static void
reads_any_of_the_members(void **state)
{
	struct session_patch patch;
	static const char    nul[] = "{\"name\":\"Ada\\u0000\"}";
	static const char    name[] = "{\"name\":\" Ada\\u202e \"}";
	static const char    rest[] = "{\"mic\":true,\"camera\":false,"
	    "\"max\":\"180p\"}";

	(void)state;
	assert_int_equal(parse(&patch, "{}", 2), 0);
	assert_false(patch.has_name || patch.has_mic || patch.has_camera ||
	    patch.has_max);
	assert_int_equal(parse(&patch, nul, sizeof(nul) - 1), -EBADMSG);
	assert_int_equal(parse(&patch, name, sizeof(name) - 1), 0);
	assert_true(patch.has_name);
	assert_string_equal(patch.name, "Ada");
	assert_int_equal(parse(&patch, rest, sizeof(rest) - 1), 0);
	assert_true(patch.has_mic && patch.mic);
	assert_true(patch.has_camera && !patch.camera);
	assert_int_equal(patch.max_height, 180);
}

static void
refuses_what_is_not_a_patch(void **state)
{
	(void)state;
	is_refused("");
	is_refused("null");
	is_refused("[]");
	is_refused("{");
	is_refused("{}{}");
	is_refused("{\"mic\":1}");
	is_refused("{\"mic\":\"true\"}");
	is_refused("{\"name\":7}");
	is_refused("{\"name\":\"\"}");
	is_refused("{\"name\":\"\\u202e\"}");
	is_refused("{\"max\":\"361p\"}");
	is_refused("{\"max\":360}");
	is_refused("{\"volume\":true}");
	is_refused("{\"mic\":true,\"mic\":false}");
	is_refused("{\"mic\":NaN}");
	is_refused("{\"name\":\"\xff\"}");
	is_refused("{\"name\":\"\\ud800\"}");
	is_refused("{mic:true}");
}

static void
refuses_bombs(void **state)
{
	struct session_patch patch;
	const size_t         size = 60000;
	char                *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, '[', size);
	assert_int_equal(parse(&patch, text, size), -EBADMSG);
	memset(text, ',', size);
	assert_int_equal(parse(&patch, text, size), -EBADMSG);
	memset(text, 'a', size);
	memcpy(text, "{\"name\":\"", 9);
	memcpy(text + size - 2, "\"}", 2);
	assert_int_equal(parse(&patch, text, size), -EBADMSG);
	memset(text, '\\', size);
	text[0] = '"';
	assert_int_equal(parse(&patch, text, size), -EBADMSG);
	free(text);
}

static void
survives_every_truncation_and_bit_flip(void **state)
{
	static const char    whole[] = "{\"name\":\"A\\u00e9\\n\",\"mic\":true,"
	    "\"camera\":false,\"max\":\"720p\"}";
	struct session_patch patch;
	char                 bytes[sizeof(whole)];

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(parse(&patch, whole, len), -EBADMSG);
	assert_int_equal(parse(&patch, whole, sizeof(whole) - 1), 0);
	for (size_t bit = 0; bit < (sizeof(whole) - 1) * 8; bit++) {
		memcpy(bytes, whole, sizeof(whole));
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		(void)parse(&patch, bytes, sizeof(whole) - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_any_of_the_members),
		cmocka_unit_test(refuses_what_is_not_a_patch),
		cmocka_unit_test(refuses_bombs),
		cmocka_unit_test(survives_every_truncation_and_bit_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
