/*
 * Randomness from the kernel, the only source of the project.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * getrandom(2), so nothing is duplicated by fork and no descriptor is
 * needed inside the sandbox. A kernel that fails to answer ends the process.
 */
#ifndef UTIL_RANDOM_H
#define UTIL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void     random_bytes(void *out, size_t len);
uint32_t random_u32(void);

/*
 * `len` random characters of A-Z a-z 0-9 + / (the ice-char alphabet of
 * RFC 8839, 5.4; 6 bits each), and a NUL. `out` holds len + 1.
 */
void random_ice_chars(char *out, size_t len);

#endif
