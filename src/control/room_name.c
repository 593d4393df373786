/*
 * What may name a room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stddef.h>
#include <string.h>

#include "control/room_name.h"

bool
room_name_is_valid(const char *name)
{
	static const char *const reserved[] = { "whip", "whep", "v1",
		"healthz", "readyz", "metrics", "demo-assets" };
	const size_t len = strlen(name);

	if (len == 0 || len > ROOM_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return false;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcmp(name, reserved[i]) == 0)
			return false;
	}
	return true;
}
