/*
 * The head of an HTTP request.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "http/request_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct request_head head;
	enum problem        why;

	if (request_head_check(&head, &why, bytes, len) == 0 &&
	    head.content_length > REQUEST_BODY_MAX)
		abort();
	return 0;
}
