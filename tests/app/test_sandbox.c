/*
 * The lock-down, each time in a process of its own: what it forbids, on
 * threads made before and after, and what it leaves.
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

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/sandbox_probe.h"
#include "util/log.h"
#include "util/thread.h"

#define ALLOWED 0
#define KILLED  (-1)
#define BROKEN  200

static const struct sandbox_config limits = {
	.address_space = UINT64_C(1) << 30, .files = 64,
};

/* What a child does; its return value is its exit status. */
typedef int child_fn(const char *name);

/* The child's exit status; KILLED when SIGSYS ended it. */
static int
in_child(child_fn *run, const char *name)
{
	const pid_t pid = fork();
	int         status;

	if (pid == 0)
		_exit(run(name));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	return WEXITSTATUS(status);
}

struct waiting {
	const char *name;
	int         go_fd;
	int         udp_fd;
	int         result;
};

static void *
probe_when_told(void *arg)
{
	struct waiting *w = arg;
	uint64_t        go;

	if (read(w->go_fd, &go, sizeof(go)) == sizeof(go))
		w->result = sandbox_probe(w->name, w->udp_fd);
	return NULL;
}

/* Locks down and probes on the main thread. */
static int
probe_on_main(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	const int        udp = socket(AF_INET, SOCK_DGRAM, 0);

	if (sandbox_files(&log) != 0 || sandbox_calls(&limits, &log) != 0)
		return BROKEN;
	return -sandbox_probe(name, udp);
}

/* Whether what is written to standard output or error still arrives. */
static int
reaches_a_stream(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	char             bytes[2];
	int              ends[2];

	(void)name;
	if (pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], 1) < 0 ||
	    dup2(ends[1], 2) < 0 || sandbox_files(&log) != 0 ||
	    sandbox_calls(&limits, &log) != 0 || write(1, "o", 1) != 1 ||
	    write(2, "e", 1) != 1)
		return BROKEN;
	return read(ends[0], bytes, sizeof(bytes)) < 0 && errno == EAGAIN ?
	    0 : 1;
}

/* The same on a thread that was there before the lock-down. */
static int
probe_on_older_thread(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	struct waiting   w = {
		name, eventfd(0, 0), socket(AF_INET, SOCK_DGRAM, 0), -EINVAL,
	};
	const uint64_t   go = 1;
	pthread_t        id;

	if (thread_spawn(&id, "older", 0, probe_when_told, &w) != 0 ||
	    sandbox_files(&log) != 0 || sandbox_calls(&limits, &log) != 0 ||
	    write(w.go_fd, &go, sizeof(go)) != sizeof(go))
		return BROKEN;
	pthread_join(id, NULL);
	return -w.result;
}

static void
forbids_what_a_room_may_not_do(void **state)
{
	static const struct {
		const char *name;
		int         result;
	} expected[] = {
		{ "open", EPERM }, { "create", EPERM }, { "stat", EPERM },
		{ "socket", EPERM }, { "socketpair", EPERM },
		{ "connect", EPERM }, { "bind", EPERM }, { "listen", EPERM },
		{ "setsockopt", EPERM }, { "exec", KILLED },
		{ "fork", EPERM }, { "kill", EPERM }, { "ptrace", KILLED },
		{ "bpf", KILLED }, { "io_uring", KILLED },
		{ "map-code", EPERM }, { "make-code", EPERM },
		{ "chdir", EPERM }, { "ioctl", EPERM }, { "send", ALLOWED },
	};
	char names[512] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const char *name = expected[i].name;
		const int   want = expected[i].result;

		if (in_child(probe_on_main, name) != want ||
		    in_child(probe_on_older_thread, name) != want)
			fail_msg("%s: expected %d", name, want);
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
		    "%s%s", i ? " " : "", name);
	}
	assert_string_equal(names, sandbox_probe_names());
}

/* Output would be tesserad's log. */
static void
leaves_no_stream_of_tesserad(void **state)
{
	(void)state;
	assert_int_equal(in_child(reaches_a_stream, ""), 0);
}

/* ---- the first step alone ------------------------------------------------ */

static void *
open_a_file(void *arg)
{
	int *result = arg;

	*result = open("/etc/hostname", O_RDONLY) < 0 ? errno : 0;
	return NULL;
}

