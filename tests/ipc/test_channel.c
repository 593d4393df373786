/*
 * The channel: messages and descriptors through a real socket.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/channel.h"

struct ends {
	int                 fds[2];
	struct ipc_message *got;
};

static int
set_up(void **state)
{
	struct ends *ends = calloc(1, sizeof(*ends));

	*state = ends;
	if (ends == NULL)
		return -1;
	ends->got = calloc(1, sizeof(*ends->got));
	return ends->got ? channel_pair(ends->fds) : -1;
}

static int
tear_down(void **state)
{
	struct ends *ends = *state;

	close(ends->fds[0]);
	close(ends->fds[1]);
	free(ends->got);
	free(ends);
	return 0;
}

/* How many descriptors this process has open. */
static unsigned
open_fds(void)
{
	DIR     *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Sends bytes and descriptors past channel_send, as an attacker would. */
static void
send_raw(int fd, const void *bytes, size_t len, unsigned fd_count)
{
	struct iovec  iov = { (void *)(uintptr_t)bytes, len };
	union {
		struct cmsghdr align;
		uint8_t        bytes[CMSG_SPACE(32 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int           fds[32];

	if (fd_count) {
		for (unsigned i = 0; i < fd_count; i++)
			fds[i] = STDERR_FILENO;
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds,
		    fd_count * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

static void
message_goes_there_and_back(void **state)
{
	struct ends *ends = *state;

	assert_int_equal(channel_receive(ends->fds[1], ends->got), -EAGAIN);
	assert_int_equal(channel_send(ends->fds[0], IPC_PING,
	    (const uint8_t *)"12345678", 8, NULL, 0), 0);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), 0);
	assert_int_equal(ends->got->type, IPC_PING);
	assert_int_equal(ends->got->body_len, 8);
	assert_int_equal(ends->got->fd_count, 0);
	assert_memory_equal(ends->got->body, "12345678", 8);
	assert_int_equal(channel_send(ends->fds[1], IPC_CLOSE, NULL, 0, NULL,
	    0), 0);
	assert_int_equal(channel_receive(ends->fds[0], ends->got), 0);
	assert_int_equal(ends->got->type, IPC_CLOSE);
	assert_int_equal(ends->got->body_len, 0);
}

static void
descriptors_arrive_close_on_exec(void **state)
{
	struct ends *ends = *state;
	int          pipes[2];
	char         c;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(channel_send(ends->fds[0], IPC_CONFIG,
	    (const uint8_t *)"x", 1, pipes, 2), 0);
	close(pipes[0]);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), 0);
	assert_int_equal(ends->got->fd_count, 2);
	assert_int_equal(fcntl(ends->got->fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(pipes[1], "y", 1), 1);
	assert_int_equal(read(ends->got->fds[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	close(pipes[1]);
	channel_close_fds(ends->got);
	assert_int_equal(ends->got->fd_count, 0);
}

static void
longest_message_passes_and_a_longer_one_does_not(void **state)
{
	struct ends *ends = *state;
	uint8_t     *big = calloc(1, IPC_MESSAGE_MAX + 1);
	const int    fds[IPC_FDS_MAX + 1] = { 0 };

	assert_non_null(big);
	memset(big, 'b', IPC_MESSAGE_MAX);
	assert_int_equal(channel_send(ends->fds[0], IPC_JOIN, big,
	    IPC_BODY_MAX, NULL, 0), 0);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), 0);
	assert_int_equal(ends->got->body_len, IPC_BODY_MAX);
	assert_memory_equal(ends->got->body, big, IPC_BODY_MAX);
	assert_int_equal(channel_send(ends->fds[0], IPC_JOIN, big,
	    IPC_BODY_MAX + 1, NULL, 0), -EINVAL);
	assert_int_equal(channel_send(ends->fds[0], IPC_JOIN, big, 1, fds,
	    IPC_FDS_MAX + 1), -EINVAL);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), -EAGAIN);
	free(big);
}

static void
truncated_message_is_refused_and_its_descriptors_closed(void **state)
{
	struct ends   *ends = *state;
	uint8_t       *big = calloc(1, IPC_MESSAGE_MAX + 1);
	const unsigned before = open_fds();

	assert_non_null(big);
	memcpy(big, "\0\1\0\1\0\1\177\371", 8);	/* 96 Ki - 7: as it is */
	send_raw(ends->fds[0], big, IPC_MESSAGE_MAX + 1, 2);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), -EBADMSG);
	assert_int_equal(open_fds(), before);
	free(big);
}

