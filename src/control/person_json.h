/*
 * A person as others see one, in JSON (docs/API.md).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CONTROL_PERSON_JSON_H
#define CONTROL_PERSON_JSON_H

#include <stdint.h>

struct json_t;
struct session;

#define PERSON_ID_SIZE 9

/* The public id of a participant: 8 hexadecimal digits. */
void person_id(char out[PERSON_ID_SIZE], uint32_t participant);

/* A new reference; NULL without memory. */
struct json_t *person_json(const struct session *session);

#endif
