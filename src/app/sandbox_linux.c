/*
 * Locks a worker down: limits, Landlock, and a filter of system calls.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/sandbox.h"

/* ---- limits ------------------------------------------------------------- */

static int
limit(__rlimit_resource_t resource, rlim_t most)
{
	struct rlimit now, want = { most, most };

	if (getrlimit(resource, &now) != 0)
		return -errno;
	if (want.rlim_max > now.rlim_max)	/* only ever lower */
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit(resource, &want) == 0 ? 0 : -errno;
}

/* ---- Landlock ----------------------------------------------------------- */

/*
 * Constants of our own: the kernel may know more than the header that it is
 * built with (Debian 12 knows only files). From linux/landlock.h.
 */
#define LANDLOCK_VERSION_FLAG 1u
#define LANDLOCK_FS_ABI_1     ((UINT64_C(1) << 13) - 1)
#define LANDLOCK_FS_REFER     (UINT64_C(1) << 13)	/* ABI 2 */
#define LANDLOCK_FS_TRUNCATE  (UINT64_C(1) << 14)	/* ABI 3 */
#define LANDLOCK_NET_TCP      UINT64_C(3)	/* bind, connect; ABI 4 */
#define LANDLOCK_FS_IOCTL_DEV (UINT64_C(1) << 15)	/* ABI 5 */
#define LANDLOCK_SCOPES       UINT64_C(3)	/* abstract Unix sockets,
						   signals; ABI 6 */

struct landlock_rules {
	uint64_t fs;
	uint64_t net;
	uint64_t scopes;
};

/* All that this ABI can forbid; *size is what it knows of the struct. */
static struct landlock_rules
rules_of_abi(long abi, size_t *size)
{
	struct landlock_rules rules = { .fs = LANDLOCK_FS_ABI_1 };

	*size = offsetof(struct landlock_rules, net);
	if (abi >= 2)
		rules.fs |= LANDLOCK_FS_REFER;
	if (abi >= 3)
		rules.fs |= LANDLOCK_FS_TRUNCATE;
	if (abi >= 4) {
		rules.net = LANDLOCK_NET_TCP;
		*size = offsetof(struct landlock_rules, scopes);
	}
	if (abi >= 5)
		rules.fs |= LANDLOCK_FS_IOCTL_DEV;
	if (abi >= 6) {
		rules.scopes = LANDLOCK_SCOPES;
		*size = sizeof(rules);
	}
	return rules;
}

/* Forbids all of it, without an exception. */
static int
enter_landlock(const struct log *log)
{
	const long            abi = syscall(SYS_landlock_create_ruleset, NULL,
	    0, LANDLOCK_VERSION_FLAG);
	struct landlock_rules rules;
	size_t                size;
	long                  fd;
	int                   err = 0;

	if (abi < 1) {
		log_info(log, "this kernel has no Landlock; "
		    "the system call filter holds alone");
		return 0;
	}
	rules = rules_of_abi(abi, &size);
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		err = -errno;
	close((int)fd);
	return err;
}

/* ---- the filter --------------------------------------------------------- */

#define CALL(name) SCMP_SYS(name)

/* What a room does all day, and a few calls of libc around it. */
static const int allowed[] = {
	/* its sockets, its channel, what was passed to it */
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(recvfrom),
	CALL(sendto), CALL(recvmsg), CALL(sendmsg), CALL(recvmmsg),
	CALL(sendmmsg), CALL(close), CALL(fstat), CALL(lseek),
	CALL(pwrite64), CALL(ftruncate), CALL(fdatasync),
	/* waiting */
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(epoll_pwait2), CALL(poll), CALL(ppoll),
	CALL(eventfd2), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(timerfd_gettime), CALL(signalfd4), CALL(futex),
	CALL(nanosleep), CALL(clock_nanosleep), CALL(sched_yield),
	CALL(restart_syscall),
	/* time, chance, and looking at itself */
	CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday),
	CALL(getrandom), CALL(getpid), CALL(gettid), CALL(getrusage),
	CALL(sched_getaffinity), CALL(getcpu),
	/* memory; mmap and mprotect without PROT_EXEC only, below */
	CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk),
	CALL(membarrier),
	/* signals and ends of threads */
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigaltstack), CALL(set_robust_list), CALL(rseq), CALL(exit),
	CALL(exit_group),
};

