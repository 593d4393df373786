/*
 * tessera-room: the process of one room, started by tesserad.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   channel on fd 3 ─► HELLO ─► CONFIG ─► libraries ─► no files ─► threads
 *                   ─► no system calls ─► READY ─► event loop ─► end
 *
 * What is warmed up before the lock-down must be all that is ever opened or
 * loaded: see app/sandbox.h.
 */
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/sandbox.h"
#include "app/sandbox_probe.h"
#include <config.h>	/* of the build, not app/config.h */
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "room/room.h"
#include "util/log.h"
#include "util/thread.h"
#include "util/xalloc.h"

#define CHANNEL_FD    3
#define ADDRESS_SPACE (UINT64_C(3) << 29)	/* 1.5 GiB */
#define FILES_SPARE   64	/* descriptors beside those of people */
#define LARGE_BLOCK   (30 << 10)	/* bytes; glibc begins with 128 KiB */

/* What tesserad gives a room at its start. */
struct gift {
	struct ipc_config config;
	int               fd4, fd6;
};

/* A room on its way to be one. */
struct process {
	struct log         log;		/* standard error, until it can speak */
	struct event_base *base;
	struct room       *room;
};

/* ---- the first words ----------------------------------------------------- */

static int
say_hello(int channel)
{
	const struct ipc_hello hello = { IPC_VERSION, (uint32_t)getpid() };
	uint8_t                body[8];

	return channel_send(channel, IPC_HELLO, body,
	    ipc_hello_write(body, sizeof(body), &hello), NULL, 0);
}

