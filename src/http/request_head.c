/*
 * The head of an HTTP/1 request, judged before evhttp sees it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/request_head.h"
#include "util/reader.h"

/* A part of the head, borrowed. */
struct part {
	const char *text;
	size_t      len;
};

/* What the fields said, to be judged together at the end. */
struct head_fields {
	unsigned count, hosts, lengths, encodings;
};

static bool
part_is(struct part part, const char *text)
{
	return part.len == strlen(text) &&
	    strncasecmp(part.text, text, part.len) == 0;
}

/* tchar of RFC 9110, 5.6.2 */
static bool
is_token_char(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* Up to the next `stop`, which is taken too; bad when there is none. */
static struct part
take_until(struct reader *r, uint8_t stop)
{
	const size_t   left = reader_left(r);
	const uint8_t *start = r->p;
	const uint8_t *end = left ? memchr(start, stop, left) : NULL;

	if (end == NULL) {
		r->bad = true;
		return (struct part){ "", 0 };
	}
	reader_skip(r, (size_t)(end - start) + 1);
	return (struct part){ (const char *)start, (size_t)(end - start) };
}

/* A line without its CRLF; bad when it ends by a bare LF. */
static struct part
take_line(struct reader *r)
{
	struct part line = take_until(r, '\n');

	if (r->bad || line.len == 0 || line.text[line.len - 1] != '\r') {
		r->bad = true;
		return (struct part){ "", 0 };
	}
	line.len--;
	return line;
}

static bool
is_known_method(struct part method)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT",
	    "PATCH", "DELETE", "OPTIONS" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (method.len == strlen(known[i]) &&
		    memcmp(method.text, known[i], method.len) == 0)
			return true;
	}
	return false;
}

/* Origin form only (RFC 9112, 3.2.1); "//" would be read as a host. */
static bool
is_target(struct part target)
{
	if (target.len == 0 || target.text[0] != '/' ||
	    (target.len > 1 && target.text[1] == '/'))
		return false;
	for (size_t i = 0; i < target.len; i++) {
		const uint8_t c = (uint8_t)target.text[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
	}
	return true;
}

static int
check_first_line(struct part line, struct part *method, bool *is_1_1,
    enum problem *why)
{
	struct reader r = reader_of(line.text, line.len);
	struct part   target, version;

	*why = PROBLEM_BAD_REQUEST;
	*method = take_until(&r, ' ');
	target = take_until(&r, ' ');
	version = (struct part){ (const char *)r.p, reader_left(&r) };
	if (r.bad || method->len == 0 || !is_target(target))
		return -EBADMSG;
	for (size_t i = 0; i < method->len; i++) {
		if (!is_token_char((uint8_t)method->text[i]))
			return -EBADMSG;
	}
	if (version.len != 8 || memcmp(version.text, "HTTP/", 5) != 0)
		return -EBADMSG;
	*is_1_1 = memcmp(version.text + 5, "1.1", 3) == 0;
	if (!*is_1_1 && memcmp(version.text + 5, "1.0", 3) != 0) {
		*why = PROBLEM_VERSION;
		return -EBADMSG;
	}
	if (!is_known_method(*method)) {
		*why = PROBLEM_NOT_IMPLEMENTED;
		return -EBADMSG;
	}
	return 0;
}

/* Digits only, no more than fit (RFC 9110, 8.6). */
static bool
parse_length(uint64_t *out, struct part value)
{
	uint64_t length = 0;

	if (value.len == 0 || value.len > 18)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return false;
		length = length * 10 + (uint64_t)(value.text[i] - '0');
	}
	*out = length;
	return true;
}

static struct part
trimmed(struct part value)
{
	while (value.len > 0 && (*value.text == ' ' || *value.text == '\t')) {
		value.text++;
		value.len--;
	}
	while (value.len > 0 && (value.text[value.len - 1] == ' ' ||
	    value.text[value.len - 1] == '\t'))
		value.len--;
	return value;
}

static bool
split_field(struct part line, struct part *name, struct part *value)
{
	struct reader r = reader_of(line.text, line.len);

	*name = take_until(&r, ':');
	if (r.bad || name->len == 0)
		return false;
	for (size_t i = 0; i < name->len; i++) {
		if (!is_token_char((uint8_t)name->text[i]))
			return false;
	}
	*value = trimmed((struct part){ (const char *)r.p, reader_left(&r) });
	for (size_t i = 0; i < value->len; i++) {
		const uint8_t c = (uint8_t)value->text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static int
check_field(struct request_head *out, struct head_fields *fields,
    struct part line, enum problem *why)
{
	struct part name, value;

	*why = PROBLEM_BAD_REQUEST;
	if (++fields->count > REQUEST_FIELDS_MAX) {
		*why = PROBLEM_HEADERS_TOO_LARGE;
		return -EBADMSG;
	}
	if (!split_field(line, &name, &value))
		return -EBADMSG;
	if (part_is(name, "Host")) {
		fields->hosts++;
	} else if (part_is(name, "Transfer-Encoding")) {
		fields->encodings++;
	} else if (part_is(name, "Content-Length")) {
		if (++fields->lengths > 1 ||
		    !parse_length(&out->content_length, value))
			return -EBADMSG;
	} else if (part_is(name, "Expect")) {
		*why = PROBLEM_EXPECTATION;
		if (!part_is(value, "100-continue"))
			return -EBADMSG;
		out->expects_continue = true;
	}
	return 0;
}

/* What only all fields together tell. */
static int
check_together(const struct request_head *head,
    const struct head_fields *fields, struct part method, bool is_1_1,
    enum problem *why)
{
	*why = PROBLEM_BAD_REQUEST;
	if (fields->hosts > 1 || (is_1_1 && fields->hosts == 0))
		return -EBADMSG;
	if (fields->encodings > 0) {
		if (fields->lengths == 0 && is_1_1)
			*why = PROBLEM_LENGTH;
		return -EBADMSG;
	}
	/* evhttp reads no body of HEAD: it would become the next request. */
	if (head->content_length > 0 && part_is(method, "HEAD"))
		return -EBADMSG;
	if (head->content_length > REQUEST_BODY_MAX) {
		*why = PROBLEM_TOO_LARGE;
		return -EBADMSG;
	}
	return 0;
}

int
request_head_check(struct request_head *out, enum problem *why,
    const uint8_t *bytes, size_t len)
{
	struct head_fields fields = { 0 };
	struct reader      r = reader_of(bytes, len);
	struct part        method, line;
	bool               is_1_1;
	int                err;

	*out = (struct request_head){ 0 };
	*why = PROBLEM_BAD_REQUEST;
	line = take_line(&r);
	if (r.bad)
		return -EBADMSG;
	err = check_first_line(line, &method, &is_1_1, why);
	while (err == 0) {
		line = take_line(&r);
		if (r.bad) {
			*why = PROBLEM_BAD_REQUEST;
			return -EBADMSG;
		}
		if (line.len == 0)
			break;
		err = check_field(out, &fields, line, why);
	}
	if (err)
		return err;
	if (reader_left(&r) > 0) {
		*why = PROBLEM_BAD_REQUEST;
		return -EBADMSG;
	}
	return check_together(out, &fields, method, is_1_1, why);
}
