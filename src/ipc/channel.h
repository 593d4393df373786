/*
 * One end of the channel between tesserad and a worker.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A SOCK_SEQPACKET socket, non-blocking, descriptors by SCM_RIGHTS. One
 * message a packet: struct ipc_header and body. Truncation (MSG_TRUNC,
 * MSG_CTRUNC), a wrong version or a length that does not match is -EBADMSG.
 * Sending never blocks and never raises SIGPIPE. Used by one thread at a time
 * for reading and one for writing; the worker's LOG lines go through the net
 * thread's queue. Does not own an event loop.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/catalogue.h"

struct ipc_message {
	uint16_t type;
	unsigned fd_count;
	int      fds[IPC_FDS_MAX];	/* close-on-exec; the receiver's */
	size_t   body_len;
	uint8_t  body[IPC_BODY_MAX];
};

/*
 * Reads one message. Returns 0; -EAGAIN when there is none; -EPIPE at the
 * end; -EBADMSG for a malformed one (its descriptors are closed); -errno.
 * On 0 the descriptors are the caller's.
 */
int channel_receive(int fd, struct ipc_message *out);

/*
 * Sends one message, with descriptors copied to the other side.
 * Returns 0; -EAGAIN when the socket is full; -EPIPE; -EINVAL when it is
 * longer or has more descriptors than a message may have; -errno.
 */
int channel_send(int fd, uint16_t type, const uint8_t *body, size_t body_len,
    const int *fds, unsigned fd_count);

/* Closes what came with a message and sets fd_count to 0. */
void channel_close_fds(struct ipc_message *message);

/* A connected pair: [0] for tesserad, [1] for the worker. 0 or -errno. */
int channel_pair(int out[2]);

#endif
