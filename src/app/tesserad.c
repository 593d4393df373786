/*
 * tesserad: the process that decides who may be in a meeting.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads the configuration, opens the listeners, starts the supervisor of the
 * rooms' processes and serves until SIGTERM or SIGINT. All in one thread, in
 * one event loop.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/demo.h"
#include "app/options.h"
#include "control/api.h"
#include "control/child.h"
#include "control/registry.h"
#include "control/supervisor.h"
#include "http/http_server.h"
#include "http/tls_context.h"
#include "util/clock.h"
#include "util/log.h"

#define FAREWELL_MS 800	/* for the pages to hear that we end */

struct tesserad {
	struct options      options;
	struct config       config;
	enum log_level      level;	/* of what is printed */
	struct log_sink     print;
	struct log          log;
	struct event_base  *base;
	struct event       *signals[3];
	struct supervisor  *supervisor;
	struct registry    *registry;
	struct tls_context *tls;
	struct http_server *http;
	struct demo        *demo;
	struct api          api;
	bool                ending;
	char                worker[PATH_MAX];
};

/* The level may change while loggers are everywhere: it is asked here. */
static void
print_line(void *to, enum log_level level, const char *line)
{
	struct tesserad *d = to;

	if (level <= d->level)
		d->print.write(d->print.to, level, line);
}

static void
log_init(struct tesserad *d)
{
	d->level = d->config.log_level;
	d->print = log_to_stderr(LOG_DEBUG).sink;
	d->log = (struct log){ { print_line, d }, LOG_DEBUG, "" };
}

/* ---- signals ------------------------------------------------------------ */

static void
on_pages_told(void *to)
{
	struct tesserad *d = to;

	event_base_loopexit(d->base, NULL);
}

static void
on_end_signal(evutil_socket_t number, short what, void *arg)
{
	const struct timeval      limit = { 0, FAREWELL_MS * 1000 };
	struct http_server_counts http;
	struct tesserad          *d = arg;

	(void)what;
	if (d->ending) {	/* asked twice: at once, then */
		event_base_loopbreak(d->base);
		return;
	}
	d->ending = true;
	log_info(&d->log, "%s: ending", number == SIGINT ? "SIGINT" :
	    "SIGTERM");
	demo_free(&d->demo);
	registry_shutdown(d->registry);
	event_base_loopexit(d->base, &limit);
	http_server_stop(d->http, on_pages_told, d);
	http_server_counts(d->http, &http);
	if (http.connections == 0)
		event_base_loopexit(d->base, NULL);
}

/* What may change while we run: the log level and the certificate. */
static void
on_reload_signal(evutil_socket_t number, short what, void *arg)
{
	struct tesserad *d = arg;
	struct options   again = { .config = d->options.config };
	struct config    fresh;
	char             why[256];

	(void)number;
	(void)what;
	if (options_config(&fresh, &again, stderr, stderr) != OPTIONS_RUN) {
		log_error(&d->log, "SIGHUP: the configuration is wrong, the "
		    "old one stays");
		return;
	}
	d->level = fresh.log_level;
	if (d->tls && tls_context_reload(d->tls, why, sizeof(why)) < 0)
		log_error(&d->log, "SIGHUP: the old certificate stays: %s",
		    why);
	log_info(&d->log, "SIGHUP: log level and certificate are read again; "
	    "other keys change with a restart");
}

