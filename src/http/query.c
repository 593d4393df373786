/*
 * The query of a target: name=value pairs, percent-encoded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "http/query.h"
#include "util/encode.h"
#include "util/reader.h"
#include "util/writer.h"

static int
decode(char *out, size_t size, const char *text, size_t len, bool plus)
{
	struct reader r = reader_of(text, len);
	struct writer w = writer_of(out, size);

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);

		if (c == '%') {
			const uint8_t *digits = reader_take(&r, 2);

			if (digits == NULL || hex_parse(&c, 1,
			    (const char *)digits, 2) < 0)
				return -EBADMSG;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c == '\0')
			return -EBADMSG;
		writer_u8(&w, c);
	}
	writer_u8(&w, '\0');
	return w.bad ? -ENOSPC : 0;
}

int
percent_decode(char *out, size_t size, const char *text, size_t len)
{
	return decode(out, size, text, len, false);
}

int
query_get(char *out, size_t size, const char *query, const char *name)
{
	const size_t name_len = strlen(name);
	const char  *value = NULL;
	size_t       value_len = 0;

	while (query != NULL && *query != '\0') {
		const size_t pair = strcspn(query, "&");

		if (pair > name_len && query[name_len] == '=' &&
		    memcmp(query, name, name_len) == 0) {
			if (value)
				return -EBADMSG;
			value = query + name_len + 1;
			value_len = pair - name_len - 1;
		}
		query += pair + (query[pair] == '&');
	}
	return value ? decode(out, size, value, value_len, true) : -ENOENT;
}
