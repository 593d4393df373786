/*
 * The room's two UDP sockets: batches in with kernel time, batches out.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "net/media_socket.h"
#include "util/clock.h"
#include "util/xalloc.h"

#define BATCH      32
#define ROUNDS_MAX 4		/* batches before others get their turn */
#define WAITING    64
#define DELAY_MAX_US 1000000	/* a kernel stamp older than this is none */
#define RUN_BYTES_MAX 65000	/* an IP packet with its headers has 65535 */

/* A time stamp and the larger of the two packet infos. */
union control {
	struct cmsghdr align;
	uint8_t        bytes[CMSG_SPACE(sizeof(struct timespec)) +
	    CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

#define RUN_CONTROL CMSG_SPACE(sizeof(uint16_t))

_Static_assert(RUN_CONTROL <= CMSG_SPACE(sizeof(struct timespec)),
    "a run's size fits where a time stamp would");
_Static_assert(WAITING <= 64, "what UDP_SEGMENT takes at most");

/* One descriptor and the packets that lie ready for its next batch. */
struct side {
	struct media_socket *owner;
	int                  fd;
	bool                 segments;	/* the kernel knows UDP_SEGMENT */
	struct event        *readable;
	struct packet       *ready[BATCH];
};

/*
 * What waits for one family: each message is a run of packets between the
 * same addresses, of one size but for a shorter last one. The kernel carries
 * it as one and cuts it into datagrams at the very end (or the card does).
 */
struct outgoing {
	unsigned       messages, packets;
	size_t         run_bytes;	/* of the last message */
	struct mmsghdr msgs[WAITING];
	struct iovec   iov[WAITING];	/* one a packet */
	union control  control[WAITING];	/* one a message */
};

struct media_socket {
	struct packet_pool         *pool;
	struct media_socket_handler handler;
	struct media_socket_stats   stats;
	struct side                 v4, v6;
	unsigned                    waiting_count;
	struct packet              *waiting[WAITING];
};

/* ---- in ------------------------------------------------------------------ */

static void
read_control(struct packet *packet, struct msghdr *msg, int64_t *stamp_us)
{
	struct cmsghdr    *c;
	struct timespec    ts;
	struct in_pktinfo  v4;
	struct in6_pktinfo v6;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			*stamp_us = (int64_t)ts.tv_sec * 1000000 +
			    ts.tv_nsec / 1000;
		} else if (c->cmsg_level == IPPROTO_IP &&
		    c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			packet->local.v4.sin_family = AF_INET;
			packet->local.v4.sin_addr = v4.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			packet->local.v6.sin6_family = AF_INET6;
			packet->local.v6.sin6_addr = v6.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr))
				packet->local.v6.sin6_scope_id =
				    (uint32_t)v6.ipi6_ifindex;
		}
	}
}

static int64_t
arrival(int64_t now_us, int64_t real_now_us, int64_t stamp_us)
{
	const int64_t delay = real_now_us - stamp_us;

	if (delay < 0)
		return now_us;
	return now_us - (delay > DELAY_MAX_US ? DELAY_MAX_US : delay);
}

static void
deliver(struct media_socket *s, struct packet *packet, struct mmsghdr *m,
    int64_t now_us, int64_t real_now_us)
{
	int64_t stamp_us = real_now_us;

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		s->stats.dropped++;
		packet_free(&packet);
		return;
	}
	packet->len = m->msg_len;
	read_control(packet, &m->msg_hdr, &stamp_us);
	packet->arrival_us = arrival(now_us, real_now_us, stamp_us);
	s->stats.packets_in++;
	s->stats.bytes_in += packet->len;
	s->handler.datagram(s->handler.to, packet, now_us);
}

/* Packets for the next batch, in front; how many there are. */
static unsigned
make_ready(struct side *side)
{
	for (unsigned i = 0; i < BATCH; i++) {
		if (side->ready[i] == NULL)
			side->ready[i] = packet_new(side->owner->pool);
		if (side->ready[i] == NULL)
			return i;
	}
	return BATCH;
}

/* No packet is free: what waits in the kernel is too old when one is. */
static void
drop_batch(struct side *side)
{
	uint8_t nothing[1];

	for (unsigned i = 0; i < BATCH; i++) {
		if (recv(side->fd, nothing, sizeof(nothing),
		    MSG_DONTWAIT | MSG_TRUNC) < 0)
			return;
		side->owner->stats.dropped++;
	}
}

