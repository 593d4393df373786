/*
 * A child process of tesserad: started clean, watched by a descriptor.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fork and exec at once, so nothing of tesserad's memory (keys, seeded
 * generators) lives on in the child. It gets: /dev/null as standard input,
 * our standard output and error, at most one more descriptor as number 3, an
 * own session (a Ctrl-C at the terminal is ours to handle), default signals,
 * and of the environment only what loaders and sanitizers read. Main thread.
 */
#ifndef CONTROL_CHILD_H
#define CONTROL_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int   pidfd;	/* readable once it has ended */
};

/*
 * Starts `program` with `argv`. `fd` becomes its descriptor 3 (-1: none) and
 * stays the caller's. `oom_score_adj`: 0..1000, what the kernel ends first.
 * Returns 0 or -errno; a program that cannot be run ends with status 127.
 */
int child_spawn(struct child *out, const char *program, char *const argv[],
    int fd, int oom_score_adj);

void child_signal(const struct child *child, int signal);

/*
 * Waits for the end, which has come when pidfd is readable or SIGKILL was
 * sent, and closes pidfd. Returns the wait status, or -1.
 */
int child_reap(struct child *child);

/* Writes "exit status 3" or "signal 9" (with the name) into `out`. */
void child_describe(char *out, size_t size, int status);

/*
 * The path of a program installed beside this one: in the folder of
 * /proc/self/exe, else in `libexecdir`. Returns 0 or -ENOENT, -ENAMETOOLONG.
 */
int child_find_program(char *out, size_t size, const char *name,
    const char *libexecdir);

#endif
