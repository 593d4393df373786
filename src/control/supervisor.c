/*
 * Keeps spares ready, speaks with workers, ends those that are wrong.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/child.h"
#include "control/supervisor.h"
#include "ipc/channel.h"
#include "util/clock.h"

#define MISSED_MAX      5		/* PINGs without a PONG */
#define OUT_BYTES_MAX   (4 * 1024 * 1024)	/* queued to one worker */
#define READ_BATCH      32		/* messages before others have a turn */
#define FLOOD_MAX       4000		/* messages of one between two PINGs */
#define LOG_PER_S       20		/* lines of one worker */
#define OOM_SCORE       500		/* a room is ended before tesserad */
#define RETRY_MS        250		/* doubled with each failed start */
#define RETRY_MAX_MS    30000
#define END_WAIT_MS     2000		/* supervisor_free, for clean ends */

/* A message that waits for its socket. */
struct out_message {
	STAILQ_ENTRY(out_message) entry;
	uint16_t type;
	size_t   body_len;
	uint8_t  body[];
};

struct worker {
	TAILQ_ENTRY(worker) entry;
	struct supervisor  *sup;
	struct log          log;
	struct child        child;
	int                 channel;
	unsigned            state;		/* enum ipc_state */
	bool                ending;		/* killed or at its end */
	bool                counted;		/* its end is in the counts */
	struct worker_handler    handler;	/* of a room; else zeros */
	struct resources_sockets sockets;	/* until CONFIG takes them */
	struct event       *readable, *writable, *exited;
	STAILQ_HEAD(, out_message) out;
	size_t              out_bytes;
	uint64_t            pings, pongs;	/* sent, answered */
	unsigned            received;		/* since the last PING */
	int64_t             deadline_us;	/* of this state; 0: none */
	struct log_limit    log_limit;
	uint8_t             fingerprint[32];
};

struct supervisor {
	struct event_base       *base;
	struct supervisor_config config;
	struct log               log;
	TAILQ_HEAD(, worker)     workers;
	struct event            *tick, *refill;
	unsigned                 failures;	/* spares lost in a row */
	uint16_t                 next_port;
	void                   (*on_ready)(void *to);
	void                    *on_ready_to;
	struct supervisor_counts counts;	/* gauges are made on demand */
	struct ipc_message       message;	/* being handled */
};

static struct timeval
timeval_of_ms(unsigned ms)
{
	return (struct timeval){
		.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L,
	};
}

/* ---- the end of a worker ------------------------------------------------ */

/* No word is exchanged any more; the process may still be there. */
static void
close_channel(struct worker *w)
{
	struct out_message *m;

	if (w->readable)
		event_free(w->readable);
	if (w->writable)
		event_free(w->writable);
	w->readable = w->writable = NULL;
	if (w->channel >= 0)
		close(w->channel);
	w->channel = -1;
	while ((m = STAILQ_FIRST(&w->out)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->out, entry);
		free(m);
	}
	w->out_bytes = 0;
}

/* Ends it; on_gone comes when the process has been reaped. */
static void
worker_kill(struct worker *w)
{
	w->ending = true;
	close_channel(w);
	child_signal(&w->child, SIGKILL);
}

static void
kill_wrong(struct worker *w, const char *what, uint16_t type)
{
	if (w->ending)
		return;
	log_warn(&w->log, "killed: %s (%s, %u)", what, ipc_type_name(type),
	    type);
	w->sup->counts.wrong++;
	w->counted = true;
	worker_kill(w);
}

static void
kill_silent(struct worker *w, const char *what)
{
	log_warn(&w->log, "killed: %s", what);
	w->sup->counts.silent++;
	w->counted = true;
	worker_kill(w);
}

static void
worker_free(struct worker *w)
{
	close_channel(w);
	if (w->exited)
		event_free(w->exited);
	resources_close(&w->sockets);
	TAILQ_REMOVE(&w->sup->workers, w, entry);
	free(w);
}

/* ---- keeping spares ----------------------------------------------------- */

static unsigned
count_state(const struct supervisor *sup, unsigned states)
{
	const struct worker *w;
	unsigned             count = 0;

	TAILQ_FOREACH(w, &sup->workers, entry)
		count += (w->state & states) != 0 && !w->ending;
	return count;
}

