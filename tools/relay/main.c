/*
 * udprelay: a bad line between clients and a server.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/signalfd.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/relay_flows.h"
#include "relay/relay_line.h"
#include "util/clock.h"
#include "util/xalloc.h"

#define STEPS_MAX    512
#define BATCH        64		/* datagrams of a socket before the next one */
#define DATAGRAM_MAX 65536
#define FIXED_FDS    3		/* signals, standard input, listening */

struct side {
	struct relay_line    *line;
	struct relay_settings settings;
};

struct relay {
	union relay_address listen, server;
	uint64_t            seed;
	int64_t             every_us;		/* 0: no reports by time */
	bool                control;
	struct relay_step   steps[STEPS_MAX];	/* by time */
	unsigned            step_count, step_next;
	struct side         up, down;
	struct relay_flows  flows;
	int                 signal_fd;
	int64_t             start_us, report_us;
	char                input[1024];
	size_t              input_len;
	bool                over;
	uint8_t             bytes[DATAGRAM_MAX];
};

static const char usage[] =
"usage: udprelay --to ADDRESS:PORT [options]\n"
"\n"
"Stands between clients and a server as a bad line does: clients send to the\n"
"relay, it sends to the server, each client from a port of its own, and what\n"
"the server answers goes back. All clients share the line, as in one house.\n"
"\n"
"  --to ADDRESS:PORT      the server; [ADDRESS]:PORT for IPv6\n"
"  --listen ADDRESS:PORT  where clients send to (127.0.0.1:0, any port)\n"
"  --up WORDS             what happens on the way to the server\n"
"  --down WORDS           what happens on the way back\n"
"  --both WORDS           both\n"
"  --script FILE          changes to come, see below\n"
"  --control              take lines of a script on standard input as well,\n"
"                         and end when it ends\n"
"  --every MS             report each so many milliseconds\n"
"  --seed N               of all chance (1)\n"
"\n"
"WORDS are pairs of a key and a number: --down \"loss 20 burst 3 delay 50\"\n"
"  loss PERCENT           of packets\n"
"  burst N                mean number of packets lost in a row by one loss;\n"
"                         1 (default): each packet by itself\n"
"  delay MS               of each packet\n"
"  jitter MS              more delay, evenly between 0 and this\n"
"  jitter-normal MS       more delay, half a bell: 95 % are below this, none\n"
"                         above twice this\n"
"  reorder PERCENT        of packets are held and overtaken\n"
"  reorder-by MS          for so long (40)\n"
"  duplicate PERCENT      of packets come twice\n"
"  corrupt PERCENT        of packets have a bit flipped\n"
"  rate KBIT              a second, IP and UDP headers included; 0: no bound\n"
"  bucket BYTES           that may pass at once after a pause (1500)\n"
"  queue MS               what waits for the rate, in milliseconds of it\n"
"                         (500); more is dropped\n"
"  queue-bytes BYTES      the same in bytes\n"
"  mtu BYTES              larger IP packets vanish; 0: none\n"
"  blackout SECONDS       nothing gets through for so long, from now on\n"
"Jitter keeps the order: packets that come within 20 ms share one draw, and a\n"
"packet never leaves before one that came before. Loss comes before the rate.\n"
"\n"
"A line of a script is WHERE WORDS, rebind, report or reset; WHERE is up, down\n"
"or both. t=SECONDS before it says when, since the start; # begins a comment:\n"
"  t=30 down rate 300\n"
"  t=60 both blackout 10\n"
"  t=90 rebind            the server sees all clients come from other ports\n"
"reset sets all counts to 0, report prints them.\n"
"\n"
"The first line of output says where the relay listens, each other one is a\n"
"report, all of them JSON: at the end (SIGTERM, SIGINT), on SIGUSR1, each\n"
"--every. Counts of a direction: packets and bytes that came, sent and\n"
"sent_bytes that went on (both without headers); dropped by reason (loss,\n"
"queue, mtu, blackout, memory); duplicated, corrupted, reordered; queue_ms: how\n"
"long packets waited for the rate (now, p50, p95, max).\n";

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "udprelay: %s: %s\n", what, why);
	exit(2);
}

/* ---- steps --------------------------------------------------------------- */

