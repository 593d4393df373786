/*
 * What a person changes about a session: the JSON body of PATCH.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "control/session_patch.h"

int
max_height_parse(uint16_t *out, const char *text)
{
	static const struct {
		const char *text;
		uint16_t    height;
	} sizes[] = { { "720p", 720 }, { "360p", 360 }, { "180p", 180 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (strcmp(text, sizes[i].text) == 0) {
			*out = sizes[i].height;
			return 0;
		}
	}
	return -EINVAL;
}

static bool
take_name(struct session_patch *patch, const json_t *value)
{
	patch->has_name = true;
	return json_is_string(value) && person_name_clean(patch->name,
	    json_string_value(value), json_string_length(value)) > 0;
}

static bool
take_max(struct session_patch *patch, const json_t *value)
{
	patch->has_max = true;
	return json_is_string(value) && max_height_parse(&patch->max_height,
	    json_string_value(value)) == 0;
}

static bool
take_switch(bool *has, bool *on, const json_t *value)
{
	*has = true;
	*on = json_is_true(value);
	return json_is_boolean(value);
}

static bool
take_member(struct session_patch *patch, const char *key, const json_t *value)
{
	if (strcmp(key, "name") == 0)
		return take_name(patch, value);
	if (strcmp(key, "mic") == 0)
		return take_switch(&patch->has_mic, &patch->mic, value);
	if (strcmp(key, "camera") == 0)
		return take_switch(&patch->has_camera, &patch->camera, value);
	if (strcmp(key, "max") == 0)
		return take_max(patch, value);
	return false;
}

int
session_patch_parse(struct session_patch *out, char why[JSON_BODY_WHY],
    const uint8_t *bytes, size_t len)
{
	struct session_patch patch = { 0 };
	json_t              *object, *value;
	const char          *key;
	int                  err = json_body_parse(&object, why, bytes, len);

	if (err)
		return err;
	json_object_foreach(object, key, value) {
		if (!take_member(&patch, key, value)) {
			snprintf(why, JSON_BODY_WHY,
			    "not a member, or not its type: %.32s", key);
			err = -EBADMSG;
			break;
		}
	}
	json_decref(object);
	if (err == 0)
		*out = patch;
	return err;
}
