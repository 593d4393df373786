/*
 * JSON as text, or nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include <jansson.h>

#include "http/json_text.h"

char *
json_text(struct json_t *json, size_t flags)
{
	const size_t len = json ? json_dumpb(json, NULL, 0, flags) : 0;
	char        *text = len > 0 ? malloc(len + 1) : NULL;

	if (text && json_dumpb(json, text, len, flags) != len) {
		free(text);
		text = NULL;
	}
	if (text)
		text[len] = '\0';
	json_decref(json);
	return text;
}
