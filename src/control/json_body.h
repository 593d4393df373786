/*
 * A JSON body from outside, with limits that jansson does not have.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * At most 16 deep, 1000 values and names, strings of 4 KiB; no member twice,
 * UTF-8 only. Pure but for jansson's allocations; any thread.
 */
#ifndef CONTROL_JSON_BODY_H
#define CONTROL_JSON_BODY_H

#include <stddef.h>
#include <stdint.h>

struct json_t;

#define JSON_BODY_WHY 128

/*
 * Parses an object. Returns 0 with a reference in *out; or -EBADMSG with
 * words for a person in `why`; or -ENOMEM.
 */
int json_body_parse(struct json_t **out, char why[JSON_BODY_WHY],
    const uint8_t *bytes, size_t len);

#endif