static void
too_many_descriptors_are_refused_and_closed(void **state)
{
	struct ends   *ends = *state;
	const unsigned before = open_fds();

	for (unsigned n = IPC_FDS_MAX + 1; n <= 32; n++) {
		send_raw(ends->fds[0], "\0\1\0\1\0\0\0\0", 8, n);
		assert_int_equal(channel_receive(ends->fds[1], ends->got),
		    -EBADMSG);
		assert_int_equal(open_fds(), before);
	}
}

static void
wrong_header_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t      len;
	} wrong[] = {
		{ "\0\1\0\1\0\0\0\0", 8 },	/* another version */
		{ "\2\0\0\1\0\0\0\0", 8 },	/* the other byte order */
		{ "\0\2\0\1\0\0\0\1", 8 },	/* less than it says */
		{ "\0\2\0\1\0\0\0\0x", 9 },	/* more than it says */
		{ "\0\2\0\1\377\377\377\377", 8 },
	};
	struct ends *ends = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		send_raw(ends->fds[0], wrong[i].bytes, wrong[i].len, 1);
		assert_int_equal(channel_receive(ends->fds[1], ends->got),
		    -EBADMSG);
	}
	for (size_t len = 1; len < IPC_HEADER_LEN; len++) {
		send_raw(ends->fds[0], "\0\2\0\1\0\0\0\0", len, 0);
		assert_int_equal(channel_receive(ends->fds[1], ends->got),
		    -EBADMSG);
	}
}

static void
an_empty_packet_and_a_closed_peer_are_the_end(void **state)
{
	struct ends   *ends = *state;
	const unsigned before = open_fds();

	send_raw(ends->fds[0], "", 0, 3);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), -EPIPE);
	assert_int_equal(open_fds(), before);
	/* Unread messages at its end make a reset of it. */
	assert_int_equal(channel_send(ends->fds[1], IPC_PONG, NULL, 0, NULL,
	    0), 0);
	close(ends->fds[0]);
	assert_int_equal(channel_receive(ends->fds[1], ends->got), -EPIPE);
	assert_int_equal(channel_send(ends->fds[1], IPC_PONG, NULL, 0, NULL,
	    0), -EPIPE);
	ends->fds[0] = -1;
}

static void
full_socket_says_so_and_does_not_block(void **state)
{
	struct ends  *ends = *state;
	const uint8_t body[4096] = { 0 };
	int           err = 0;
	unsigned      sent = 0;

	while (err == 0 && sent < 100000) {
		err = channel_send(ends->fds[0], IPC_JOIN, body, sizeof(body),
		    NULL, 0);
		sent += err == 0;
	}
	assert_int_equal(err, -EAGAIN);
	while (channel_receive(ends->fds[1], ends->got) == 0)
		sent--;
	assert_int_equal(sent, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(message_goes_there_and_back),
		TEST(descriptors_arrive_close_on_exec),
		TEST(longest_message_passes_and_a_longer_one_does_not),
		TEST(truncated_message_is_refused_and_its_descriptors_closed),
		TEST(too_many_descriptors_are_refused_and_closed),
		TEST(wrong_header_is_refused),
		TEST(an_empty_packet_and_a_closed_peer_are_the_end),
		TEST(full_socket_says_so_and_does_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