/* Looks for missing spares, after a pause when the last ones failed. */
static void
schedule_refill(struct supervisor *sup)
{
	unsigned       ms = 0;
	struct timeval tv;

	if (sup->failures)
		ms = RETRY_MS << (sup->failures < 8 ? sup->failures - 1 : 7);
	tv = timeval_of_ms(ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
	if (!evtimer_pending(sup->refill, NULL))
		evtimer_add(sup->refill, &tv);
}

/* ---- sending ------------------------------------------------------------ */

static int
queue_message(struct worker *w, uint16_t type, const uint8_t *body,
    size_t body_len)
{
	struct out_message *m;

	if (w->out_bytes + body_len + sizeof(*m) > OUT_BYTES_MAX) {
		kill_silent(w, "it does not read its channel");
		return -ENOBUFS;
	}
	m = malloc(sizeof(*m) + body_len);
	if (m == NULL)
		return -ENOMEM;
	m->type = type;
	m->body_len = body_len;
	if (body_len)
		memcpy(m->body, body, body_len);
	STAILQ_INSERT_TAIL(&w->out, m, entry);
	w->out_bytes += body_len + sizeof(*m);
	event_add(w->writable, NULL);
	return 0;
}

/* Sends now, or queues behind what waits already. */
static int
send_message(struct worker *w, uint16_t type, const uint8_t *body,
    size_t body_len)
{
	int err;

	if (w->ending)
		return -EPIPE;
	if (!STAILQ_EMPTY(&w->out))
		return queue_message(w, type, body, body_len);
	err = channel_send(w->channel, type, body, body_len, NULL, 0);
	if (err == -EAGAIN || err == -ENOBUFS)
		return queue_message(w, type, body, body_len);
	return err;
}

static void
on_writable(evutil_socket_t fd, short what, void *to)
{
	struct worker      *w = to;
	struct out_message *m;

	(void)fd;
	(void)what;
	while ((m = STAILQ_FIRST(&w->out)) != NULL) {
		const int err = channel_send(w->channel, m->type, m->body,
		    m->body_len, NULL, 0);

		if (err == -EAGAIN || err == -ENOBUFS) {
			event_add(w->writable, NULL);
			return;
		}
		/* Of an end of the other side the read event tells. */
		STAILQ_REMOVE_HEAD(&w->out, entry);
		w->out_bytes -= m->body_len + sizeof(*m);
		free(m);
	}
}

/* ---- receiving ---------------------------------------------------------- */

static int
send_config(struct worker *w)
{
	struct ipc_config config = w->sup->config.room;
	const bool        v6 = w->sockets.fds[1] >= 0;
	uint8_t           body[512];
	size_t            len;
	int               err;

	config.has_v4 = 1;
	config.has_v6 = v6;
	config.udp_port = w->sockets.port;
	config.address_count = (uint16_t)resources_addresses(config.addresses,
	    &w->sup->config.resources);
	len = ipc_config_write(body, sizeof(body), &config);
	if (len == 0)
		return -EINVAL;
	err = channel_send(w->channel, IPC_CONFIG, body, len, w->sockets.fds,
	    v6 ? 2 : 1);
	resources_close(&w->sockets);
	return err;
}

static int
on_hello(struct worker *w, const struct ipc_message *message)
{
	struct ipc_hello hello;
	int              err;

	err = ipc_hello_parse(&hello, message->body, message->body_len);
	if (err)
		return err;
	if (hello.pid != (uint32_t)w->child.pid)
		return -EBADMSG;
	w->state = IPC_IN_PREPARE;
	err = send_config(w);
	if (err) {
		log_error(&w->log, "cannot send its configuration: %s",
		    strerror(-err));
		worker_kill(w);
	}
	return 0;
}

static int
on_ready(struct worker *w, const struct ipc_message *message)
{
	struct supervisor *sup = w->sup;
	struct ipc_ready   ready;
	int                err;

	err = ipc_ready_parse(&ready, message->body, message->body_len);
	if (err)
		return err;
	memcpy(w->fingerprint, ready.fingerprint, sizeof(w->fingerprint));
	w->state = IPC_IN_SPARE;
	w->deadline_us = 0;
	log_debug(&w->log, "ready");
	if (sup->on_ready)
		sup->on_ready(sup->on_ready_to);
	return 0;
}

static int
on_log(struct worker *w, const struct ipc_message *message)
{
	char           text[IPC_LOG_MAX + 1];
	struct ipc_log line;
	unsigned       missed;
	int            err;

	err = ipc_log_parse(&line, message->body, message->body_len);
	if (err)
		return err;
	if (!log_limit_pass(&w->log_limit, clock_monotonic_us(), LOG_PER_S,
	    &missed))
		return 0;
	if (missed)
		log_warn(&w->log, "%u lines were held back", missed);
	memcpy(text, line.text, line.text_len);
	text[line.text_len] = '\0';
	switch (line.level) {
	case LOG_ERROR:
		log_error(&w->log, "%s", text);
		break;
	case LOG_WARN:
		log_warn(&w->log, "%s", text);
		break;
	case LOG_INFO:
		log_info(&w->log, "%s", text);
		break;
	default:
		log_debug(&w->log, "%s", text);
	}
	return 0;
}

/* Tokens count up, so an answer to what was not asked shows. */
static int
on_pong(struct worker *w, const struct ipc_message *message)
{
	struct ipc_ping pong;
	int             err;

	err = ipc_ping_parse(&pong, message->body, message->body_len);
	if (err)
		return err;
	if (pong.token <= w->pongs || pong.token > w->pings)
		return -EBADMSG;
	w->pongs = pong.token;
	return 0;
}

static int
dispatch(struct worker *w, const struct ipc_message *message)
{
	switch (message->type) {
	case IPC_HELLO:
		return on_hello(w, message);
	case IPC_READY:
		return on_ready(w, message);
	case IPC_LOG:
		return on_log(w, message);
	case IPC_PONG:
		return on_pong(w, message);
	default:
		if (w->handler.on_message == NULL)
			return 0;	/* a spare's STATS, a closing room */
		return w->handler.on_message(w->handler.to, message->type,
		    message->body, message->body_len);
	}
}

/* False when there is nothing more to read now, or ever. */
static bool
receive_one(struct worker *w)
{
	struct ipc_message *message = &w->sup->message;
	int                 err;

	err = channel_receive(w->channel, message);
	if (err == -EAGAIN)
		return false;
	if (err == -EBADMSG) {
		kill_wrong(w, "a malformed message", IPC_NONE);
		return false;
	}
	if (err) {	/* its end; a closing one has until its deadline */
		if (w->state == IPC_IN_CLOSE)
			close_channel(w);
		else
			worker_kill(w);
		return false;
	}
	/* The catalogue lets no descriptor come up. */
	if (!ipc_up_allowed(message->type, message->body_len,
	    message->fd_count, w->state)) {
		channel_close_fds(message);
		kill_wrong(w, "a message that may not come now",
		    message->type);
		return false;
	}
	if (++w->received > FLOOD_MAX) {
		kill_wrong(w, "a flood of messages", message->type);
		return false;
	}
	if (dispatch(w, message) != 0) {
		kill_wrong(w, "a wrong message", message->type);
		return false;
	}
	return !w->ending;
}

static void
on_readable(evutil_socket_t fd, short what, void *to)
{
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < READ_BATCH; i++) {
		if (!receive_one(to))
			return;
	}
}

