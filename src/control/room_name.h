/*
 * What may name a room.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * 1 to 64 of a-z, 0-9 and '-', and none of the words that paths of ours
 * begin with. Pure.
 */
#ifndef CONTROL_ROOM_NAME_H
#define CONTROL_ROOM_NAME_H

#include <stdbool.h>

/* What to say to people about one that is none. */
#define ROOM_NAME_WORDS "A room name has 1 to 64 of a-z, 0-9 and '-'."

#define ROOM_NAME_MAX 64

bool room_name_is_valid(const char *name);

#endif
