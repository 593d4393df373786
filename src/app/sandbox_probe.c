/*
 * The calls that a locked-down room must not get, and one that it must.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/sandbox_probe.h"

/* -1 and errno become -errno, anything else 0. */
static int
result(long rc)
{
	return rc == -1 ? -errno : 0;
}

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int
try_open(int udp_fd)
{
	(void)udp_fd;
	return result(open("/etc/hostname", O_RDONLY));
}

static int
try_create(int udp_fd)
{
	(void)udp_fd;
	return result(open("/tmp/tessera-probe", O_WRONLY | O_CREAT, 0600));
}

static int
try_stat(int udp_fd)
{
	struct stat st;

	(void)udp_fd;
	return result(stat("/etc/hostname", &st));
}

static int
try_socket(int udp_fd)
{
	(void)udp_fd;
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
try_socketpair(int udp_fd)
{
	int fds[2];

	(void)udp_fd;
	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static int
try_connect(int udp_fd)
{
	const struct sockaddr_in to = loopback(9);

	return result(connect(udp_fd, (const struct sockaddr *)&to,
	    sizeof(to)));
}

static int
try_bind(int udp_fd)
{
	const struct sockaddr_in to = loopback(0);

	return result(bind(udp_fd, (const struct sockaddr *)&to, sizeof(to)));
}

static int
try_listen(int udp_fd)
{
	return result(listen(udp_fd, 1));
}

static int
try_setsockopt(int udp_fd)
{
	const int on = 1;

	return result(setsockopt(udp_fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)));
}

static int
try_exec(int udp_fd)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };
	char *const env[] = { NULL };

	(void)udp_fd;
	return result(execve("/bin/true", argv, env));
}

static int
try_fork(int udp_fd)
{
	const pid_t pid = fork();

	(void)udp_fd;
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_kill(int udp_fd)
{
	(void)udp_fd;
	return result(kill(getppid(), 0));
}

static int
try_ptrace(int udp_fd)
{
	(void)udp_fd;
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
try_bpf(int udp_fd)
{
	(void)udp_fd;
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int
try_io_uring(int udp_fd)
{
	(void)udp_fd;
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
try_map_code(int udp_fd)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)udp_fd;
	return p == MAP_FAILED ? -errno : 0;
}

static int
try_make_code(int udp_fd)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)udp_fd;
	if (p == MAP_FAILED)
		return -ENOMEM;
	return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int
try_chdir(int udp_fd)
{
	(void)udp_fd;
	return result(chdir("/"));
}

static int
try_ioctl(int udp_fd)
{
	int value;

	return result(syscall(SYS_ioctl, udp_fd, 0x541b, &value));
}

/* The one that must work: what a room lives of. */
static int
try_send(int udp_fd)
{
	const struct sockaddr_in to = loopback(9);

	return result(sendto(udp_fd, "x", 1, 0, (const struct sockaddr *)&to,
	    sizeof(to)));
}

static const struct {
	const char *name;
	int       (*run)(int udp_fd);
} probes[] = {
	{ "open", try_open }, { "create", try_create }, { "stat", try_stat },
	{ "socket", try_socket }, { "socketpair", try_socketpair },
	{ "connect", try_connect }, { "bind", try_bind },
	{ "listen", try_listen }, { "setsockopt", try_setsockopt },
	{ "exec", try_exec }, { "fork", try_fork }, { "kill", try_kill },
	{ "ptrace", try_ptrace }, { "bpf", try_bpf },
	{ "io_uring", try_io_uring }, { "map-code", try_map_code },
	{ "make-code", try_make_code }, { "chdir", try_chdir },
	{ "ioctl", try_ioctl }, { "send", try_send },
};

#define PROBES (sizeof(probes) / sizeof(probes[0]))

bool
sandbox_probe_known(const char *name)
{
	for (size_t i = 0; i < PROBES; i++) {
		if (strcmp(probes[i].name, name) == 0)
			return true;
	}
	return false;
}

const char *
sandbox_probe_names(void)
{
	return "open create stat socket socketpair connect bind listen "
	    "setsockopt exec fork kill ptrace bpf io_uring map-code "
	    "make-code chdir ioctl send";
}

int
sandbox_probe(const char *name, int udp_fd)
{
	for (size_t i = 0; i < PROBES; i++) {
		if (strcmp(probes[i].name, name) == 0)
			return probes[i].run(udp_fd);
	}
	return -EINVAL;
}
