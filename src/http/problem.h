/*
 * The errors that this server knows, as problem documents (RFC 9457).
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `type` is stable and for programs, `title` and `detail` are for people;
 * docs/API.md has the same table. Pure but for the allocation of the text.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

/* name, type behind "urn:tessera:problem:", status, title */
#define PROBLEM_ROWS(X)							\
	X(BAD_REQUEST, "bad-request", 400, "This request is malformed")	\
	X(ROOM_NAME, "room-name", 404, "This is not a room name")	\
	X(NOT_FOUND, "not-found", 404, "There is nothing here")	\
	X(METHOD, "method", 405, "This resource has no such method")	\
	X(NOT_ACCEPTABLE, "not-acceptable", 406,			\
	    "The answer would be of a type that you do not accept")	\
	X(LENGTH, "length-required", 411,				\
	    "A body needs a Content-Length")				\
	X(PRECONDITION, "precondition", 412,				\
	    "This is not the state of the resource any more")		\
	X(TOO_LARGE, "too-large", 413, "This body is too large")	\
	X(MEDIA_TYPE, "media-type", 415,				\
	    "The body is not of a type that goes here")			\
	X(EXPECTATION, "expectation", 417,				\
	    "This expectation cannot be met")				\
	X(MISDIRECTED, "misdirected", 421,				\
	    "This server does not answer to that name")			\
	X(BAD_OFFER, "bad-offer", 422, "This offer cannot be answered")	\
	X(PRECONDITION_REQUIRED, "precondition-required", 428,		\
	    "This needs an If-Match header")				\
	X(TOO_MANY, "too-many", 429, "This changes too often")		\
	X(HEADERS_TOO_LARGE, "headers-too-large", 431,			\
	    "The head of this request is too large")			\
	X(INTERNAL, "internal", 500, "Something went wrong here")	\
	X(NOT_IMPLEMENTED, "not-implemented", 501,			\
	    "This server does not know the method")			\
	X(BUSY, "busy", 503, "This server is full right now")		\
	X(ENDING, "ending", 503, "This server is just ending")		\
	X(ROOM_FAILED, "room-failed", 503, "The room has just failed")	\
	X(TIMEOUT, "timeout", 504, "The room did not answer in time")	\
	X(VERSION, "version", 505, "This server speaks HTTP/1.1")

#define PROBLEM_ENUM_ROW(name, type, status, title) PROBLEM_##name,

enum problem {
	PROBLEM_ROWS(PROBLEM_ENUM_ROW)
	PROBLEM_COUNT
};

int problem_status(enum problem problem);

/* Seconds for Retry-After, or 0 when a second try is of no use. */
int problem_retry_after_s(enum problem problem);

/*
 * The document, for free(); NULL when there is no memory. `detail` may be
 * NULL; what in it is not UTF-8 makes it be left out.
 */
char *problem_text(enum problem problem, const char *detail);

/* The document of PROBLEM_INTERNAL for when there was no memory for one. */
#define PROBLEM_OF_MEMORY						\
	"{\"type\":\"urn:tessera:problem:internal\",\"status\":500,"	\
	"\"title\":\"Something went wrong here\","			\
	"\"detail\":\"This server is short of memory.\"}"

/* The reason phrase of a status that this server sends. */
const char *http_reason(int status);

#endif
