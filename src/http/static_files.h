/*
 * The files of the page, built into the program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tools/embed makes the table from web/ at build time, so no path of a
 * request ever meets a file system. Each file has an ETag; browsers ask again
 * each time ("no-cache") and get 304.
 */
#ifndef HTTP_STATIC_FILES_H
#define HTTP_STATIC_FILES_H

#include <stddef.h>

struct http_exchange;

struct static_file {
	const char          *path;	/* "js/main.js" */
	const char          *type;
	const char          *etag;	/* with its quotes */
	const unsigned char *bytes;
	size_t               len;
};

/* The table made by tools/embed; ends with a NULL path. */
extern const struct static_file static_files[];

/* Answers with the file of this path, 304, or the problem not-found. */
void static_files_reply(struct http_exchange *x,
    const struct static_file *files, const char *path);

#endif