static void
side_change(struct side *side, const char *words, int64_t now_us)
{
	char why[128];

	if (relay_settings_take(&side->settings, words, why, sizeof(why)))
		relay_line_set(side->line, &side->settings, now_us);
}

static void
report_side(const struct side *side, const char *name, int64_t now_us)
{
	const struct relay_counts *n = relay_line_counts(side->line);

	printf(",\"%s\":{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64
	    ",\"sent\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"dropped\":{"
	    "\"loss\":%" PRIu64 ",\"queue\":%" PRIu64 ",\"mtu\":%" PRIu64
	    ",\"blackout\":%" PRIu64 ",\"memory\":%" PRIu64 "}"
	    ",\"duplicated\":%" PRIu64 ",\"corrupted\":%" PRIu64
	    ",\"reordered\":%" PRIu64, name, n->packets, n->bytes, n->sent,
	    n->sent_bytes, n->lost, n->over_queue, n->over_mtu,
	    n->in_blackout, n->over_memory, n->duplicated, n->corrupted,
	    n->reordered);
	printf(",\"queue_ms\":{\"now\":%.1f,\"p50\":%.0f,\"p95\":%.0f,"
	    "\"max\":%.1f}}",
	    (double)relay_line_backlog_us(side->line, now_us) / 1e3,
	    (double)relay_line_wait_us(side->line, 0.5) / 1e3,
	    (double)relay_line_wait_us(side->line, 0.95) / 1e3,
	    (double)relay_line_wait_us(side->line, 1) / 1e3);
}

static void
report(const struct relay *r, int64_t now_us)
{
	printf("{\"t_ms\":%" PRId64 ",\"flows\":%u,\"rebinds\":%u",
	    (now_us - r->start_us) / 1000, relay_flows_alive(&r->flows),
	    r->flows.rebinds);
	report_side(&r->up, "up", now_us);
	report_side(&r->down, "down", now_us);
	printf("}\n");
	fflush(stdout);
}

static void
step_do(struct relay *r, const struct relay_step *step, int64_t now_us)
{
	switch (step->deed) {
	case RELAY_SET:
		if (step->up)
			side_change(&r->up, step->words, now_us);
		if (step->down)
			side_change(&r->down, step->words, now_us);
		break;
	case RELAY_REBIND:
		relay_flows_rebind(&r->flows);
		break;
	case RELAY_REPORT:
		report(r, now_us);
		break;
	case RELAY_RESET:
		relay_line_reset(r->up.line);
		relay_line_reset(r->down.line);
		break;
	}
}

/* Into its place by time, behind those of the same time. */
static bool
step_add(struct relay *r, const struct relay_step *step)
{
	unsigned i = r->step_count;

	if (r->step_count == STEPS_MAX)
		return false;
	while (i > r->step_next && r->steps[i - 1].at_us > step->at_us) {
		r->steps[i] = r->steps[i - 1];
		i--;
	}
	r->steps[i] = *step;
	r->step_count++;
	return true;
}

static int64_t
steps_do(struct relay *r, int64_t now_us)
{
	while (r->step_next < r->step_count) {
		const struct relay_step *step = &r->steps[r->step_next];

		if (r->start_us + step->at_us > now_us)
			return r->start_us + step->at_us;
		step_do(r, step, now_us);
		r->step_next++;
	}
	r->step_next = r->step_count = 0;
	return INT64_MAX;
}

/* ---- input --------------------------------------------------------------- */

static void
input_line(struct relay *r, const char *line)
{
	struct relay_step step;
	char              why[128];
	const int         found = relay_step_parse(&step, line, why,
	    sizeof(why));

	if (found < 0)
		fprintf(stderr, "udprelay: %s\n", why);
	else if (found > 0 && !step_add(r, &step))
		fprintf(stderr, "udprelay: too many steps\n");
}

static void
input_read(struct relay *r)
{
	const ssize_t got = read(STDIN_FILENO, r->input + r->input_len,
	    sizeof(r->input) - 1 - r->input_len);
	char         *line = r->input, *end;

	if (got <= 0) {
		r->over = true;
		return;
	}
	r->input_len += (size_t)got;
	r->input[r->input_len] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		input_line(r, line);
		line = end + 1;
	}
	r->input_len -= (size_t)(line - r->input);
	memmove(r->input, line, r->input_len);
	if (r->input_len == sizeof(r->input) - 1) {
		fprintf(stderr, "udprelay: a line is too long\n");
		r->input_len = 0;
	}
}

