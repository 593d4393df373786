/*
 * What a person changes about a session: the JSON body of PATCH.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure but for jansson's allocations; any thread.
 */
#ifndef CONTROL_SESSION_PATCH_H
#define CONTROL_SESSION_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/json_body.h"
#include "control/person_name.h"

struct session_patch {
	bool     has_name, has_mic, has_camera, has_max;
	char     name[PERSON_NAME_SIZE];	/* cleaned, not empty */
	bool     mic, camera;
	uint16_t max_height;
};

/*
 * {"name":"Ada","mic":true,"camera":false,"max":"360p"}, any of them.
 * Returns 0, or -EBADMSG with words in `why`, or -ENOMEM.
 */
int session_patch_parse(struct session_patch *out, char why[JSON_BODY_WHY],
    const uint8_t *bytes, size_t len);

/* "720p", "360p" or "180p"; 0 or -EINVAL with *out untouched. */
int max_height_parse(uint16_t *out, const char *text);

#endif
