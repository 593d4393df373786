/*
 * The sockets of a relay.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/relay_flows.h"

#define SILENT_US    120000000
#define SOCKET_BYTES (4 << 20)
#define ADDRESS_TEXT 64

/* ---- addresses ----------------------------------------------------------- */

socklen_t
relay_address_len(const union relay_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) :
	    sizeof(address->v4);
}

static int
address_fill(union relay_address *out, const char *host, unsigned long port)
{
	union relay_address a = { 0 };

	if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)port);
	} else {
		return -EINVAL;
	}
	*out = a;
	return 0;
}

int
relay_address_parse(union relay_address *out, const char *text)
{
	char          host[ADDRESS_TEXT], *end;
	const char   *colon = strrchr(text, ':');
	size_t        len = colon ? (size_t)(colon - text) : 0;
	unsigned long port;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return -EINVAL;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return address_fill(out, host, port);
}

void
relay_address_print(const union relay_address *address, char *text)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host,
		    sizeof(host));
		snprintf(text, ADDRESS_TEXT, "[%s]:%u", host,
		    ntohs(address->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT, "%s:%u", host,
		    ntohs(address->v4.sin_port));
	}
}

static bool
address_equal(const union relay_address *a, const union relay_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET6)
		return a->v6.sin6_port == b->v6.sin6_port &&
		    memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr,
		    sizeof(a->v6.sin6_addr)) == 0;
	return a->v4.sin_port == b->v4.sin_port &&
	    a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

/* ---- sockets ------------------------------------------------------------- */

static int
flow_socket(int family)
{
	const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	const int size = SOCKET_BYTES;

	if (fd < 0)
		return -errno;
	/* More than the limit of who is not root, where that is allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* A new socket to the server, on a port that the kernel chooses. */
static int
flow_connect(const struct relay_flows *f)
{
	const int fd = flow_socket(f->server.any.sa_family);
	int       err;

	if (fd < 0)
		return fd;
	if (connect(fd, &f->server.any, relay_address_len(&f->server)) != 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int
relay_flows_init(struct relay_flows *f, union relay_address *address,
    const union relay_address *server)
{
	socklen_t len = sizeof(*address);
	int       fd, err;

	*f = (struct relay_flows){ .server = *server, .listen_fd = -1 };
	for (unsigned i = 0; i < RELAY_GRAVES; i++)
		f->graves[i] = -1;
	fd = flow_socket(address->any.sa_family);
	if (fd < 0)
		return fd;
	if (bind(fd, &address->any, relay_address_len(address)) != 0 ||
	    getsockname(fd, &address->any, &len) != 0) {
		err = -errno;
		close(fd);
		return err;
	}
	f->listen_fd = fd;
	return 0;
}

void
relay_flows_clear(struct relay_flows *f)
{
	for (unsigned i = 0; i < f->count; i++)
		if (f->flow[i].fd >= 0)
			close(f->flow[i].fd);
	for (unsigned i = 0; i < RELAY_GRAVES; i++)
		if (f->graves[i] >= 0)
			close(f->graves[i]);
	if (f->listen_fd >= 0)
		close(f->listen_fd);
}

/* ---- flows --------------------------------------------------------------- */

int
relay_flows_find(struct relay_flows *f, const union relay_address *client,
    int64_t now_us)
{
	unsigned place = f->count;
	int      fd;

	for (unsigned i = 0; i < f->count; i++) {
		if (f->flow[i].fd < 0) {
			place = i;
		} else if (address_equal(&f->flow[i].client, client)) {
			f->flow[i].heard_us = now_us;
			return (int)i;
		}
	}
	if (place == RELAY_FLOWS_MAX)
		return -1;
	fd = flow_connect(f);
	if (fd < 0)
		return -1;
	f->flow[place] = (struct relay_flow){
		.client = *client, .fd = fd, .heard_us = now_us,
	};
	if (place == f->count)
		f->count++;
	return (int)place;
}

/* An old socket stays open: closed, the kernel would refuse what comes. */
static void
flow_bury(struct relay_flows *f, int fd)
{
	int *const grave = &f->graves[f->next_grave++ % RELAY_GRAVES];

	if (*grave >= 0)
		close(*grave);
	*grave = fd;
}

void
relay_flows_rebind(struct relay_flows *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		int fd;

		if (f->flow[i].fd < 0)
			continue;
		fd = flow_connect(f);
		if (fd < 0)
			continue;
		flow_bury(f, f->flow[i].fd);
		f->flow[i].fd = fd;
	}
	f->rebinds++;
}

void
relay_flows_forget(struct relay_flows *f, int64_t now_us)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (f->flow[i].fd >= 0 &&
		    now_us - f->flow[i].heard_us > SILENT_US) {
			close(f->flow[i].fd);
			f->flow[i].fd = -1;
		}
	}
}

unsigned
relay_flows_alive(const struct relay_flows *f)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < f->count; i++)
		alive += f->flow[i].fd >= 0;
	return alive;
}