/* Reaps it, and says how it ended when nobody asked for that. */
static void
note_end(struct worker *w)
{
	const int status = child_reap(&w->child);
	char      how[48];

	child_describe(how, sizeof(how), status);
	if (w->state == IPC_IN_CLOSE || w->counted) {
		log_debug(&w->log, "ended: %s", how);
		return;
	}
	w->sup->counts.died++;
	if (w->state == IPC_IN_START && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 127)
		log_error(&w->log, "cannot run %s", w->sup->config.program);
	else
		log_error(&w->log, "ended by itself: %s", how);
}

static void
on_exited(evutil_socket_t fd, short what, void *to)
{
	struct worker     *w = to;
	struct supervisor *sup = w->sup;

	(void)fd;
	(void)what;
	/* What it said before its end still counts; its queue is finite. */
	while (w->channel >= 0 && receive_one(w))
		continue;
	w->ending = true;
	note_end(w);
	if (w->state < IPC_IN_ROOM)
		sup->failures++;
	if (w->handler.on_gone)
		w->handler.on_gone(w->handler.to);
	worker_free(w);
	schedule_refill(sup);
}

/* ---- starting ----------------------------------------------------------- */

static int
make_events(struct worker *w)
{
	struct event_base *base = w->sup->base;

	w->readable = event_new(base, w->channel, EV_READ | EV_PERSIST,
	    on_readable, w);
	w->writable = event_new(base, w->channel, EV_WRITE, on_writable, w);
	w->exited = event_new(base, w->child.pidfd, EV_READ, on_exited, w);
	if (!w->readable || !w->writable || !w->exited)
		return -ENOMEM;
	if (event_add(w->readable, NULL) != 0 ||
	    event_add(w->exited, NULL) != 0)
		return -ENOMEM;
	return 0;
}

