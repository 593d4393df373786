/*
 * Sends what a stranger on the path would: SRTP of somebody else, forged or
 * replayed, from his own address, at a rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * usage: attacker FIRST LAST forged|replayed COUNT PACKETS_PER_SECOND
 *
 * FIRST to LAST are the server's ports, by IPv4 on loopback: the first whose
 * RTP is seen on its way there is the victim. Needs raw sockets, so a namespace of its own
 * (tests/harness/netns.sh). Prints what it did as key=value.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

#define KEPT_MAX   512
#define PACKET_MAX 1600
#define BATCH      64
#define HEAD       (sizeof(struct iphdr) + sizeof(struct udphdr))
#define LISTEN_US  15000000
#define AHEAD      2000		/* sequences that are not used yet */

/* Datagrams of the victim, with their IP and UDP headers. */
struct kept {
	unsigned count;
	uint32_t address;		/* as on the wire */
	uint16_t port, to;		/* likewise */
	uint16_t sequence;		/* highest */
	struct { size_t len; uint8_t bytes[PACKET_MAX]; } packets[KEPT_MAX];
};

static void
die(const char *what)
{
	fprintf(stderr, "attacker: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* RFC 5761, 4: neither STUN nor DTLS nor RTCP. */
static bool
is_rtp(const uint8_t *payload)
{
	const unsigned type = payload[1] & 0x7f;

	return payload[0] >> 6 == 2 && (type < 64 || type > 95);
}

/* `bytes` begin with the IP header. */
static void
keep(struct kept *kept, const uint8_t *bytes, size_t len, unsigned first,
    unsigned last)
{
	struct iphdr  ip;
	struct udphdr udp;
	uint16_t      sequence;

	if (len < HEAD + 12 || len > PACKET_MAX)
		return;
	memcpy(&ip, bytes, sizeof(ip));
	memcpy(&udp, bytes + sizeof(ip), sizeof(udp));
	if (ip.ihl != 5 || ip.protocol != IPPROTO_UDP ||
	    ntohs(udp.dest) < first || ntohs(udp.dest) > last ||
	    !is_rtp(bytes + HEAD))
		return;
	if (kept->count == 0) {
		kept->address = ip.saddr;
		kept->port = udp.source;
		kept->to = udp.dest;
	} else if (ip.saddr != kept->address || udp.source != kept->port ||
	    udp.dest != kept->to) {
		return;
	}
	sequence = (uint16_t)(bytes[HEAD + 2] << 8 | bytes[HEAD + 3]);
	if (kept->count == 0 || (int16_t)(sequence - kept->sequence) > 0)
		kept->sequence = sequence;
	kept->packets[kept->count].len = len;
	memcpy(kept->packets[kept->count++].bytes, bytes, len);
}

static void
listen_to(struct kept *kept, unsigned first, unsigned last)
{
	const struct timeval wait = { 1, 0 };
	const int            fd = socket(AF_PACKET, SOCK_DGRAM,
	    htons(ETH_P_IP));
	const int64_t        end_us = clock_monotonic_us() + LISTEN_US;
	struct sockaddr_ll   at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("lo") };
	uint8_t              bytes[2 * PACKET_MAX];

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0)
		die("cannot listen");
	while (kept->count < KEPT_MAX && clock_monotonic_us() < end_us) {
		socklen_t     len = sizeof(at);
		const ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0,
		    (struct sockaddr *)&at, &len);

		/* A socket of one protocol sees what comes, not what goes. */
		if (n > 0 && at.sll_pkttype == PACKET_HOST)
			keep(kept, bytes, (size_t)n, first, last);
	}
	close(fd);
	if (kept->count == 0) {
		errno = ENODATA;
		die("heard nobody");
	}
}

/* A sequence that may come, so that its tag must be looked at. */
static void
forge(uint8_t *bytes, size_t len, uint16_t sequence)
{
	bytes[HEAD + 2] = (uint8_t)(sequence >> 8);
	bytes[HEAD + 3] = (uint8_t)sequence;
	bytes[len - 1] ^= 0x5a;
}

static void
pause_until(int64_t due_us)
{
	const int64_t   us = due_us - clock_monotonic_us();
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&t, NULL);
}

static unsigned
send_batch(int fd, struct kept *kept, unsigned from, unsigned count,
    bool forged)
{
	static uint8_t     bytes[BATCH][PACKET_MAX];
	struct mmsghdr     msgs[BATCH] = { 0 };
	struct iovec       iov[BATCH];
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int                n;

	for (unsigned i = 0; i < count; i++) {
		const unsigned which = (from + i) % kept->count;
		const size_t   len = kept->packets[which].len;

		memcpy(bytes[i], kept->packets[which].bytes, len);
		memset(bytes[i] + HEAD - 2, 0, 2);	/* no checksum */
		if (forged)
			forge(bytes[i], len, (uint16_t)(kept->sequence + 1 +
			    (from + i) % AHEAD));
		memcpy(&to.sin_addr, bytes[i] + 16, 4);
		iov[i] = (struct iovec){ bytes[i], len };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &to,
			.msg_namelen = sizeof(to), .msg_iov = &iov[i],
			.msg_iovlen = 1 };
	}
	n = sendmmsg(fd, msgs, count, 0);
	return n > 0 ? (unsigned)n : 0;
}

static unsigned long
number(const char *text)
{
	char               *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (n == 0 || *end != '\0' || n > 100000000) {
		errno = EINVAL;
		die(text);
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct kept  *kept = calloc(1, sizeof(*kept));
	const int     fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	unsigned long count, rate, tried = 0, sent = 0;
	int64_t       start_us;
	double        seconds;
	bool          forged;

	if (argc != 6) {
		fprintf(stderr, "usage: attacker FIRST LAST forged|replayed "
		    "COUNT PACKETS_PER_SECOND\n");
		return 2;
	}
	if (kept == NULL || fd < 0)
		die("cannot begin");
	forged = strcmp(argv[3], "forged") == 0;
	count = number(argv[4]);
	rate = number(argv[5]);
	listen_to(kept, (unsigned)number(argv[1]), (unsigned)number(argv[2]));
	start_us = clock_monotonic_us();
	while (tried < count) {
		const unsigned n = count - tried < BATCH ?
		    (unsigned)(count - tried) : BATCH;

		pause_until(start_us + (int64_t)(tried * 1000000 / rate));
		sent += send_batch(fd, kept, (unsigned)tried, n, forged);
		tried += n;
	}
	seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("kept=%u sent=%lu seconds=%.3f pps=%.0f\n", kept->count, sent,
	    seconds, (double)sent / seconds);
	close(fd);
	free(kept);
	return sent == count ? 0 : 1;
}
