/*
 * Messages and descriptors over a SOCK_SEQPACKET socket.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "util/reader.h"
#include "util/writer.h"

#define FD_SPACE CMSG_SPACE(IPC_FDS_MAX * sizeof(int))

/* Keeps what came in `out`, at most IPC_FDS_MAX: more is MSG_CTRUNC. */
static void
collect_fds(struct ipc_message *out, struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	out->fd_count = 0;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		const unsigned char *data = CMSG_DATA(cmsg);
		size_t               count;

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(int), sizeof(fd));
			if (out->fd_count < IPC_FDS_MAX)
				out->fds[out->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

/* Checks the header against what came; fills type and body_len. */
static int
check_header(struct ipc_message *out, const uint8_t *header, size_t len)
{
	struct reader  r = reader_of(header,
	    len < IPC_HEADER_LEN ? len : IPC_HEADER_LEN);
	const uint16_t version = reader_u16(&r);
	const uint16_t type = reader_u16(&r);
	const uint32_t body_len = reader_u32(&r);

	if (r.bad || version != IPC_VERSION ||
	    body_len != len - IPC_HEADER_LEN)
		return -EBADMSG;
	out->type = type;
	out->body_len = body_len;
	return 0;
}

int
channel_receive(int fd, struct ipc_message *out)
{
	uint8_t       header[IPC_HEADER_LEN];
	struct iovec  iov[2] = {
		{ header, sizeof(header) }, { out->body, sizeof(out->body) },
	};
	union {
		struct cmsghdr align;
		uint8_t        bytes[FD_SPACE];
	} control;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t       n;
	int           err;

	do {
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)	/* a reset: the peer ended with unread messages */
		return errno == ECONNRESET ? -EPIPE : -errno;
	collect_fds(out, &msg);
	if (n == 0)
		err = -EPIPE;
	else if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		err = -EBADMSG;
	else
		err = check_header(out, header, (size_t)n);
	if (err)
		channel_close_fds(out);
	return err;
}

int
channel_send(int fd, uint16_t type, const uint8_t *body, size_t body_len,
    const int *fds, unsigned fd_count)
{
	uint8_t       header[IPC_HEADER_LEN];
	struct writer w = writer_of(header, sizeof(header));
	struct iovec  iov[2] = {
		{ header, sizeof(header) }, { (void *)(uintptr_t)body, body_len },
	};
	union {
		struct cmsghdr align;
		uint8_t        bytes[FD_SPACE];
	} control = { .bytes = { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t       n;

	if (body_len > IPC_BODY_MAX || fd_count > IPC_FDS_MAX)
		return -EINVAL;
	writer_u16(&w, IPC_VERSION);
	writer_u16(&w, type);
	writer_u32(&w, (uint32_t)body_len);
	if (fd_count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds,
		    fd_count * sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

void
channel_close_fds(struct ipc_message *message)
{
	for (unsigned i = 0; i < message->fd_count; i++)
		close(message->fds[i]);
	message->fd_count = 0;
}

int
channel_pair(int out[2])
{
	int fds[2];

	if (socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
		return -errno;
	out[0] = fds[0];
	out[1] = fds[1];
	return 0;
}