/* No code of ours or of a library calls these: an intruder did. */
static const int deadly[] = {
	CALL(execve), CALL(execveat), CALL(ptrace), CALL(process_vm_readv),
	CALL(process_vm_writev), CALL(bpf), CALL(io_uring_setup),
	CALL(io_uring_enter), CALL(io_uring_register), CALL(keyctl),
	CALL(add_key), CALL(request_key), CALL(userfaultfd),
	CALL(perf_event_open), CALL(init_module), CALL(finit_module),
	CALL(delete_module), CALL(kexec_load), CALL(mount), CALL(umount2),
	CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns),
	CALL(open_by_handle_at), CALL(pidfd_getfd),
};

static int
add_lists(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
		if (err)
			return err;
	}
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
		    deadly[i], 0);
		if (err)
			return err;
	}
	return 0;
}

/* The calls that depend on what they are asked for. */
static int
add_argument_rules(scmp_filter_ctx filter)
{
	static const unsigned fcntl_commands[] = {
		F_GETFL, F_SETFL, F_GETFD, F_SETFD,
	};
	const pid_t self = getpid();
	int         err;

	err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (err == 0)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mprotect),
		    1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (err == 0)	/* abort() and raise(), to itself only */
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(tgkill),
		    1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self));
	if (err == 0)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prctl), 1,
		    SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	/* As an old kernel would: libc then asks for clone, which is EPERM. */
	if (err == 0)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
		    CALL(clone3), 0);
	for (size_t i = 0; err == 0 &&
	    i < sizeof(fcntl_commands) / sizeof(fcntl_commands[0]); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, fcntl_commands[i]));
	return err;
}

static int
enter_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int             err;

	if (filter == NULL)
		return -ENOMEM;
	/* Calls of another architecture have other numbers. */
	err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (err == 0)	/* on every thread, or it fails */
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (err == 0)	/* a binary tree: fewer steps for each packet */
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (err == 0)
		err = add_lists(filter);
	if (err == 0)
		err = add_argument_rules(filter);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- the standard streams ------------------------------------------------ */

/* Landlock lets nothing be opened later, so stdin keeps it until then. */
static int
open_null(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int       err;

	if (null < 0)
		return -errno;
	err = dup2(null, STDIN_FILENO) < 0 ? -errno : 0;
	if (null != STDIN_FILENO)
		close(null);
	return err;
}

/*
 * Output is tesserad's: its log, which an intruder could fill, forge or,
 * where it is a file, cut off. Until the filter holds it says what failed.
 */
static int
enter_filter_in_silence(void)
{
	const int out = dup(STDOUT_FILENO), error = dup(STDERR_FILENO);
	int       err = 0;

	if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0 ||
	    dup2(STDIN_FILENO, STDERR_FILENO) < 0)
		err = -errno;
	if (err == 0)
		err = enter_filter();
	if (err && out >= 0)
		(void)dup2(out, STDOUT_FILENO);
	if (err && error >= 0)
		(void)dup2(error, STDERR_FILENO);
	if (out >= 0)
		close(out);
	if (error >= 0)
		close(error);
	return err;
}

/* ---- what the header says ----------------------------------------------- */

int
sandbox_files(const struct log *log)
{
	int err = open_null();

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
	err = limit(RLIMIT_CORE, 0);
	if (err)
		return err;
	return enter_landlock(log);
}

int
sandbox_calls(const struct sandbox_config *config, const struct log *log)
{
	int err;

	(void)log;
	err = limit(RLIMIT_AS, config->address_space);
	if (err == 0)
		err = limit(RLIMIT_NOFILE, config->files);
	if (err == 0)	/* all threads are there */
		err = limit(RLIMIT_NPROC, 0);
	if (err == 0)
		err = enter_filter_in_silence();
	return err;
}

bool
sandbox_is_real(void)
{
	return true;
}
