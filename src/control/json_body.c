/*
 * A JSON body from outside, with limits that jansson does not have.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "control/json_body.h"
#include "util/reader.h"

#define DEPTH_MAX  16
#define NODES_MAX  1000
#define STRING_MAX 4096

/* Skips a string behind its first quote; false when it is too long. */
static bool
skip_string(struct reader *r)
{
	const uint8_t *start = r->p;

	while (reader_left(r) > 0 && r->p - start <= STRING_MAX) {
		const uint8_t c = reader_u8(r);

		if (c == '"')
			return true;
		if (c == '\\')
			reader_skip(r, 1);
	}
	return r->p - start <= STRING_MAX;
}

/*
 * Counts before jansson allocates. Not a parser: what is no JSON passes here
 * and fails there.
 */
static const char *
over_limit(const uint8_t *bytes, size_t len)
{
	struct reader r = reader_of(bytes, len);
	unsigned      depth = 0, nodes = 0;

	while (reader_left(&r) > 0) {
		switch (reader_u8(&r)) {
		case '"':
			if (!skip_string(&r))
				return "a string is too long";
			nodes++;
			break;
		case '{':
		case '[':
			depth++;
			nodes++;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			break;
		case ',':
			nodes++;
			break;
		default:
			break;
		}
		if (depth > DEPTH_MAX)
			return "too deep";
		if (nodes > NODES_MAX)
			return "too many values";
	}
	return NULL;
}

int
json_body_parse(struct json_t **out, char why[JSON_BODY_WHY],
    const uint8_t *bytes, size_t len)
{
	const char  *limit = over_limit(bytes, len);
	json_error_t error;
	json_t      *object;

	if (limit || len == 0) {
		snprintf(why, JSON_BODY_WHY, "%s", limit ? limit : "no body");
		return -EBADMSG;
	}
	object = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES,
	    &error);
	if (object == NULL) {
		snprintf(why, JSON_BODY_WHY, "line %d, column %d: %.80s",
		    error.line, error.column, error.text);
		/* Without memory it has no words, or blames the text. */
		return error.text[0] ? -EBADMSG : -ENOMEM;
	}
	if (!json_is_object(object)) {
		json_decref(object);
		snprintf(why, JSON_BODY_WHY, "not an object");
		return -EBADMSG;
	}
	*out = object;
	return 0;
}
