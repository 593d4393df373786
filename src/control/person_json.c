/*
 * A person as others see one, in JSON (docs/API.md).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "control/person_json.h"
#include "control/session.h"

void
person_id(char out[PERSON_ID_SIZE], uint32_t participant)
{
	snprintf(out, PERSON_ID_SIZE, "%08" PRIx32, participant);
}

struct json_t *
person_json(const struct session *session)
{
	static const char *const states[] = {
		[SESSION_JOINING] = "joining", [SESSION_HERE] = "here",
		[SESSION_WEAK] = "weak",
	};
	char id[PERSON_ID_SIZE];

	person_id(id, session->participant);
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:b}", "id", id, "name",
	    session->name, "mic", session->mic, "camera", session->camera,
	    "state", states[session->state], "sends",
	    session_is_person(session));
}
