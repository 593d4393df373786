/*
 * Tries a forbidden call, for the proof that it is forbidden.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tessera-room --probe=NAME starts as a room does, locks itself down by the
 * same code, and then makes one call. For tests and for the curious.
 */
#ifndef APP_SANDBOX_PROBE_H
#define APP_SANDBOX_PROBE_H

#include <stdbool.h>

bool sandbox_probe_known(const char *name);

/* All names, "open connect …", for a message. Borrowed. */
const char *sandbox_probe_names(void);

/*
 * Makes the call, on this thread; `udp_fd` is an own UDP socket. Returns 0
 * when the kernel let it, else -errno; or does not return at all.
 */
int sandbox_probe(const char *name, int udp_fd);

#endif
