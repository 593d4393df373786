/*
 * The rows of the catalogue as a table, and the one question about them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "ipc/catalogue.h"

struct row {
	const char *name;
	size_t      least, most;
	unsigned    fds_least, fds_most;
	unsigned    states;
};

#define IPC_TABLE_ROW(name, least, most, fds_least, fds_most, states)	\
	[IPC_##name] = { #name, least, most, fds_least, fds_most, states },

static const struct row rows[IPC_UP_END] = {
	IPC_DOWN_ROWS(IPC_TABLE_ROW)
	IPC_UP_ROWS(IPC_TABLE_ROW)
};

static bool
row_allows(uint16_t type, size_t body_len, unsigned fds, unsigned state)
{
	const struct row *row = &rows[type];

	return (row->states & state) != 0 &&
	    body_len >= row->least && body_len <= row->most &&
	    fds >= row->fds_least && fds <= row->fds_most;
}

bool
ipc_up_allowed(uint16_t type, size_t body_len, unsigned fds, unsigned state)
{
	if (type <= IPC_DOWN_END || type >= IPC_UP_END)
		return false;
	return row_allows(type, body_len, fds, state);
}

bool
ipc_down_allowed(uint16_t type, size_t body_len, unsigned fds, unsigned state)
{
	if (type <= IPC_NONE || type >= IPC_DOWN_END)
		return false;
	return row_allows(type, body_len, fds, state);
}

const char *
ipc_type_name(uint16_t type)
{
	if (type >= IPC_UP_END || rows[type].name == NULL)
		return "?";
	return rows[type].name;
}
