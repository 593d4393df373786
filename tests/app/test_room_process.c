/*
 * The real tessera-room under the real supervisor.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/sandbox.h"
#include "control/supervisor.h"
#include "util/clock.h"

#define LIMIT_MS 20000

struct stage {
	struct event_base *base;
	struct supervisor *sup;
	struct worker     *room;
	unsigned           gone, answers;
	unsigned           status;	/* of the last answer */
	char               program[PATH_MAX];
};

static int
set_up(void **state)
{
	const char              *builddir = getenv("builddir");
	const struct log         log = log_to_stderr(LOG_WARN);
	struct stage            *stage = calloc(1, sizeof(*stage));
	struct supervisor_config supervisor;
	struct config            config;

	*state = stage;
	if (stage == NULL)
		return -1;
	snprintf(stage->program, sizeof(stage->program), "%s/tessera-room",
	    builddir ? builddir : ".");
	stage->base = event_base_new();
	config_default(&config);
	config_supervisor(&supervisor, &config, stage->program);
	supervisor.spares = 1;
	supervisor.resources.udp_port_min = 41260;
	supervisor.resources.udp_port_max = 41299;
	return supervisor_new(&stage->sup, stage->base, &supervisor, &log);
}

static int
tear_down(void **state)
{
	struct stage *stage = *state;

	supervisor_free(&stage->sup);
	event_base_free(stage->base);
	free(stage);
	return 0;
}

static void
turn(struct stage *stage, int64_t began_us, const char *what)
{
	const struct timeval soon = { 0, 20000 };

	if (clock_monotonic_us() - began_us > LIMIT_MS * 1000LL)
		fail_msg("%s did not come", what);
	event_base_loopexit(stage->base, &soon);
	event_base_dispatch(stage->base);
}

#define WAIT_FOR(stage, condition) do {					\
	const int64_t began_ = clock_monotonic_us();			\
	while (!(condition))						\
		turn(stage, began_, #condition);			\
} while (0)

static int
on_message(void *to, uint16_t type, const uint8_t *body, size_t len)
{
	struct stage     *stage = to;
	struct ipc_answer answer;

	if (type != IPC_ANSWER)
		return 0;
	if (ipc_answer_parse(&answer, body, len) != 0)
		return -EBADMSG;
	stage->status = answer.status;
	stage->answers++;
	return 0;
}

static void
on_gone(void *to)
{
	struct stage *stage = to;

	stage->gone++;
	stage->room = NULL;
}

static void
open_room(struct stage *stage)
{
	const struct worker_handler handler = { on_message, on_gone, stage };

	WAIT_FOR(stage, supervisor_spares(stage->sup) > 0);
	assert_int_equal(supervisor_take(stage->sup, "test", &handler,
	    &stage->room), 0);
}

static int
join(struct stage *stage, const char *sdp)
{
	const struct ipc_join message = {
		.request = 1, .participant = 2, .max_height = 720,
		.name = "Ada", .name_len = 3, .sdp = sdp,
		.sdp_len = strlen(sdp),
	};
	uint8_t body[1024];

	return worker_send(stage->room, IPC_JOIN, body,
	    ipc_join_write(body, sizeof(body), &message));
}

/* The figure behind "Name:" in /proc/pid/task/task/status, or -1. */
static long
status_of(pid_t pid, const char *task, const char *name)
{
	char  path[PATH_MAX], line[256];
	FILE *file;
	long  value = -1;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid,
	    task);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name), NULL, 10);
	}
	if (file)
		fclose(file);
	return value;
}

static void
each_thread_of_a_room_is_locked_down(void **state)
{
	const bool     real = sandbox_is_real();
	struct stage  *stage = *state;
	char           path[64];
	DIR           *tasks;
	struct dirent *task;
	unsigned       count = 0;
	pid_t          pid;

	open_room(stage);
	pid = worker_pid(stage->room);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		if (task->d_name[0] == '.')
			continue;
		count++;
		assert_int_equal(status_of(pid, task->d_name, "Seccomp:"),
		    real ? 2 : 0);
		assert_int_equal(status_of(pid, task->d_name, "NoNewPrivs:"),
		    real ? 1 : 0);
	}
	closedir(tasks);
	/* net, audio, compose, encode, and two that decode */
	assert_true(count >= 6);
}

static void
broken_offer_is_answered_and_the_room_lives(void **state)
{
	struct stage *stage = *state;

	open_room(stage);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(join(stage, "v=0\r\nthis is no offer"), 0);
		WAIT_FOR(stage, stage->answers == i);
		assert_int_equal(stage->status, IPC_ANSWER_BAD_OFFER);
	}
	assert_int_equal(stage->gone, 0);
}

static void
closed_room_ends_by_itself(void **state)
{
	struct stage            *stage = *state;
	struct supervisor_counts counts;
	pid_t                    pid;

	open_room(stage);
	pid = worker_pid(stage->room);
	worker_close(&stage->room);
	WAIT_FOR(stage, kill(pid, 0) != 0);
	supervisor_counts(stage->sup, &counts);
	assert_int_equal(counts.died + counts.silent + counts.wrong, 0);
}

/* Runs a supervisor until it is killed; tells the pid of its room. */
static void __attribute__((noreturn))
be_another_tesserad(int out)
{
	void         *state = NULL;
	struct stage *stage;
	pid_t         pid;

	if (set_up(&state) != 0)
		_exit(1);
	stage = state;
	open_room(stage);
	pid = worker_pid(stage->room);
	if (write(out, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	event_base_dispatch(stage->base);
	_exit(1);
}

static void
room_does_not_outlive_a_killed_tesserad(void **state)
{
	struct pollfd pfd = { .events = POLLIN };
	int           pipes[2];
	pid_t         parent, room;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	parent = fork();
	if (parent == 0)
		be_another_tesserad(pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &room, sizeof(room)), sizeof(room));
	close(pipes[0]);
	pfd.fd = pidfd_open(room, 0);
	assert_true(pfd.fd >= 0);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(poll(&pfd, 1, LIMIT_MS), 1);
	close(pfd.fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_thread_of_a_room_is_locked_down),
		TEST(broken_offer_is_answered_and_the_room_lives),
		TEST(closed_room_ends_by_itself),
		cmocka_unit_test(room_does_not_outlive_a_killed_tesserad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
