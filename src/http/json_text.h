/*
 * JSON as text, or nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_dumps() leaves out the name of a member when memory ends while it
 * writes that, and returns what it has. This writes into memory of the right
 * size. Any thread.
 */
#ifndef HTTP_JSON_TEXT_H
#define HTTP_JSON_TEXT_H

#include <stddef.h>

struct json_t;

/*
 * Takes the JSON, which may be NULL. `flags` are json_dumps()'s. Text for
 * free(); NULL when there is no JSON or no memory.
 */
char *json_text(struct json_t *json, size_t flags);

#endif
