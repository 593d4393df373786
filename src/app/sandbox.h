/*
 * The lock-down of a worker: what a room may not do, said to the kernel.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In two steps, because Landlock binds only the calling thread and those it
 * makes afterwards, while the system call filter can be laid on all threads
 * at once and would not let any more be made:
 *
 *   libraries warmed up ─► sandbox_files ─► threads ─► sandbox_calls
 *
 * sandbox_files: no_new_privs, not dumpable, no core; Landlock with no rule
 * at all: no file, no TCP, no signal out (as far as the kernel knows it;
 * probed, never required). sandbox_calls: limits of memory and processes,
 * /dev/null for the standard streams (words go over the channel from there),
 * and the filter: what is not on its list fails with EPERM, and what only
 * an intruder would call ends the process.
 *
 * A build with a sanitizer links sandbox_none.c instead: it does nothing,
 * sanitizers cannot live inside. Both run on the main thread, once.
 */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "util/log.h"

struct sandbox_config {
	uint64_t address_space;	/* RLIMIT_AS, bytes */
	uint64_t files;		/* RLIMIT_NOFILE; those open may be more */
};

/* 0 or -errno. */
int sandbox_files(const struct log *log);

/* 0 or -errno; after an error nothing may be served. */
int sandbox_calls(const struct sandbox_config *config, const struct log *log);

/* Whether this build locks down at all. */
bool sandbox_is_real(void);

#endif