static int
watch_signals(struct tesserad *d)
{
	static const struct {
		int number;
		event_callback_fn on;
	} rows[] = { { SIGTERM, on_end_signal }, { SIGINT, on_end_signal },
		{ SIGHUP, on_reload_signal } };

	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		d->signals[i] = evsignal_new(d->base, rows[i].number,
		    rows[i].on, d);
		if (d->signals[i] == NULL || event_add(d->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- starting ----------------------------------------------------------- */

/* Each folder of a path; 0 or -errno. */
static int
make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*slash = '/';
			return -errno;
		}
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/*
 * The configured certificate must be good. Without one of our own making
 * the server is still of use, so that is only a warning.
 */
static int
prepare_tls(struct tesserad *d)
{
	const struct config *c = &d->config;
	const bool           configured = c->tls_certificate[0] != '\0';
	char                 folder[CONFIG_PATH_MAX];
	char                 certificate[CONFIG_PATH_MAX + 32];
	char                 key[CONFIG_PATH_MAX + 32];
	char                 host[HOST_NAME_MAX + 1] = "", why[256];
	int                  err = 0;

	if (configured) {
		err = tls_context_new(&d->tls, c->tls_certificate, c->tls_key,
		    why, sizeof(why));
		if (err)
			log_error(&d->log, "https_listen: %s", why);
		return err;
	}
	snprintf(folder, sizeof(folder), "%s", c->state_dir);
	gethostname(host, sizeof(host) - 1);
	if (folder[0] == '\0')
		err = -ENOENT;
	if (err == 0)
		err = make_folders(folder);
	if (err == 0)
		err = tls_self_signed_make(folder, host);
	snprintf(why, sizeof(why), "%s", strerror(-err));
	snprintf(certificate, sizeof(certificate), "%s/tls-certificate.pem",
	    folder);
	snprintf(key, sizeof(key), "%s/tls-key.pem", folder);
	if (err == 0)
		err = tls_context_new(&d->tls, certificate, key, why,
		    sizeof(why));
	if (err)
		log_warn(&d->log, "no HTTPS: the certificate in state_dir "
		    "\"%s\": %s", folder, why);
	return 0;
}

static int
listen_on(struct tesserad *d, const char *key, const char *address,
    struct tls_context *tls, const struct route *routes)
{
	const struct http_listener_config config = { .address = address,
		.tls = tls, .routes = routes, .to = &d->api,
		.direct_only = routes == api_admin_routes };
	uint16_t port;
	int      err = http_server_listen(d->http, &config, &port);

	if (err == -EAFNOSUPPORT && strncmp(address, "[::]:", 5) == 0) {
		char four[32];

		snprintf(four, sizeof(four), "0.0.0.0:%.8s", address + 5);
		return listen_on(d, key, four, tls, routes);
	}
	if (err == -EADDRINUSE)
		log_error(&d->log, "%s is in use by another program (perhaps "
		    "another tesserad): end that one, or set the key %s to "
		    "another port", address, key);
	else if (err == -EINVAL)
		log_error(&d->log, "%s: \"%s\" is not an address with a port, "
		    "as 127.0.0.1:8080 or [::]:8443", key, address);
	else if (err)
		log_error(&d->log, "%s: cannot listen on %s: %s", key,
		    address, strerror(-err));
	else
		log_info(&d->log, "%s: listening on port %u (%s)", key, port,
		    address);
	return err;
}

static int
open_listeners(struct tesserad *d)
{
	const struct config *c = &d->config;
	int                  err = 0;

	if (c->http_listen[0])
		err = listen_on(d, "http_listen", c->http_listen, NULL,
		    api_public_routes);
	if (err == 0 && c->admin_listen[0])
		err = listen_on(d, "admin_listen", c->admin_listen, NULL,
		    api_admin_routes);
	if (err == 0 && c->https_listen[0])
		err = prepare_tls(d);
	if (err == 0 && d->tls)
		err = listen_on(d, "https_listen", c->https_listen, d->tls,
		    api_public_routes);
	return err;
}

/*
 * Descriptors: every connection and every room needs some; take what we may
 * have. Cores: they would hold the key of the certificate and all sessions.
 */
static void
set_limits(struct tesserad *d)
{
	struct rlimit limit = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		log_warn(&d->log, "RLIMIT_CORE: %s", strerror(errno));
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn(&d->log, "RLIMIT_NOFILE: %s", strerror(errno));
}

/* That the rooms may run on. */
static unsigned
processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static int
start_rooms(struct tesserad *d)
{
	struct supervisor_config config;
	int                      err = child_find_program(d->worker,
	    sizeof(d->worker), "tessera-room", LIBEXECDIR);

	if (err) {
		log_error(&d->log, "tessera-room is not there, neither beside "
		    "this program nor in " LIBEXECDIR);
		return err;
	}
	config_supervisor(&config, &d->config, d->worker);
	err = supervisor_new(&d->supervisor, d->base, &config, &d->log);
	if (err == 0)
		err = registry_new(&d->registry, d->base, d->supervisor,
		    &d->log);
	if (err == 0)
		registry_limit_cpu(d->registry, d->config.cpu_limit_percent,
		    processors());
	if (err)
		log_error(&d->log, "rooms: %s", strerror(-err));
	return err;
}

static int
start_demo(struct tesserad *d)
{
	int err;

	if (d->options.demo == 0)
		return 0;
	err = demo_new(&d->demo, d->base, d->options.demo,
	    d->config.http_listen, &d->log);
	if (err == -ENOENT)
		log_error(&d->log, "--demo: tessera-peer is not there, "
		    "neither beside this program nor in " BINDIR);
	else if (err == -EINVAL)
		log_error(&d->log, "--demo needs the key http_listen");
	else if (err)
		log_error(&d->log, "--demo: %s", strerror(-err));
	return err;
}

static int
start(struct tesserad *d)
{
	struct http_limits limits = http_limits_default();
	struct rlimit      descriptors = { 0, 0 };
	int                err;

	if (geteuid() == 0)
		log_warn(&d->log, "running as root: nothing here needs it, "
		    "and it takes protections away");
	set_limits(d);
	(void)getrlimit(RLIMIT_NOFILE, &descriptors);
	config_http_limits(&limits, &d->config, descriptors.rlim_cur);
	err = start_rooms(d);
	if (err)
		return err;
	err = http_server_new(&d->http, d->base, &limits, &d->log);
	if (err)
		return err;
	d->api = (struct api){ d->base, d->registry, d->http, d->log,
		clock_realtime_us() };
	err = open_listeners(d);
	return err ? err : start_demo(d);
}

static void
end(struct tesserad *d)
{
	demo_free(&d->demo);
	registry_free(&d->registry);
	http_server_free(&d->http);
	supervisor_free(&d->supervisor);
	tls_context_free(&d->tls);
	for (unsigned i = 0; i < 3; i++) {
		if (d->signals[i])
			event_free(d->signals[i]);
	}
	if (d->base)
		event_base_free(d->base);
}

int
main(int argc, char **argv)
{
	struct tesserad   d = { 0 };
	int               status = EXIT_FAILURE;
	enum options_next next = options_parse(&d.options, argc, argv, stdout,
	    stderr);

	if (next == OPTIONS_RUN)
		next = options_config(&d.config, &d.options, stdout, stderr);
	if (next != OPTIONS_RUN)
		return next == OPTIONS_DONE ? EXIT_SUCCESS : 2;
	log_init(&d);
	d.base = event_base_new();
	if (d.base && watch_signals(&d) == 0 && start(&d) == 0) {
		event_base_dispatch(d.base);
		status = EXIT_SUCCESS;
		log_info(&d.log, "ended");
	}
	end(&d);
	return status;
}