static int
spawn(struct worker *w, const char *program)
{
	char *const argv[] = { (char *)(uintptr_t)"tessera-room", NULL };
	int         ends[2], err;

	err = channel_pair(ends);
	if (err)
		return err;
	err = child_spawn(&w->child, program, argv, ends[1], OOM_SCORE);
	close(ends[1]);
	if (err)
		close(ends[0]);
	else
		w->channel = ends[0];
	return err;
}

static int
start_worker(struct supervisor *sup)
{
	struct worker *w = calloc(1, sizeof(*w));
	int            err;

	if (w == NULL)
		return -ENOMEM;
	w->sup = sup;
	w->state = IPC_IN_START;
	w->channel = w->child.pidfd = -1;
	w->sockets.fds[0] = w->sockets.fds[1] = -1;
	STAILQ_INIT(&w->out);
	TAILQ_INSERT_TAIL(&sup->workers, w, entry);
	err = resources_bind(&w->sockets, &sup->config.resources,
	    &sup->next_port);
	if (err == 0)
		err = spawn(w, sup->config.program);
	if (err) {
		worker_free(w);
		return err;
	}
	sup->counts.started++;
	w->log = log_for(&sup->log, "worker %d", (int)w->child.pid);
	w->deadline_us = clock_monotonic_us() + sup->config.start_ms * 1000LL;
	err = make_events(w);
	if (err) {
		child_signal(&w->child, SIGKILL);
		child_reap(&w->child);
		worker_free(w);
	}
	return err;
}

static void
on_refill(evutil_socket_t fd, short what, void *to)
{
	struct supervisor *sup = to;
	const unsigned     rooms = count_state(sup, IPC_IN_ROOM);
	unsigned           wanted = sup->config.rooms_max > rooms ?
	    sup->config.rooms_max - rooms : 0;
	unsigned           have;

	(void)fd;
	(void)what;
	if (wanted > sup->config.spares)
		wanted = sup->config.spares;
	have = count_state(sup, IPC_IN_START | IPC_IN_PREPARE | IPC_IN_SPARE);
	for (; have < wanted; have++) {
		const int err = start_worker(sup);

		if (err) {
			log_error(&sup->log, "cannot start a worker: %s",
			    err == -EADDRINUSE ? "no UDP port is free" :
			    strerror(-err));
			sup->failures++;
			schedule_refill(sup);
			return;
		}
	}
}

/* ---- watching ----------------------------------------------------------- */

static void
ping(struct worker *w)
{
	struct ipc_ping message = { w->pings + 1 };
	uint8_t         body[8];
	const size_t    len = ipc_ping_write(body, sizeof(body), &message);

	w->received = 0;
	if (send_message(w, IPC_PING, body, len) == 0)
		w->pings++;
}

static void
watch(struct worker *w, int64_t now_us)
{
	if (w->ending)
		return;
	if (w->deadline_us && now_us >= w->deadline_us)
		kill_silent(w, w->state == IPC_IN_CLOSE ?
		    "it did not end" : "it did not become ready");
	else if (w->pings - w->pongs >= MISSED_MAX)
		kill_silent(w, "it does not answer");
	else if (w->state & (IPC_IN_SPARE | IPC_IN_ROOM))
		ping(w);
}

static void
on_tick(evutil_socket_t fd, short what, void *to)
{
	struct supervisor *sup = to;
	const int64_t      now_us = clock_monotonic_us();
	struct worker     *w;

	(void)fd;
	(void)what;
	/* Killing only marks: the list changes in on_exited. */
	TAILQ_FOREACH(w, &sup->workers, entry)
		watch(w, now_us);
}

/* ---- what the header says ----------------------------------------------- */

int
supervisor_new(struct supervisor **out, struct event_base *base,
    const struct supervisor_config *config, const struct log *log)
{
	struct supervisor   *sup = calloc(1, sizeof(*sup));
	const struct timeval tick = timeval_of_ms(config->heartbeat_ms);

	*out = NULL;
	if (sup == NULL)
		return -ENOMEM;
	sup->base = base;
	sup->config = *config;
	sup->log = *log;
	TAILQ_INIT(&sup->workers);
	sup->refill = evtimer_new(base, on_refill, sup);
	sup->tick = event_new(base, -1, EV_PERSIST, on_tick, sup);
	if (sup->refill == NULL || sup->tick == NULL ||
	    event_add(sup->tick, &tick) != 0) {
		supervisor_free(&sup);
		return -ENOMEM;
	}
	on_refill(-1, 0, sup);
	*out = sup;
	return 0;
}

