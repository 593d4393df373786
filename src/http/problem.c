/*
 * The errors that this server knows, as problem documents (RFC 9457).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stddef.h>

#include <jansson.h>

#include "http/json_text.h"
#include "http/problem.h"

struct problem_row {
	const char *type;
	int         status;
	const char *title;
};

#define PROBLEM_TABLE_ROW(name, type, status, title)	\
	{ "urn:tessera:problem:" type, status, title },

static const struct problem_row rows[] = { PROBLEM_ROWS(PROBLEM_TABLE_ROW) };

struct reason_row {
	int         status;
	const char *phrase;
};

static const struct reason_row reasons[] = {
	{ 200, "OK" }, { 201, "Created" }, { 204, "No Content" },
	{ 304, "Not Modified" }, { 400, "Bad Request" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" }, { 411, "Length Required" },
	{ 412, "Precondition Failed" }, { 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" }, { 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" }, { 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

int
problem_status(enum problem problem)
{
	return rows[problem].status;
}

int
problem_retry_after_s(enum problem problem)
{
	switch (problem) {
	case PROBLEM_BUSY:
		return 5;
	case PROBLEM_ENDING:	/* as a rule another is started at once */
		return 2;
	case PROBLEM_ROOM_FAILED:
	case PROBLEM_TOO_MANY:
		return 1;
	default:
		return 0;
	}
}

char *
problem_text(enum problem problem, const char *detail)
{
	json_t *object = json_pack("{s:s, s:s, s:i}", "type",
	    rows[problem].type, "title", rows[problem].title, "status",
	    rows[problem].status);
	json_t *words = detail ? json_string(detail) : NULL;

	if (object && words)
		json_object_set(object, "detail", words);
	json_decref(words);
	return json_text(object, JSON_COMPACT);
}

const char *
http_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].phrase;
	}
	return "Unknown";
}