/* Returns how many came. */
static unsigned
read_batch(struct side *side)
{
	struct media_socket *s = side->owner;
	struct mmsghdr       msgs[BATCH];
	struct iovec         iov[BATCH];
	union control        control[BATCH];
	const unsigned       want = make_ready(side);
	int64_t              now_us, real_now_us;
	int                  n;

	if (want == 0) {
		drop_batch(side);
		return 0;
	}
	memset(msgs, 0, sizeof(msgs));
	for (unsigned i = 0; i < want; i++) {
		struct packet *packet = side->ready[i];
		struct msghdr *h = &msgs[i].msg_hdr;

		iov[i].iov_base = packet->bytes;
		iov[i].iov_len = sizeof(packet->bytes);
		h->msg_iov = &iov[i];
		h->msg_iovlen = 1;
		h->msg_name = &packet->remote;
		h->msg_namelen = sizeof(packet->remote);
		h->msg_control = control[i].bytes;
		h->msg_controllen = sizeof(control[i].bytes);
	}
	n = recvmmsg(side->fd, msgs, want, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	now_us = clock_monotonic_us();
	real_now_us = clock_realtime_us();
	for (unsigned i = 0; i < (unsigned)n; i++) {
		struct packet *packet = side->ready[i];

		side->ready[i] = NULL;
		deliver(s, packet, &msgs[i], now_us, real_now_us);
	}
	return (unsigned)n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct side         *side = arg;
	struct media_socket *s = side->owner;

	(void)fd;
	(void)what;
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		if (read_batch(side) < BATCH)
			break;
	}
	if (s->handler.batch_end)
		s->handler.batch_end(s->handler.to, clock_monotonic_us());
	media_socket_flush(s);
}

/* ---- out ----------------------------------------------------------------- */

/* The very address the peer spoke to, so that it knows who answers. */
static void
write_control(struct msghdr *h, union control *control,
    const struct packet *packet)
{
	struct in_pktinfo  v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };
	struct cmsghdr    *c = &control->align;

	if (packet->local.any.sa_family == AF_UNSPEC)
		return;
	h->msg_control = control;
	if (packet->local.any.sa_family == AF_INET) {
		v4.ipi_spec_dst = packet->local.v4.sin_addr;
		h->msg_controllen = CMSG_SPACE(sizeof(v4));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(v4));
		memcpy(CMSG_DATA(c), &v4, sizeof(v4));
	} else {
		v6.ipi6_addr = packet->local.v6.sin6_addr;
		v6.ipi6_ifindex = packet->local.v6.sin6_scope_id;
		h->msg_controllen = CMSG_SPACE(sizeof(v6));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(v6));
		memcpy(CMSG_DATA(c), &v6, sizeof(v6));
	}
}

/* Behind the address, so that it can be left out again. */
static void
write_run_control(struct msghdr *h, union control *control)
{
	const uint16_t  size = (uint16_t)h->msg_iov[0].iov_len;
	struct cmsghdr *c;

	h->msg_control = control;
	c = (struct cmsghdr *)(control->bytes + h->msg_controllen);
	h->msg_controllen += RUN_CONTROL;
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
}

/* Whether it goes on where the last message ends. */
static bool
joins_run(const struct outgoing *out, const struct packet *before,
    const struct packet *packet)
{
	const struct msghdr *h = &out->msgs[out->messages - 1].msg_hdr;
	const size_t         size = h->msg_iov[0].iov_len;

	return h->msg_iov[h->msg_iovlen - 1].iov_len == size &&
	    packet->len > 0 && packet->len <= size &&
	    out->run_bytes + packet->len <= RUN_BYTES_MAX &&
	    packet_addr_equal(&packet->remote, &before->remote) &&
	    packet_addr_equal(&packet->local, &before->local);
}

static void
outgoing_add(struct outgoing *out, const struct packet *before,
    struct packet *packet, bool segments)
{
	struct iovec  *iov = &out->iov[out->packets++];
	union control *control;
	struct msghdr *h;

	iov->iov_base = packet->bytes;
	iov->iov_len = packet->len;
	if (segments && before && joins_run(out, before, packet)) {
		h = &out->msgs[out->messages - 1].msg_hdr;
		if (h->msg_iovlen++ == 1)
			write_run_control(h, &out->control[out->messages - 1]);
		out->run_bytes += packet->len;
		return;
	}
	h = &out->msgs[out->messages].msg_hdr;
	control = &out->control[out->messages++];
	out->run_bytes = packet->len;
	memset(control, 0, sizeof(*control));
	*h = (struct msghdr) {
		.msg_name = &packet->remote,
		.msg_namelen = packet_addr_len(&packet->remote),
		.msg_iov = iov,
		.msg_iovlen = 1,
	};
	write_control(h, control, packet);
}

