/*
 * Binds the UDP sockets of a room and lists the addresses to announce.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/resources.h"

/*
 * A second of 50 people's video at 1.5 Mbit/s is 9 MB; half a second of
 * queue is more than enough. The kernel caps it at net.core.[rw]mem_max.
 */
#define SOCKET_BUFFER (4 * 1024 * 1024)

static int
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ?
	    0 : -errno;
}

/* All that the worker needs set and cannot set itself. */
static int
set_options(int fd, int family)
{
	int err;

	/* As large as the kernel lets; a smaller one only drops earlier. */
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	(void)set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	err = set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (err)
		return err;
	if (family == AF_INET)
		return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	err = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (err)
		return err;
	return set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static int
bind_wildcard(int fd, int family, uint16_t port)
{
	struct sockaddr_in  v4 = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
		.sin6_addr = in6addr_any,
	};
	int rc;

	if (family == AF_INET)
		rc = bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	else
		rc = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	return rc == 0 ? 0 : -errno;
}

/* A bound socket of the family with all options, or -errno. */
static int
open_socket(int family, uint16_t port)
{
	const int fd = socket(family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int       err;

	if (fd < 0)
		return -errno;
	err = set_options(fd, family);
	if (err == 0)
		err = bind_wildcard(fd, family, port);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Whether a kernel without IPv6 says so in this way. */
static int
no_v6(int err)
{
	return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL ||
	    err == -EPROTONOSUPPORT;
}

static int
bind_pair(struct resources_sockets *out, uint16_t port)
{
	const int v4 = open_socket(AF_INET, port);
	int       v6;

	if (v4 < 0)
		return v4;
	v6 = open_socket(AF_INET6, port);
	if (v6 < 0 && !no_v6(v6)) {
		close(v4);
		return v6;
	}
	out->fds[0] = v4;
	out->fds[1] = v6 < 0 ? -1 : v6;
	out->port = port;
	return 0;
}

int
resources_bind(struct resources_sockets *out,
    const struct resources_config *config, uint16_t *next)
{
	const unsigned least = config->udp_port_min;
	const unsigned count = config->udp_port_max - least + 1u;
	const unsigned start = *next < least || *next > config->udp_port_max ?
	    0 : *next - least;

	for (unsigned i = 0; i < count; i++) {
		const unsigned port = least + (start + i) % count;
		const int      err = bind_pair(out, (uint16_t)port);

		if (err == 0) {
			*next = (uint16_t)(least + (start + i + 1) % count);
			return 0;
		}
		if (err != -EADDRINUSE && err != -EACCES)
			return err;
	}
	return -EADDRINUSE;
}

void
resources_close(struct resources_sockets *sockets)
{
	for (int i = 0; i < 2; i++) {
		if (sockets->fds[i] >= 0)
			close(sockets->fds[i]);
		sockets->fds[i] = -1;
	}
}

/* Fills *out from a socket address; false for what is not announced. */
static int
from_sockaddr(struct ipc_address *out, const struct sockaddr *sa)
{
	memset(out, 0, sizeof(*out));
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, sa, sizeof(v4));
		out->family = 4;
		memcpy(out->bytes, &v4.sin_addr, 4);
		return 1;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, sa, sizeof(v6));
		if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
			return 0;	/* would need a scope: peers have none */
		out->family = 6;
		memcpy(out->bytes, &v6.sin6_addr, 16);
		return 1;
	}
	return 0;
}

/* Places kept for loopback when a machine has many addresses. */
#define LOOPBACK_PLACES 2

static unsigned
add_address(struct ipc_address *out, unsigned count,
    const struct ipc_address *address)
{
	const unsigned most = address->loopback ? IPC_ADDRESSES_MAX :
	    IPC_ADDRESSES_MAX - LOOPBACK_PLACES;

	for (unsigned i = 0; i < count; i++) {
		if (memcmp(&out[i], address, sizeof(*address)) == 0)
			return count;
	}
	if (count < most)
		out[count++] = *address;
	return count;
}

/* Adds those of this machine that are loopback, or those that are not. */
static unsigned
add_local(struct ipc_address *out, unsigned count,
    const struct ifaddrs *list, unsigned loopback)
{
	for (; list; list = list->ifa_next) {
		const unsigned     flags = list->ifa_flags;
		struct ipc_address address;

		if (list->ifa_addr == NULL || !(flags & IFF_UP) ||
		    ((flags & IFF_LOOPBACK) != 0) != (loopback != 0))
			continue;
		if (!from_sockaddr(&address, list->ifa_addr))
			continue;
		address.loopback = (uint8_t)loopback;
		count = add_address(out, count, &address);
	}
	return count;
}

unsigned
resources_addresses(struct ipc_address out[IPC_ADDRESSES_MAX],
    const struct resources_config *config)
{
	struct ifaddrs *list = NULL;
	unsigned        count = 0;

	if (getifaddrs(&list) != 0)
		list = NULL;
	for (unsigned i = 0; i < config->announce_count; i++)
		count = add_address(out, count, &config->announce[i]);
	if (config->announce_count == 0)
		count = add_local(out, count, list, 0);
	count = add_local(out, count, list, 1);
	freeifaddrs(list);
	return count;
}

int
resources_address_parse(struct ipc_address *out, const char *text)
{
	struct ipc_address address = { 0 };
	struct in6_addr    v6;

	if (inet_pton(AF_INET, text, address.bytes) == 1) {
		address.family = 4;
		address.loopback = address.bytes[0] == 127;
	} else if (inet_pton(AF_INET6, text, &v6) == 1 &&
	    !IN6_IS_ADDR_LINKLOCAL(&v6)) {
		address.family = 6;
		memcpy(address.bytes, &v6, sizeof(v6));
		address.loopback = IN6_IS_ADDR_LOOPBACK(&v6) != 0;
	} else {
		return -EINVAL;
	}
	*out = address;
	return 0;
}
