/*
 * How a person is called, made safe to show, to log and to paint.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; any thread.
 */
#ifndef CONTROL_PERSON_NAME_H
#define CONTROL_PERSON_NAME_H

#include <stddef.h>

#define PERSON_NAME_CHARACTERS 64
#define PERSON_NAME_BYTES      256
#define PERSON_NAME_SIZE       (PERSON_NAME_BYTES + 1)

/*
 * Cleans `len` bytes of what somebody typed: control characters (C0, C1),
 * line and paragraph separators, bidirectional controls and other marks that
 * show nothing are taken out, runs of spaces become one, both ends are
 * trimmed, and what is over 64 characters is cut. A zero-width joiner stays
 * (emoji and several scripts need it). The result may be empty. Returns its
 * length, or -EBADMSG when the text is not UTF-8, with `out` untouched.
 */
int person_name_clean(char out[PERSON_NAME_SIZE], const char *text,
    size_t len);

#endif
