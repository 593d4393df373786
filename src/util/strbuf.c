/*
 * A growing string with a hard maximum and a sticky error.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

void
strbuf_init(struct strbuf *s, size_t max)
{
	*s = (struct strbuf){ .max = max };
}

void
strbuf_clear(struct strbuf *s)
{
	free(s->text);
	strbuf_init(s, s->max);
}

/* Makes room for `more` bytes and the NUL. */
static bool
strbuf_grow(struct strbuf *s, size_t more)
{
	size_t need, size;
	char  *text;

	if (s->bad || more > s->max - s->len) {
		s->bad = true;
		return false;
	}
	need = s->len + more + 1;
	if (need <= s->size)
		return true;
	size = s->size ? s->size : 128;
	while (size < need)
		size *= 2;
	text = realloc(s->text, size);
	if (text == NULL) {
		s->bad = true;
		return false;
	}
	s->text = text;
	s->size = size;
	return true;
}

void
strbuf_add_bytes(struct strbuf *s, const char *bytes, size_t len)
{
	if (!strbuf_grow(s, len))
		return;
	if (len > 0)
		memcpy(s->text + s->len, bytes, len);
	s->len += len;
	s->text[s->len] = '\0';
}

void
strbuf_add(struct strbuf *s, const char *text)
{
	strbuf_add_bytes(s, text, strlen(text));
}

void
strbuf_vprintf(struct strbuf *s, const char *format, va_list args)
{
	va_list again;
	int     len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0 || !strbuf_grow(s, (size_t)len)) {
		s->bad = true;
		return;
	}
	vsnprintf(s->text + s->len, (size_t)len + 1, format, args);
	s->len += (size_t)len;
}

void
strbuf_printf(struct strbuf *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vprintf(s, format, args);
	va_end(args);
}

const char *
strbuf_text(const struct strbuf *s)
{
	if (s->bad)
		return NULL;
	return s->text ? s->text : "";
}
