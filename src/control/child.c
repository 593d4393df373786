/*
 * Starts child processes with nothing of ours but what they are given.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/child.h"

#define CHANNEL_FD 3
#define ENV_MAX    16

/* What the loader and the sanitizers' runtimes read; no secret of ours. */
static bool
env_passes(const char *entry)
{
	static const char *const names[] = {
		"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "LSAN_OPTIONS=",
		"TSAN_OPTIONS=", "UBSAN_OPTIONS=", "GCOV_PREFIX=",
		"GCOV_PREFIX_STRIP=",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static void
choose_env(char *out[ENV_MAX])
{
	unsigned count = 0;

	for (char **e = environ; e && *e && count < ENV_MAX - 1; e++) {
		if (env_passes(*e))
			out[count++] = *e;
	}
	out[count] = NULL;
}

/* The three below run between fork and exec: async-signal-safe calls only. */

static void
set_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t         none;

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
set_oom_score(int score)
{
	char digits[8];
	char *p = digits + sizeof(digits);
	const int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0)
		return;
	do {
		*--p = (char)('0' + score % 10);
		score /= 10;
	} while (score > 0 && p > digits);
	/* Best effort: a container may forbid it. */
	if (write(fd, p, (size_t)(digits + sizeof(digits) - p)) < 0)
		p = digits;
	close(fd);
}

static void __attribute__((noreturn))
become(const char *program, char *const argv[], char *const env[], int fd,
    int oom_score_adj)
{
	const int null = open("/dev/null", O_RDONLY);
	/* Out of the way of the numbers that are about to be given. */
	const int high = fd >= 0 ? fcntl(fd, F_DUPFD, CHANNEL_FD + 1) : -1;

	set_signals();
	setsid();
	set_oom_score(oom_score_adj);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (fd >= 0 && (high < 0 || dup2(high, CHANNEL_FD) < 0))
		_exit(127);
	if (close_range(fd >= 0 ? CHANNEL_FD + 1 : CHANNEL_FD, ~0U, 0) != 0)
		_exit(127);
	execve(program, argv, env);
	_exit(127);
}

int
child_spawn(struct child *out, const char *program, char *const argv[],
    int fd, int oom_score_adj)
{
	char    *env[ENV_MAX];
	sigset_t all, before;
	pid_t    pid;
	int      pidfd, err;

	choose_env(env);
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become(program, argv, env, fd, oom_score_adj);
	err = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return err;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		err = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err;
	}
	out->pid = pid;
	out->pidfd = pidfd;
	return 0;
}

void
child_signal(const struct child *child, int signal)
{
	(void)pidfd_send_signal(child->pidfd, signal, NULL, 0);
}

int
child_reap(struct child *child)
{
	int   status = -1;
	pid_t pid;

	do {
		pid = waitpid(child->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	close(child->pidfd);
	child->pidfd = -1;
	return pid == child->pid ? status : -1;
}

void
child_describe(char *out, size_t size, int status)
{
	if (status == -1)
		snprintf(out, size, "unknown end");
	else if (WIFSIGNALED(status))
		snprintf(out, size, "signal %d (%s)", WTERMSIG(status),
		    sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

/* "folder/name" when that is there to run. */
static int
try_program(char *out, size_t size, const char *folder, const char *name)
{
	const int n = snprintf(out, size, "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	return access(out, X_OK) == 0 ? 0 : -ENOENT;
}

int
child_find_program(char *out, size_t size, const char *name,
    const char *libexecdir)
{
	char          self[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char         *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			*slash = '\0';
			if (try_program(out, size, self, name) == 0)
				return 0;
		}
	}
	return try_program(out, size, libexecdir, name);
}
