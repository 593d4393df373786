/*
 * UDP sockets on 127.0.0.1, set up as tesserad does it. For tests of net/.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_NET_LOOPBACK_H
#define TESTS_NET_LOOPBACK_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/packet.h"

static inline union packet_addr
loopback_addr(int fd)
{
	union packet_addr a = { 0 };
	socklen_t         len = sizeof(a);

	assert_int_equal(getsockname(fd, &a.any, &len), 0);
	return a;
}

/* A non-blocking socket of family AF_INET or AF_INET6, or -1 without IPv6. */
static inline int
loopback_socket(int family)
{
	const int         on = 1;
	union packet_addr a = { 0 };
	const int         fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on,
	    sizeof(on)), 0);
	if (family == AF_INET) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	} else {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_addr = in6addr_loopback;
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
		    sizeof(on));
	}
	if (bind(fd, &a.any, packet_addr_len(&a))) {
		close(fd);
		return -1;
	}
	return fd;
}

#endif