static void
signal_read(struct relay *r, int64_t now_us)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1)
		report(r, now_us);
	else
		r->over = true;
}

/* ---- datagrams ----------------------------------------------------------- */

static void
receive_from_clients(struct relay *r)
{
	for (int i = 0; i < BATCH; i++) {
		union relay_address client = { 0 };
		socklen_t           len = sizeof(client);
		const ssize_t       got = recvfrom(r->flows.listen_fd,
		    r->bytes, sizeof(r->bytes), 0, &client.any, &len);
		int64_t             now_us;
		int                 flow;

		if (got < 0)
			return;
		now_us = clock_monotonic_us();
		flow = relay_flows_find(&r->flows, &client, now_us);
		if (flow >= 0)
			relay_line_push(r->up.line, (unsigned)flow, r->bytes,
			    (size_t)got, now_us);
	}
}

static void
receive_from_server(struct relay *r, unsigned flow)
{
	for (int i = 0; i < BATCH; i++) {
		const ssize_t got = recv(r->flows.flow[flow].fd, r->bytes,
		    sizeof(r->bytes), 0);

		/* An error may be of an earlier send: nobody listens there. */
		if (got < 0)
			return;
		relay_line_push(r->down.line, flow, r->bytes, (size_t)got,
		    clock_monotonic_us());
	}
}

static void
send_due(struct relay *r)
{
	const int64_t        now_us = clock_monotonic_us();
	struct relay_packet *packet;

	while ((packet = relay_line_pull(r->up.line, now_us)) != NULL) {
		const int fd = r->flows.flow[packet->flow].fd;

		if (fd >= 0)
			(void)!send(fd, packet->bytes, packet->len, 0);
		free(packet);
	}
	while ((packet = relay_line_pull(r->down.line, now_us)) != NULL) {
		const union relay_address *client =
		    &r->flows.flow[packet->flow].client;

		(void)!sendto(r->flows.listen_fd, packet->bytes, packet->len,
		    0, &client->any, relay_address_len(client));
		free(packet);
	}
}

/* ---- the loop ------------------------------------------------------------ */

static void
wait_for(struct pollfd *fds, nfds_t count, int64_t next_us)
{
	const int64_t   left_us = next_us - clock_monotonic_us();
	struct timespec timeout = { 0 };

	if (left_us > 0) {
		timeout.tv_sec = left_us / 1000000;
		timeout.tv_nsec = left_us % 1000000 * 1000;
	}
	ppoll(fds, count, next_us == INT64_MAX ? NULL : &timeout, NULL);
}

static int64_t
relay_next_us(struct relay *r, int64_t now_us)
{
	int64_t next_us = steps_do(r, now_us);
	int64_t due_us;

	if (r->every_us > 0 && now_us >= r->report_us) {
		report(r, now_us);
		relay_flows_forget(&r->flows, now_us);
		r->report_us += r->every_us *
		    ((now_us - r->report_us) / r->every_us + 1);
	}
	if (r->every_us > 0 && r->report_us < next_us)
		next_us = r->report_us;
	due_us = relay_line_next_us(r->up.line, now_us);
	if (due_us < next_us)
		next_us = due_us;
	due_us = relay_line_next_us(r->down.line, now_us);
	return due_us < next_us ? due_us : next_us;
}

static void
relay_turn(struct relay *r)
{
	struct pollfd fds[FIXED_FDS + RELAY_FLOWS_MAX] = {
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->control ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = r->flows.listen_fd, .events = POLLIN },
	};
	const unsigned flows = r->flows.count;

	for (unsigned i = 0; i < flows; i++) {
		fds[FIXED_FDS + i].fd = r->flows.flow[i].fd;
		fds[FIXED_FDS + i].events = POLLIN;
	}
	wait_for(fds, FIXED_FDS + flows,
	    relay_next_us(r, clock_monotonic_us()));
	if (fds[0].revents)
		signal_read(r, clock_monotonic_us());
	if (fds[1].revents)
		input_read(r);
	for (unsigned i = 0; i < flows; i++)
		if (fds[FIXED_FDS + i].revents)
			receive_from_server(r, i);
	if (fds[2].revents)
		receive_from_clients(r);
	send_due(r);
}

