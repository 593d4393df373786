/*
 * A worker that behaves badly, for the tests of the supervisor.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How it misbehaves while it starts is the name it was exec'd by (a link),
 * how as a room the room's name; any other name is a well-behaved one. It
 * answers a JOIN with what it found itself to be: its descriptors, its
 * session, its sockets.
 */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/messages.h"

#define CHANNEL 3

struct fake {
	struct ipc_message message;
	struct ipc_config  config;
	int                sockets[2];
	char               room[IPC_ROOM_NAME_MAX + 1];
	bool               silent;
	bool               stays;
};

static void
say(uint16_t type, const uint8_t *body, size_t len)
{
	(void)channel_send(CHANNEL, type, body, len, NULL, 0);
}

static void
say_raw(const void *bytes, size_t len)
{
	(void)send(CHANNEL, bytes, len, MSG_NOSIGNAL);
}

static void
say_hello(uint32_t pid)
{
	const struct ipc_hello hello = { IPC_VERSION, pid };
	uint8_t                body[8];

	say(IPC_HELLO, body, ipc_hello_write(body, sizeof(body), &hello));
}

static void
say_ready(void)
{
	struct ipc_ready ready;
	uint8_t          body[32];

	memset(&ready, 0xf1, sizeof(ready));
	say(IPC_READY, body, ipc_ready_write(body, sizeof(body), &ready));
}

static void
say_log(const char *text)
{
	const struct ipc_log line = { 1, text, strlen(text) };
	uint8_t              body[256];

	say(IPC_LOG, body, ipc_log_write(body, sizeof(body), &line));
}

static void
say_stats(void)
{
	const struct ipc_stats stats = { 0 };
	uint8_t                body[256];

	say(IPC_STATS, body, ipc_stats_write(body, sizeof(body), &stats));
}

static void
say_speaking(int times)
{
	const struct ipc_speaking nobody = { 0 };
	struct pollfd             writable = { CHANNEL, POLLOUT, 0 };
	uint8_t                   body[128];
	const size_t              len = ipc_speaking_write(body, sizeof(body),
	    &nobody);

	while (times-- > 0) {
		while (channel_send(CHANNEL, IPC_SPEAKING, body, len, NULL,
		    0) == -EAGAIN)
			poll(&writable, 1, -1);
	}
}

/* ---- what it found itself to be ---------------------------------------- */

static unsigned
count_fds(void)
{
	DIR     *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 3;	/* ".", "..", the folder itself */
}

static int
oom_score(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "r");
	char  line[16] = "";

	if (file && fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	if (file)
		fclose(file);
	return (int)strtol(line, NULL, 10);
}

static int
option_of(int fd, int level, int name)
{
	int       value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) != 0)
		return -1;
	return value;
}

static void
describe_self(char *out, size_t size, const struct fake *fake)
{
	const int v4 = fake->sockets[0], v6 = fake->sockets[1];

	snprintf(out, size, "fds=%u oom=%d session=%d stamps=%d info=%d "
	    "v6only=%d info6=%d env=%s port=%u", count_fds(), oom_score(),
	    getsid(0) == getpid(), option_of(v4, SOL_SOCKET, SO_TIMESTAMPNS),
	    option_of(v4, IPPROTO_IP, IP_PKTINFO),
	    v6 < 0 ? 1 : option_of(v6, IPPROTO_IPV6, IPV6_V6ONLY),
	    v6 < 0 ? 1 : option_of(v6, IPPROTO_IPV6, IPV6_RECVPKTINFO),
	    getenv("TESSERA_SECRET") ? "leaks" : "clean",
	    fake->config.udp_port);
}

/* ---- as a room ---------------------------------------------------------- */

