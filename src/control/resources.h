/*
 * What a room needs and may not take itself: UDP sockets and addresses.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tesserad binds the sockets of each room from a configured range, with all
 * options set (non-blocking, kernel time stamps, buffers, the local address
 * of each packet), because a locked-down worker has neither bind() nor
 * setsockopt(). No state but the search position; main thread.
 */
#ifndef CONTROL_RESOURCES_H
#define CONTROL_RESOURCES_H

#include <stdint.h>

#include "ipc/messages.h"

struct resources_config {
	uint16_t udp_port_min, udp_port_max;
	/* Addresses announced to peers; none: all of this machine. */
	unsigned announce_count;
	struct ipc_address announce[IPC_ADDRESSES_MAX];
};

/* A v4 and a v6-only socket on the same port; fds[1] is -1 without IPv6. */
struct resources_sockets {
	int      fds[2];
	uint16_t port;
};

/*
 * Binds the pair on the first free port at or after *next (in the range;
 * 0 is its start) and moves *next behind it. The sockets are the caller's,
 * close-on-exec. Returns 0, -EADDRINUSE when the range is full, or -errno.
 */
int resources_bind(struct resources_sockets *out,
    const struct resources_config *config, uint16_t *next);

/* Closes both and sets them to -1. */
void resources_close(struct resources_sockets *sockets);

/*
 * What a room announces: the configured addresses, else each address of the
 * interfaces that are up (link-local IPv6 left out); loopback ones behind,
 * flagged. Returns how many.
 */
unsigned resources_addresses(struct ipc_address out[IPC_ADDRESSES_MAX],
    const struct resources_config *config);

/* "192.0.2.1" or "2001:db8::1"; 0 or -EINVAL with *out untouched. */
int resources_address_parse(struct ipc_address *out, const char *text);

#endif