/* Waits for a message; tesserad's end is ours too. */
static int
wait_message(int channel, struct ipc_message *out)
{
	struct pollfd pfd = { .fd = channel, .events = POLLIN };
	int           err;

	while ((err = channel_receive(channel, out)) == -EAGAIN) {
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return err;
}

/* A wrong CONFIG is a bug of ours: abort. */
static int
receive_config(int channel, struct gift *out)
{
	struct ipc_message *m = xcalloc(1, sizeof(*m));
	int                 err = wait_message(channel, m);

	if (err) {
		free(m);
		return err;
	}
	if (m->type != IPC_CONFIG || !ipc_down_allowed(m->type, m->body_len,
	    m->fd_count, IPC_IN_START) ||
	    ipc_config_parse(&out->config, m->body, m->body_len) != 0 ||
	    m->fd_count !=
	    (unsigned)out->config.has_v4 + out->config.has_v6)
		abort();
	out->fd4 = out->config.has_v4 ? m->fds[0] : -1;
	out->fd6 = out->config.has_v6 ? m->fds[m->fd_count - 1] : -1;
	free(m);
	return 0;
}

/* ---- start --------------------------------------------------------------- */

/* Says where it failed; returns the error. */
static int
failed(const struct process *p, const char *where, int err)
{
	log_error(&p->log, "cannot start: %s: %s", where, strerror(-err));
	return err;
}

/* A loop that looks for sound after each thing it does. */
static struct event_base *
new_loop(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base   *base = NULL;

	if (cfg && event_config_set_max_dispatch_interval(cfg, NULL, 1,
	    1) == 0)
		base = event_base_new_with_config(cfg);
	if (cfg)
		event_config_free(cfg);
	return base;
}

/* All up to the lock-down; the room is not serving yet. */
static int
process_start(struct process *p, int channel, const struct gift *gift)
{
	const struct sandbox_config limits = {
		.address_space = ADDRESS_SPACE,
		.files = FILES_SPARE + gift->config.participants_max,
	};
	int err;

	tzset();	/* libc reads a file at the first gmtime_r, too */
	err = room_prepare();
	if (err)
		return failed(p, "libraries", err);
	p->base = new_loop();
	if (p->base == NULL)
		return failed(p, "event loop", -ENOMEM);
	err = sandbox_files(&p->log);
	if (err)
		return failed(p, "sandbox", err);
	err = room_new(&p->room, p->base, channel, &gift->config, gift->fd4,
	    gift->fd6);
	if (err)
		return failed(p, "room", err);
	/* What is heard leaves by this one; those of pictures are made. */
	thread_prefer();
	err = sandbox_calls(&limits, &p->log);
	if (err)
		return failed(p, "system call filter", err);
	return 0;
}

static void
process_clear(struct process *p)
{
	room_free(p->room);
	if (p->base)
		event_base_free(p->base);
}

static int
serve(struct process *p)
{
	struct gift gift;
	int         err;

	err = say_hello(CHANNEL_FD);
	if (err && err != -EPIPE)
		return failed(p, "no tesserad at descriptor 3", err);
	if (err == 0)
		err = receive_config(CHANNEL_FD, &gift);
	if (err == -EPIPE)
		return 0;	/* it was not needed after all */
	if (err)
		return failed(p, "configuration", err);
	p->log.least = (enum log_level)gift.config.log_level;
	err = process_start(p, CHANNEL_FD, &gift);
	if (err)
		return err;
	room_ready(p->room);
	event_base_dispatch(p->base);
	return 0;
}

/* ---- --probe -------------------------------------------------------------- */

/* What the child of a probe ends with when it is not errno. */
#define PROBE_BROKEN 200

/* A thread made before the lock-down, which must hold for it as well. */
struct probe_thread {
	const char *name;
	int         go_fd;
	int         udp_fd;
	int         result;
};

static void *
probe_on_thread(void *arg)
{
	struct probe_thread *t = arg;
	uint64_t             go;

	if (read(t->go_fd, &go, sizeof(go)) == sizeof(go))
		t->result = sandbox_probe(t->name, t->udp_fd);
	return NULL;
}

static int
loopback_socket(void)
{
	const struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		(void)bind(fd, (const struct sockaddr *)&any, sizeof(any));
	return fd;
}

/* Starts and locks down like a room, then tries. Returns an exit status. */
static int
probe_child(struct process *p, const char *name)
{
	const struct gift gift = {
		.config = {
			.has_v4 = 1, .udp_port = 1, .participants_max = 50,
			.decode_threads = 2, .log_level = LOG_WARN,
			.video_width = 1280, .video_height = 720,
			.video_fps = 25, .video_bps = 1500000,
			.audio_bps = 32000,
		},
		.fd4 = loopback_socket(), .fd6 = -1,
	};
	struct probe_thread thread = {
		.name = name, .go_fd = eventfd(0, 0),
		.udp_fd = loopback_socket(), .result = -EINVAL,
	};
	const uint64_t go = 1;
	pthread_t      id;
	int            ends[2], on_main;

	if (channel_pair(ends) != 0 ||
	    thread_spawn(&id, "probe", THREAD_EVEN, probe_on_thread, &thread) != 0 ||
	    process_start(p, ends[1], &gift) != 0)
		return PROBE_BROKEN;
	/* Landlock binds only threads made after it: ours is not one. */
	if (write(thread.go_fd, &go, sizeof(go)) != sizeof(go))
		return PROBE_BROKEN;
	pthread_join(id, NULL);
	on_main = sandbox_probe(name, thread.udp_fd);
	return thread.result == on_main ? -on_main : PROBE_BROKEN;
}

static int
probe_verdict(int status)
{
	if (WIFSIGNALED(status)) {
		printf("killed: SIG%s\n", sigabbrev_np(WTERMSIG(status)));
		return WTERMSIG(status) == SIGSYS ? 0 : 2;
	}
	if (WEXITSTATUS(status) == PROBE_BROKEN) {
		printf("broken: it did not start, or threads differ\n");
		return 2;
	}
	if (WEXITSTATUS(status) == 0) {
		printf("allowed\n");
		return 1;
	}
	printf("denied: %s\n", strerrorname_np(WEXITSTATUS(status)));
	return 0;
}

/* 0: denied or killed; 1: allowed; 2: something else went wrong. */
static int
probe(struct process *p, const char *name)
{
	pid_t pid;
	int   status;

	if (!sandbox_probe_known(name)) {
		fprintf(stderr, "tessera-room: --probe knows: %s\n",
		    sandbox_probe_names());
		return 2;
	}
	if (!sandbox_is_real()) {
		printf("not locked down: built with a sanitizer\n");
		return 2;
	}
	pid = fork();	/* nothing is initialised yet */
	if (pid == 0)
		_exit(probe_child(p, name));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	return probe_verdict(status);
}

/* ---- main ----------------------------------------------------------------- */

static int
usage(FILE *to, int status)
{
	fprintf(to,
	    "usage: tessera-room [--version | --help | --probe=CALL]\n"
	    "One room of tesserad, which starts it with a channel as\n"
	    "descriptor 3; of no use by hand. --probe locks itself down as a\n"
	    "room does, makes one call, and prints `denied: EPERM`,\n"
	    "`killed: SIGSYS` (status 0) or `allowed` (status 1). Calls:\n"
	    "%s\n", sandbox_probe_names());
	return status;
}

int
main(int argc, char **argv)
{
	struct process p = { .log = log_to_stderr(LOG_INFO) };
	int            err;

	p.log = log_for(&p.log, "tessera-room %d", (int)getpid());
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("tessera-room %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	signal(SIGPIPE, SIG_IGN);
	/* Each further arena would reserve 64 MiB of address space. */
	mallopt(M_ARENA_MAX, 2);
	/*
	 * What a picture, an encoder or a person takes goes back to the kernel
	 * with it. Else glibc raises this after the first one that is freed,
	 * later ones come from the heap, and a room grows with each that comes
	 * and goes.
	 */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	if (argc == 2 && strncmp(argv[1], "--probe=", 8) == 0)
		return probe(&p, argv[1] + 8);
	if (argc != 1)
		return usage(stderr, 2);
	err = serve(&p);
	process_clear(&p);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