static void
misbehave(struct fake *fake)
{
	const char *how = fake->room;
	uint8_t     big[100 * 1024] = { 0, IPC_VERSION, 0, IPC_STATS };

	if (strcmp(how, "garbage") == 0)
		say_raw("\xff\xfe\xfd garbage from nowhere", 24);
	else if (strcmp(how, "version") == 0)
		say_raw("\0\7\0\1\0\0\0\0", 8);
	else if (strcmp(how, "huge") == 0)
		say_raw(big, sizeof(big));
	else if (strcmp(how, "empty") == 0)
		say_raw("", 0);
	else if (strcmp(how, "unknown") == 0)
		say(999, big, 8);
	else if (strcmp(how, "down") == 0)
		say(IPC_CLOSE, big, 0);
	else if (strcmp(how, "hello-again") == 0)
		say_hello((uint32_t)getpid());
	else if (strcmp(how, "descriptor") == 0)
		(void)channel_send(CHANNEL, IPC_PONG, big, 8,
		    (const int[]){ 0 }, 1);
	else if (strcmp(how, "pong") == 0)
		say(IPC_PONG, big, 8);
	else if (strcmp(how, "body") == 0)
		say(IPC_PRESENCE, (const uint8_t *)"\0\0\0\1\0\11\0\0", 8);
	else if (strcmp(how, "flood") == 0)
		for (;;)
			say_stats();
	else if (strcmp(how, "chatters") == 0)
		say_speaking(1500);
	else if (strcmp(how, "talks") == 0)
		say_speaking(900);
	else if (strcmp(how, "exits") == 0)
		exit(3);
	else if (strcmp(how, "aborts") == 0)
		abort();
	else if (strcmp(how, "silent") == 0)
		fake->silent = true;
	else if (strcmp(how, "stays") == 0)
		fake->stays = true;
	else if (strcmp(how, "deaf") == 0)
		pause();
	else
		say_log("here \033[31mI\n am");
}

static void
on_join(struct fake *fake)
{
	struct ipc_join join;
	char            text[512];
	uint8_t         body[1024];

	if (ipc_join_parse(&join, fake->message.body,
	    fake->message.body_len) != 0)
		abort();
	describe_self(text, sizeof(text), fake);
	say(IPC_ANSWER, body, ipc_answer_write(body, sizeof(body),
	    &(struct ipc_answer){ join.request, join.participant,
	    IPC_ANSWER_OK, text, strlen(text) }));
}

static void
on_config(struct fake *fake)
{
	const struct ipc_message *m = &fake->message;

	if (ipc_config_parse(&fake->config, m->body, m->body_len) != 0 ||
	    m->fd_count !=
	    (unsigned)fake->config.has_v4 + fake->config.has_v6)
		abort();
	fake->sockets[0] = m->fds[0];
	fake->sockets[1] = m->fd_count == 2 ? m->fds[1] : -1;
	say_ready();
}

static void
on_message(struct fake *fake)
{
	struct ipc_message *m = &fake->message;
	struct ipc_open     open;

	switch (m->type) {
	case IPC_CONFIG:
		on_config(fake);
		break;
	case IPC_OPEN:
		if (ipc_open_parse(&open, m->body, m->body_len) != 0)
			abort();
		memcpy(fake->room, open.room, open.room_len);
		misbehave(fake);
		break;
	case IPC_JOIN:
		on_join(fake);
		break;
	case IPC_PING:
		if (!fake->silent)
			say(IPC_PONG, m->body, m->body_len);
		break;
	case IPC_CLOSE:
		if (!fake->stays)
			exit(0);
	}
}

/* False: it does not go on to serve the channel. */
static void
start_badly(const char *name)
{
	if (strcmp(name, "start-exits") == 0)
		exit(9);
	if (strcmp(name, "start-mute") == 0)
		for (;;)
			pause();
	if (strcmp(name, "start-liar") == 0)
		say_hello((uint32_t)getpid() + 1);
	else if (strcmp(name, "start-early") == 0)
		say_ready();
	else
		say_hello((uint32_t)getpid());
}

int
main(void)
{
	static struct fake fake;
	const char        *path =
	    (const char *)(uintptr_t)getauxval(AT_EXECFN);
	const char        *slash = strrchr(path, '/');
	struct pollfd      pfd = { .fd = CHANNEL, .events = POLLIN };

	start_badly(slash ? slash + 1 : path);
	for (;;) {
		const int err = channel_receive(CHANNEL, &fake.message);

		if (err == 0)
			on_message(&fake);
		else if (err == -EAGAIN)
			poll(&pfd, 1, -1);
		else if (fake.stays)
			pause();
		else
			return 0;
	}
}