static void
relay_run(struct relay *r)
{
	char     address[64];
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (r->signal_fd < 0)
		die("signalfd", strerror(errno));
	r->start_us = clock_monotonic_us();
	r->report_us = r->start_us + r->every_us;
	relay_line_set(r->up.line, &r->up.settings, r->start_us);
	relay_line_set(r->down.line, &r->down.settings, r->start_us);
	relay_address_print(&r->listen, address);
	printf("{\"listening\":\"%s\"}\n", address);
	fflush(stdout);
	while (!r->over)
		relay_turn(r);
	report(r, clock_monotonic_us());
	close(r->signal_fd);
}

/* ---- options ------------------------------------------------------------- */

static void
option_words(struct side *side, const char *option, const char *words)
{
	char why[128];

	if (!relay_settings_take(&side->settings, words, why, sizeof(why)))
		die(option, why);
}

static void
option_script(struct relay *r, const char *path)
{
	FILE    *file = fopen(path, "re");
	char     line[512], why[128], place[256];
	unsigned number = 0;

	if (file == NULL)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		struct relay_step step;
		const int         found = relay_step_parse(&step, line, why,
		    sizeof(why));

		snprintf(place, sizeof(place), "%s:%u", path, ++number);
		if (found < 0)
			die(place, why);
		if (found > 0 && !step_add(r, &step))
			die(place, "too many steps");
	}
	fclose(file);
}

static uint64_t
option_number(const char *option, const char *text, uint64_t least)
{
	char                    *end;
	const unsigned long long n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < least)
		die(option, "takes a number");
	return n;
}

static void
option_take(struct relay *r, int option, const char *text)
{
	switch (option) {
	case 't':
		if (relay_address_parse(&r->server, text) != 0)
			die("--to", "takes ADDRESS:PORT");
		break;
	case 'l':
		if (relay_address_parse(&r->listen, text) != 0)
			die("--listen", "takes ADDRESS:PORT");
		break;
	case 'u': option_words(&r->up, "--up", text); break;
	case 'd': option_words(&r->down, "--down", text); break;
	case 'b':
		option_words(&r->up, "--both", text);
		option_words(&r->down, "--both", text);
		break;
	case 's': option_script(r, text); break;
	case 'c': r->control = true; break;
	case 'e':
		r->every_us = (int64_t)option_number("--every", text, 1) *
		    1000;
		break;
	case 'n': r->seed = option_number("--seed", text, 0); break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fprintf(stderr, "udprelay --help says how it is called\n");
		exit(2);
	}
}

static void
options_parse(struct relay *r, int argc, char **argv)
{
	static const struct option known[] = {
		{ "to", required_argument, NULL, 't' },
		{ "listen", required_argument, NULL, 'l' },
		{ "up", required_argument, NULL, 'u' },
		{ "down", required_argument, NULL, 'd' },
		{ "both", required_argument, NULL, 'b' },
		{ "script", required_argument, NULL, 's' },
		{ "control", no_argument, NULL, 'c' },
		{ "every", required_argument, NULL, 'e' },
		{ "seed", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	r->seed = 1;
	relay_address_parse(&r->listen, "127.0.0.1:0");
	relay_settings_init(&r->up.settings);
	relay_settings_init(&r->down.settings);
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		option_take(r, option, optarg);
	if (optind != argc)
		die(argv[optind], "not an option");
	if (r->server.any.sa_family == 0)
		die("--to", "is needed");
}

int
main(int argc, char **argv)
{
	struct relay *r = xcalloc(1, sizeof(*r));
	int           err;

	options_parse(r, argc, argv);
	if (relay_line_new(&r->up.line, r->seed) != 0 ||
	    relay_line_new(&r->down.line, ~r->seed) != 0)
		die("memory", strerror(ENOMEM));
	err = relay_flows_init(&r->flows, &r->listen, &r->server);
	if (err)
		die("--listen", strerror(-err));
	relay_run(r);
	relay_flows_clear(&r->flows);
	relay_line_free(r->up.line);
	relay_line_free(r->down.line);
	free(r);
	return 0;
}