static int
open_after_first_step(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	pthread_t        id;
	int              here = 0, there = 0;

	(void)name;
	if (sandbox_files(&log) != 0 ||
	    thread_spawn(&id, "later", 0, open_a_file, &there) != 0)
		return BROKEN;
	open_a_file(&here);
	pthread_join(id, NULL);
	return here == there ? here : BROKEN;
}

static int
state_after_first_step(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	struct rlimit    core;

	(void)name;
	if (sandbox_files(&log) != 0 || getrlimit(RLIMIT_CORE, &core) != 0)
		return BROKEN;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && core.rlim_cur == 0 &&
	    core.rlim_max == 0 ? 0 : 1;
}

static bool
kernel_has_landlock(void)
{
	return syscall(444 /* landlock_create_ruleset */, NULL, 0, 1) >= 1;
}

static void
first_step_closes_files_to_later_threads(void **state)
{
	(void)state;
	assert_int_equal(in_child(state_after_first_step, ""), 0);
	/* A kernel without it leaves files to the filter. */
	assert_int_equal(in_child(open_after_first_step, ""),
	    kernel_has_landlock() ? EACCES : 0);
}

/* ---- what stays ---------------------------------------------------------- */

static int
live(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	const int        epoll = epoll_create1(EPOLL_CLOEXEC);
	const int        event = eventfd(0, EFD_NONBLOCK);
	struct epoll_event e = { .events = EPOLLIN };
	struct timespec  now, nap = { 0, 1000 };
	uint64_t         one = 1;
	char            *text;

	(void)name;
	if (sandbox_files(&log) != 0 || sandbox_calls(&limits, &log) != 0)
		return BROKEN;
	text = malloc(8 << 20);		/* by mmap */
	if (text == NULL)
		return 1;
	memset(text, 1, 8 << 20);
	text = realloc(text, 16 << 20);	/* by mremap */
	if (text == NULL)
		return 2;
	free(text);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e) != 0 ||
	    write(event, &one, sizeof(one)) != sizeof(one) ||
	    epoll_wait(epoll, &e, 1, 0) != 1)
		return 3;
	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0 ||
	    nanosleep(&nap, NULL) != 0)
		return 4;
	if (fcntl(event, F_SETFL, O_NONBLOCK) != 0 ||
	    prctl(PR_SET_NAME, "locked") != 0)
		return 5;
	log_error(&log, "%s", "a line on standard error still comes out");
	return 0;
}

static int
take_too_much_memory(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);
	void            *p;

	(void)name;
	if (sandbox_files(&log) != 0 || sandbox_calls(&limits, &log) != 0)
		return BROKEN;
	p = mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? errno : 0;
}

static int
abort_itself(const char *name)
{
	const struct log log = log_to_stderr(LOG_ERROR);

	(void)name;
	if (sandbox_files(&log) != 0 || sandbox_calls(&limits, &log) != 0)
		return BROKEN;
	abort();
}

static void
leaves_what_a_room_lives_of(void **state)
{
	pid_t pid;
	int   status;

	(void)state;
	assert_int_equal(in_child(live, ""), 0);
	assert_int_equal(in_child(take_too_much_memory, ""), ENOMEM);
	pid = fork();
	if (pid == 0)
		_exit(abort_itself(""));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* ---- a build with a sanitizer -------------------------------------------- */

static void
sanitizer_build_says_that_it_is_open(void **state)
{
	const struct log log = log_to_stderr(LOG_ERROR);

	(void)state;
	assert_false(sandbox_is_real());
	assert_int_equal(sandbox_files(&log), 0);
	assert_int_equal(sandbox_calls(&limits, &log), 0);
}

int
main(void)
{
	const struct CMUnitTest real[] = {
		cmocka_unit_test(forbids_what_a_room_may_not_do),
		cmocka_unit_test(leaves_no_stream_of_tesserad),
		cmocka_unit_test(first_step_closes_files_to_later_threads),
		cmocka_unit_test(leaves_what_a_room_lives_of),
	};
	const struct CMUnitTest open[] = {
		cmocka_unit_test(sanitizer_build_says_that_it_is_open),
	};

	if (sandbox_is_real())
		return cmocka_run_group_tests(real, NULL, NULL);
	return cmocka_run_group_tests(open, NULL, NULL);
}
