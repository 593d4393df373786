/*
 * One worker: its process, its channel, what it says, and its end.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/supervisor_internal.h"
#include "util/clock.h"

#define MISSED_MAX    5		/* PINGs without a PONG */
#define OUT_BYTES_MAX (4 * 1024 * 1024)	/* queued to one worker */
#define READ_BATCH    32	/* messages before others have a turn */
#define FLOOD_MAX     4000	/* messages of one between two PINGs */
#define TOLD_US       10000	/* between two of a type that pages hear of */
#define TOLD_BURST    1000	/* a full room loses its line all at once */
#define LOG_PER_S     20	/* lines of one worker */
#define OOM_SCORE     500	/* a room is ended before tesserad */

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

void
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

void
worker_free(struct worker *w)
{
	close_channel(w);
	if (w->exited)
		event_free(w->exited);
	resources_close(&w->sockets);
	TAILQ_REMOVE(&w->sup->workers, w, entry);
	free(w);
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

int
worker_say(struct worker *w, uint16_t type, const uint8_t *body,
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

/* More than any room has to say; what each page is told of costs the most. */
static bool
is_flood(struct worker *w, uint16_t type)
{
	if (++w->received > FLOOD_MAX)
		return true;
	if (type != IPC_TILEMAP && type != IPC_SPEAKING &&
	    type != IPC_QUALITY && type != IPC_PRESENCE)
		return false;
	return !rate_limit_pass(&w->told[type], clock_monotonic_us(), TOLD_US,
	    TOLD_BURST);
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
	if (is_flood(w, message->type)) {
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
	supervisor_refill(sup);
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

int
worker_start(struct supervisor *sup)
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

/* ---- watching ----------------------------------------------------------- */

static void
ping(struct worker *w)
{
	struct ipc_ping message = { w->pings + 1 };
	uint8_t         body[8];
	const size_t    len = ipc_ping_write(body, sizeof(body), &message);

	w->received = 0;
	if (worker_say(w, IPC_PING, body, len) == 0)
		w->pings++;
}

void
worker_watch(struct worker *w, int64_t now_us)
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

/* ---- what the header says ----------------------------------------------- */

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
	return worker_say(w, type, body, body_len);
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
	(void)worker_say(w, IPC_CLOSE, NULL, 0);
	w->state = IPC_IN_CLOSE;
	w->deadline_us = clock_monotonic_us() +
	    w->sup->config.close_ms * 1000LL;
	supervisor_refill(w->sup);
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
