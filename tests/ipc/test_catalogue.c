/*
 * The catalogue: what may come when, and that docs/IPC.md says the same.
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

#include "ipc/catalogue.h"
#include "util/strbuf.h"

struct row {
	uint16_t    type;
	const char *name;
	bool        up;
	size_t      least, most;
	unsigned    fds_least, fds_most;
	unsigned    states;
};

#define DOWN(name, least, most, fds_least, fds_most, states)		\
	{ IPC_##name, #name, false, least, most, fds_least, fds_most, states },
#define UP(name, least, most, fds_least, fds_most, states)		\
	{ IPC_##name, #name, true, least, most, fds_least, fds_most, states },

static const struct row rows[] = {
	IPC_DOWN_ROWS(DOWN)
	IPC_UP_ROWS(UP)
};

#define ROWS   (sizeof(rows) / sizeof(rows[0]))
#define STATES 32	/* each set of the five bits */

static bool
allowed(const struct row *row, bool up, size_t len, unsigned fds,
    unsigned state)
{
	return up ? ipc_up_allowed(row->type, len, fds, state) :
	    ipc_down_allowed(row->type, len, fds, state);
}

static void
each_row_holds_its_lengths_and_descriptors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		const unsigned    fds = row->fds_least;
		const bool        up = row->up;

		assert_true(row->most <= IPC_BODY_MAX);
		assert_true(allowed(row, up, row->least, fds, row->states));
		assert_true(allowed(row, up, row->most, fds, row->states));
		assert_true(allowed(row, up, row->least, row->fds_most,
		    row->states));
		assert_false(allowed(row, up, row->least - 1, fds,
		    row->states));
		assert_false(allowed(row, up, row->most + 1, fds,
		    row->states));
		assert_false(allowed(row, up, row->least, row->fds_least - 1,
		    row->states));
		assert_false(allowed(row, up, row->least, row->fds_most + 1,
		    row->states));
	}
}

static void
each_row_comes_only_in_its_states_and_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		for (unsigned s = 1; s < STATES; s <<= 1)
			assert_int_equal(allowed(row, row->up, row->least,
			    row->fds_least, s), (row->states & s) != 0);
		assert_false(allowed(row, !row->up, row->least,
		    row->fds_least, STATES - 1));
	}
}

static void
other_types_never_come(void **state)
{
	(void)state;
	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		bool known = false;

		for (size_t i = 0; i < ROWS; i++)
			known |= rows[i].type == type;
		if (known)
			continue;
		for (size_t len = 0; len < 64; len++) {
			assert_false(ipc_up_allowed((uint16_t)type, len, 0,
			    STATES - 1));
			assert_false(ipc_down_allowed((uint16_t)type, len, 0,
			    STATES - 1));
		}
		assert_string_equal(ipc_type_name((uint16_t)type), "?");
	}
	assert_string_equal(ipc_type_name(IPC_JOIN), "JOIN");
	assert_string_equal(ipc_type_name(IPC_PONG), "PONG");
}

static void
add_states(struct strbuf *s, unsigned states)
{
	static const char *const names[] = {
		"start", "prepare", "spare", "room", "close",
	};
	const char              *comma = "";

	for (unsigned i = 0; i < 5; i++) {
		if (states & 1u << i) {
			strbuf_printf(s, "%s%s", comma, names[i]);
			comma = ", ";
		}
	}
}

/* The table of docs/IPC.md as the catalogue wants it. */
static void
add_table(struct strbuf *s)
{
	strbuf_add(s, "| message | way | least bytes | most bytes | "
	    "descriptors | states |\n| --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		strbuf_printf(s, "| `%s` | %s | %zu | %zu | ", row->name,
		    row->up ? "up" : "down", row->least, row->most);
		if (row->fds_least == row->fds_most)
			strbuf_printf(s, "%u | ", row->fds_most);
		else
			strbuf_printf(s, "%u to %u | ", row->fds_least,
			    row->fds_most);
		add_states(s, row->states);
		strbuf_add(s, " |\n");
	}
}

static void
the_document_has_the_same_table(void **state)
{
	const char   *srcdir = getenv("srcdir");
	char          path[4096], text[32768];
	struct strbuf table;
	FILE         *file;
	size_t        len;

	(void)state;
	snprintf(path, sizeof(path), "%s/docs/IPC.md", srcdir ? srcdir : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	strbuf_init(&table, sizeof(text));
	add_table(&table);
	assert_non_null(strbuf_text(&table));
	if (strstr(text, strbuf_text(&table)) == NULL)
		fail_msg("docs/IPC.md should hold:\n%s", strbuf_text(&table));
	strbuf_clear(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_holds_its_lengths_and_descriptors),
		cmocka_unit_test(
		    each_row_comes_only_in_its_states_and_its_way),
		cmocka_unit_test(other_types_never_come),
		cmocka_unit_test(the_document_has_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