/* Waits, at most END_WAIT_MS in all, for a process that was told to end. */
static void
wait_for_end(struct worker *w, int64_t until_us)
{
	struct pollfd pfd = { .fd = w->child.pidfd, .events = POLLIN };
	const int64_t left_us = until_us - clock_monotonic_us();

	if (!w->ending && left_us > 0)
		(void)poll(&pfd, 1, (int)(left_us / 1000) + 1);
	child_signal(&w->child, SIGKILL);
	(void)child_reap(&w->child);
}

void
supervisor_free(struct supervisor **supp)
{
	struct supervisor *sup = *supp;
	struct worker     *w;
	int64_t            until_us;

	*supp = NULL;
	if (sup == NULL)
		return;
	TAILQ_FOREACH(w, &sup->workers, entry) {
		if (w->ending)
			continue;
		if (w->state & (IPC_IN_SPARE | IPC_IN_ROOM))
			(void)send_message(w, IPC_CLOSE, NULL, 0);
		else if (w->state != IPC_IN_CLOSE)
			worker_kill(w);
	}
	until_us = clock_monotonic_us() + END_WAIT_MS * 1000LL;
	while ((w = TAILQ_FIRST(&sup->workers)) != NULL) {
		wait_for_end(w, until_us);
		worker_free(w);
	}
	if (sup->refill)
		event_free(sup->refill);
	if (sup->tick)
		event_free(sup->tick);
	free(sup);
}

void
supervisor_on_ready(struct supervisor *sup, void (*tell)(void *to), void *to)
{
	sup->on_ready = tell;
	sup->on_ready_to = to;
}

static struct worker *
find_spare(struct supervisor *sup)
{
	struct worker *w;

	TAILQ_FOREACH(w, &sup->workers, entry) {
		if (w->state == IPC_IN_SPARE && !w->ending)
			return w;
	}
	return NULL;
}

int
supervisor_take(struct supervisor *sup, const char *name,
    const struct worker_handler *handler, struct worker **out)
{
	const struct ipc_open open = { name, strlen(name) };
	uint8_t               body[128];
	const size_t          len = ipc_open_write(body, sizeof(body), &open);
	struct worker        *w;
	int                   err;

	if (len == 0)
		return -EINVAL;
	if (count_state(sup, IPC_IN_ROOM) >= sup->config.rooms_max)
		return -ENOSPC;
	w = find_spare(sup);
	if (w == NULL)
		return -EAGAIN;
	err = send_message(w, IPC_OPEN, body, len);
	if (err) {	/* it died this moment: another is on its way */
		schedule_refill(sup);
		return -EAGAIN;
	}
	w->state = IPC_IN_ROOM;
	w->handler = *handler;
	w->log = log_for(&sup->log, "room %s", name);
	sup->failures = 0;
	schedule_refill(sup);
	*out = w;
	return 0;
}

unsigned
supervisor_spares(const struct supervisor *sup)
{
	return count_state(sup, IPC_IN_SPARE);
}

void
supervisor_counts(const struct supervisor *sup, struct supervisor_counts *out)
{
	*out = sup->counts;
	out->rooms = count_state(sup, IPC_IN_ROOM);
	out->spares = count_state(sup, IPC_IN_SPARE);
}

int
worker_send(struct worker *w, uint16_t type, const uint8_t *body,
    size_t body_len)
{
	if (w->ending)
		return -EPIPE;
	/* CLOSE and PING change what is known here: not by this way. */
	if (type == IPC_CLOSE || type == IPC_PING ||
	    !ipc_down_allowed(type, body_len, 0, w->state))
		return -EINVAL;
	return send_message(w, type, body, body_len);
}

void
worker_close(struct worker **workerp)
{
	struct worker *w = *workerp;

	*workerp = NULL;
	if (w == NULL)
		return;
	memset(&w->handler, 0, sizeof(w->handler));
	if (w->ending)
		return;
	(void)send_message(w, IPC_CLOSE, NULL, 0);
	w->state = IPC_IN_CLOSE;
	w->deadline_us = clock_monotonic_us() +
	    w->sup->config.close_ms * 1000LL;
	schedule_refill(w->sup);
}

pid_t
worker_pid(const struct worker *w)
{
	return w->child.pid;
}

const uint8_t *
worker_fingerprint(const struct worker *w)
{
	return w->fingerprint;
}
