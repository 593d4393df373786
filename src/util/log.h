/*
 * Log lines: one event, one line, one object.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A `struct log` is a small value that each object keeps: where lines go,
 * the least level, and what object speaks ("room blue-fox"). Text that came
 * from outside is escaped here, once: control bytes, backslashes and
 * non-UTF-8 become \xNN, so a line is always one line. In tesserad the sink
 * is stderr; in a worker it is the channel. Any thread whose sink allows it
 * (the stderr sink does; media threads count instead of printing).
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_sink {
	void (*write)(void *to, enum log_level level, const char *line);
	void  *to;
};

#define LOG_SUBJECT_MAX 96

struct log {
	struct log_sink sink;
	enum log_level  least;		/* lines above it are not made */
	char            subject[LOG_SUBJECT_MAX];
};

/* A logger writing to stderr: "2026-11-24T06:00:01.123Z warn subject: …" */
struct log log_to_stderr(enum log_level least);

/* The same sink and level, speaking for another object. */
struct log log_for(const struct log *parent, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void log_error(const struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *log_level_name(enum log_level level);

/* "error", "warn", "info" or "debug"; returns 0 or -EINVAL. */
int log_level_parse(enum log_level *out, const char *name);

/* Escapes `text` into `out` (always NUL-terminated when size > 0). */
void log_escape(char *out, size_t size, const char *text);

/*
 * Lets `per_s` lines a second pass for one kind of event. Zero-initialise.
 * Returns whether to log now; *missed is how many were held back before.
 */
struct log_limit {
	int64_t  second;
	unsigned passed;
	unsigned held;
};

int log_limit_pass(struct log_limit *limit, int64_t now_us, unsigned per_s,
    unsigned *missed);

#endif