static void
count_sent(struct media_socket *s, const struct mmsghdr *m)
{
	s->stats.messages_out++;
	s->stats.packets_out += m->msg_hdr.msg_iovlen;
	s->stats.bytes_out += m->msg_len;
}

/* A run that the kernel or the device refused as such, packet by packet. */
static void
send_apart(struct media_socket *s, int fd, const struct msghdr *run)
{
	struct mmsghdr m = { .msg_hdr = *run };
	struct iovec  *iov = run->msg_iov;

	m.msg_hdr.msg_iovlen = 1;
	m.msg_hdr.msg_controllen -= RUN_CONTROL;
	for (size_t i = 0; i < run->msg_iovlen; i++) {
		m.msg_hdr.msg_iov = &iov[i];
		if (sendmmsg(fd, &m, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
			count_sent(s, &m);
		else
			s->stats.dropped++;
	}
}

static void
send_all(struct media_socket *s, int fd, struct outgoing *out)
{
	unsigned done = 0;

	while (done < out->messages) {
		const int n = sendmmsg(fd, out->msgs + done,
		    out->messages - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		const struct msghdr *first = &out->msgs[done].msg_hdr;

		if (n > 0) {
			for (unsigned i = 0; i < (unsigned)n; i++)
				count_sent(s, &out->msgs[done + i]);
			done += (unsigned)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS) {
			for (; done < out->messages; done++)
				s->stats.dropped +=
				    out->msgs[done].msg_hdr.msg_iovlen;
		} else if (errno != EINTR && first->msg_iovlen > 1) {
			send_apart(s, fd, first);
			done++;
		} else if (errno != EINTR) {
			s->stats.dropped++;	/* this one, not the rest */
			done++;
		}
	}
}

/* Those that wait for this family. */
static void
flush_family(struct media_socket *s, int family, const struct side *side)
{
	const struct packet *before = NULL;
	struct outgoing      out;

	out.messages = out.packets = 0;
	for (unsigned i = 0; i < s->waiting_count; i++) {
		struct packet *packet = s->waiting[i];

		if (packet->remote.any.sa_family != family)
			continue;
		outgoing_add(&out, before, packet, side->segments);
		before = packet;
	}
	if (side->fd < 0)
		s->stats.dropped += out.packets;
	else
		send_all(s, side->fd, &out);
}

void
media_socket_flush(struct media_socket *s)
{
	if (s->waiting_count == 0)
		return;
	flush_family(s, AF_INET, &s->v4);
	flush_family(s, AF_INET6, &s->v6);
	for (unsigned i = 0; i < s->waiting_count; i++)
		packet_free(&s->waiting[i]);
	s->waiting_count = 0;
}

void
media_socket_send(struct media_socket *s, struct packet *packet)
{
	s->waiting[s->waiting_count++] = packet;
	if (s->waiting_count == WAITING)
		media_socket_flush(s);
}

/* ---- setting up ---------------------------------------------------------- */

/* Kernels before 4.18 do not, and would send a run as one datagram. */
static bool
knows_segments(int fd)
{
	int       size;
	socklen_t len = sizeof(size);

	return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &len) == 0;
}

static int
side_open(struct side *side, struct media_socket *s, struct event_base *base,
    int fd)
{
	side->fd = fd;
	if (fd < 0)
		return 0;
	side->segments = knows_segments(fd);
	side->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable,
	    side);
	if (side->readable == NULL || event_add(side->readable, NULL))
		return -ENOMEM;
	side->owner = s;
	return 0;
}

static void
side_close(struct side *side)
{
	if (side->readable)
		event_free(side->readable);
	for (unsigned i = 0; i < BATCH; i++)
		packet_free(&side->ready[i]);
	if (side->fd >= 0)
		close(side->fd);
}

int
media_socket_new(struct media_socket **out, struct event_base *base, int fd4,
    int fd6, struct packet_pool *pool,
    const struct media_socket_handler *handler)
{
	struct media_socket *s = xcalloc(1, sizeof(*s));
	int                  err4, err6;

	s->pool = pool;
	s->handler = *handler;
	err4 = side_open(&s->v4, s, base, fd4);
	err6 = side_open(&s->v6, s, base, fd6);
	if (err4 || err6) {
		/* The descriptors stay the caller's. */
		s->v4.fd = s->v6.fd = -1;
		media_socket_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void
media_socket_free(struct media_socket *s)
{
	if (s == NULL)
		return;
	media_socket_flush(s);
	side_close(&s->v4);
	side_close(&s->v6);
	free(s);
}

const struct media_socket_stats *
media_socket_stats(const struct media_socket *s)
{
	return &s->stats;
}
