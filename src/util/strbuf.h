/*
 * A growing string with a hard maximum and a sticky error.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For text we compose: SDP answers, events, metrics, log lines. One owner.
 * Out of memory or over the maximum sets `bad`; every later call does
 * nothing, so a writer checks once (strbuf_text returns NULL).
 */
#ifndef UTIL_STRBUF_H
#define UTIL_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char  *text;		/* NUL-terminated once anything was added */
	size_t len;
	size_t size;
	size_t max;		/* most bytes, without the NUL */
	bool   bad;
};

void strbuf_init(struct strbuf *s, size_t max);
void strbuf_clear(struct strbuf *s);	/* frees; may be used again */
void strbuf_add(struct strbuf *s, const char *text);
void strbuf_add_bytes(struct strbuf *s, const char *bytes, size_t len);
void strbuf_printf(struct strbuf *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *s, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The text ("" when nothing was added), borrowed; NULL after an error. */
const char *strbuf_text(const struct strbuf *s);

#endif
