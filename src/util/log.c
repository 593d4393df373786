/*
 * Log lines: one event, one line, one object.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"

#define LINE_MAX_BYTES 1024

static const char *const level_names[] = { "error", "warn", "info", "debug" };

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

int
log_level_parse(enum log_level *out, const char *name)
{
	for (int i = 0; i <= LOG_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Bytes of the sequence that this one leads; 0: it cannot lead one. */
static size_t
utf8_len(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc3)	/* 0xc2 leads the C1 controls */
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* Length of the valid UTF-8 sequence at p (printable only), or 0. */
static size_t
utf8_printable(const unsigned char *p)
{
	const size_t len = utf8_len(p[0]);

	if (len == 1)
		return p[0] >= 0x20 && p[0] != 0x7f && p[0] != '\\';
	if (p[0] == 0xe2 && p[1] == 0x80)	/* separators, bidi marks */
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

void
log_escape(char *out, size_t size, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t               used = 0;

	if (size == 0)
		return;
	while (*p) {
		const size_t whole = utf8_printable(p);

		if (whole > 0) {
			if (used + whole >= size)
				break;
			memcpy(out + used, p, whole);
			used += whole;
			p += whole;
		} else {
			if (used + 4 >= size)
				break;
			snprintf(out + used, 5, "\\x%02x", *p++);
			used += 4;
		}
	}
	out[used] = '\0';
}

static void
stderr_write(void *to, enum log_level level, const char *line)
{
	const int64_t   now_us = clock_realtime_us();
	const time_t    seconds = (time_t)(now_us / 1000000);
	struct tm       tm;
	char            text[LINE_MAX_BYTES + 64];
	int             len;

	(void)to;
	gmtime_r(&seconds, &tm);
	len = snprintf(text, sizeof(text),
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s %s\n", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(now_us / 1000 % 1000), log_level_name(level), line);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = (int)sizeof(text) - 1;
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, text, (size_t)len) < 0)
		return;
}

struct log
log_to_stderr(enum log_level least)
{
	struct log log = { { stderr_write, NULL }, least, "" };

	return log;
}

struct log
log_for(const struct log *parent, const char *format, ...)
{
	struct log log = { parent->sink, parent->least, "" };
	char       plain[LOG_SUBJECT_MAX];
	va_list    args;

	va_start(args, format);
	vsnprintf(plain, sizeof(plain), format, args);
	va_end(args);
	log_escape(log.subject, sizeof(log.subject), plain);
	return log;
}

static void __attribute__((format(printf, 3, 0)))
log_line(const struct log *log, enum log_level level, const char *format,
    va_list args)
{
	char   plain[LINE_MAX_BYTES / 2];
	char   line[LINE_MAX_BYTES];
	size_t used = 0;

	if (level > log->least || log->sink.write == NULL)
		return;
	vsnprintf(plain, sizeof(plain), format, args);
	if (log->subject[0])
		used = (size_t)snprintf(line, sizeof(line), "%s: ",
		    log->subject);
	log_escape(line + used, sizeof(line) - used, plain);
	log->sink.write(log->sink.to, level, line);
}

#define LOG_FUNCTION(name, level)				\
	void							\
	name(const struct log *log, const char *format, ...)	\
	{							\
		va_list args;					\
								\
		va_start(args, format);				\
		log_line(log, level, format, args);		\
		va_end(args);					\
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

int
log_limit_pass(struct log_limit *limit, int64_t now_us, unsigned per_s,
    unsigned *missed)
{
	const int64_t second = now_us / 1000000;

	if (second != limit->second) {
		limit->second = second;
		limit->passed = 0;
	}
	if (limit->passed >= per_s) {
		limit->held++;
		return 0;
	}
	limit->passed++;
	*missed = limit->held;
	limit->held = 0;
	return 1;
}
