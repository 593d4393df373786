/*
 * What HTTP clients may write freely: JSON bodies, queries, names.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "control/session_patch.h"
#include "http/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct session_patch patch;
	char                 why[JSON_BODY_WHY], out[PERSON_NAME_SIZE];
	char                *text = malloc(len + 1);

	if (text == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	(void)session_patch_parse(&patch, why, bytes, len);
	(void)person_name_clean(out, text, len);
	(void)query_get(out, sizeof(out), text, "name");
	free(text);
	return 0;
}
