/*
 * Names of people and of rooms.
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

#include "control/person_name.h"
#include "control/room_name.h"

static void
becomes(const char *expected, const char *text)
{
	char out[PERSON_NAME_SIZE];

	assert_int_equal(person_name_clean(out, text, strlen(text)),
	    strlen(expected));
	assert_string_equal(out, expected);
}

static void
leaves_names_alone(void **state)
{
	static const char *const names[] = { "Ada", "Ada Lovelace", "O'Neil",
		"\xc3\x85sa \xc3\x98", "\xe5\xb1\xb1\xe7\x94\xb0",
		"\xd7\x93\xd7\xa0\xd7\x94", "<b>&amp;</b>", "%s%n", "\\x",
		/* a family: emoji with joiners */
		"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
		/* e and a combining acute */
		"e\xcc\x81" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		becomes(names[i], names[i]);
}

static void
takes_out_what_shows_nothing(void **state)
{
	(void)state;
	becomes("AdaX", "Ada\r\nX");
	becomes("AdaX", "\x01" "Ada\x1b\x7f" "X\x08");
	becomes("AdaX", "Ada\xc2\x85\xc2\x9fX");		/* C1 */
	becomes("AdaX", "\xe2\x80\xae" "Ada\xe2\x80\xac" "X");	/* RLO PDF */
	becomes("AdaX", "\xe2\x81\xa6" "Ada\xe2\x81\xa9" "X");	/* isolates */
	becomes("AdaX", "Ada\xe2\x80\x8e\xe2\x80\x8f\xd8\x9cX");
	becomes("AdaX", "\xef\xbb\xbf" "Ada\xe2\x80\x8bX");	/* BOM, ZWSP */
	becomes("AdaX", "Ada\xe2\x80\xa8\xe2\x80\xa9X");	/* LS PS */
	becomes("AdaX", "Ada\xf3\xa0\x80\xa0X");		/* a tag */
	becomes("", "\xe3\x85\xa4\xe2\x81\xa0\r\n");
	becomes("", "");
}

static void
trims_and_joins_spaces(void **state)
{
	(void)state;
	becomes("Ada L", "  Ada \t  L  ");
	becomes("Ada L", "\xc2\xa0" "Ada\xe3\x80\x80\xe2\x80\x83L\xc2\xa0");
	becomes("Ada L", "Ada \xe2\x80\xae L");
	becomes("", " \t ");
}

static void
cuts_at_64_characters(void **state)
{
	char   text[4 * 200 + 1], out[PERSON_NAME_SIZE];
	size_t len = 0;

	(void)state;
	memset(text, 'a', 200);
	assert_int_equal(person_name_clean(out, text, 200), 64);
	for (unsigned i = 0; i < 200; i++, len += 4)
		memcpy(text + len, "\xf0\x9f\x91\xa9", 4);
	assert_int_equal(person_name_clean(out, text, len), 256);
	assert_int_equal(strlen(out), 256);
	/* A space never stands at the cut. */
	memset(text, 'a', 63);
	memcpy(text + 63, " bcd", 4);
	assert_int_equal(person_name_clean(out, text, 67), 63);
}

static void
refuses_what_is_not_utf_8(void **state)
{
	static const char *const texts[] = { "\x80", "\xc0\x80", "\xc1\xbf",
		"\xc3", "\xc3(", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
		"\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "Ada\xfe" };
	char out[PERSON_NAME_SIZE] = "untouched";
	char late[128];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(person_name_clean(out, texts[i],
		    strlen(texts[i])), -EBADMSG);
	memset(late, 'a', sizeof(late));
	late[100] = '\xff';		/* behind the cut */
	assert_int_equal(person_name_clean(out, late, sizeof(late)), -EBADMSG);
	assert_string_equal(out, "untouched");
}

static void
survives_every_truncation(void **state)
{
	static const char name[] =
	    "A\xc3\xa9 \xe2\x82\xac\xf0\x9f\x91\xa9 \xe2\x80\xae z";
	char out[PERSON_NAME_SIZE];

	(void)state;
	for (size_t len = 0; len < sizeof(name); len++) {
		char     *exact = malloc(len ? len : 1);
		const int n = (memcpy(exact, name, len),
		    person_name_clean(out, exact, len));

		assert_true(n == -EBADMSG || (size_t)n == strlen(out));
		free(exact);
	}
}

static void
knows_room_names(void **state)
{
	static const char *const good[] = { "a", "blue-fox", "0", "-", "demo",
		"v2", "whips" };
	static const char *const bad[] = { "", "A", "blue_fox", "a b", "a/b",
		"..", "a.b", "\xc3\xa9", "whip", "whep", "v1", "healthz",
		"readyz", "metrics", "demo-assets", "a\n" };
	char name[66];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(room_name_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(room_name_is_valid(bad[i]));
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	assert_true(room_name_is_valid(name));
	name[64] = 'a';
	name[65] = '\0';
	assert_false(room_name_is_valid(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_names_alone),
		cmocka_unit_test(takes_out_what_shows_nothing),
		cmocka_unit_test(trims_and_joins_spaces),
		cmocka_unit_test(cuts_at_64_characters),
		cmocka_unit_test(refuses_what_is_not_utf_8),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(knows_room_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
