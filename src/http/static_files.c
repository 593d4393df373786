/*
 * The files of the page, built into the program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "http/http_exchange.h"
#include "http/static_files.h"

static const struct static_file *
find(const struct static_file *files, const char *path)
{
	for (; files->path; files++) {
		if (strcmp(files->path, path) == 0)
			return files;
	}
	return NULL;
}

void
static_files_reply(struct http_exchange *x, const struct static_file *files,
    const char *path)
{
	const struct static_file *file = find(files, path);
	const char               *known =
	    http_exchange_header(x, "If-None-Match");

	if (file == NULL) {
		http_exchange_problem(x, PROBLEM_NOT_FOUND, NULL);
		return;
	}
	http_exchange_set_header(x, "ETag", file->etag);
	http_exchange_set_header(x, "Cache-Control", "no-cache");
	/* A list or a weak tag of ours holds the same quoted text. */
	if (known && strstr(known, file->etag))
		http_exchange_reply(x, 304, NULL, NULL, 0);
	else
		http_exchange_reply_static(x, 200, file->type, file->bytes,
		    file->len);
}
