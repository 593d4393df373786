/*
 * tesserad: the process that decides who may be in a meeting.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads the configuration, opens the listeners, starts the supervisor of the
 * rooms' processes and serves until SIGTERM or SIGINT. All in one thread, in
 * one event loop.
 */
#include <config.h>	/* of the build, not app/config.h */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/demo.h"
#include "control/api.h"
#include "control/child.h"
#include "control/registry.h"
#include "control/supervisor.h"
#include "http/http_server.h"
#include "http/tls_context.h"
#include "util/clock.h"
#include "util/log.h"

#define FAREWELL_MS 800	/* for the pages to hear that we end */
#define DEMO_MAX    48

struct settings {
	const char    *http_listen, *https_listen, *admin_listen;
	const char    *worker;
	enum log_level log_level;
	unsigned       demo;
};

struct tesserad {
	struct settings     settings;
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
	char                state_dir[PATH_MAX];
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
	d->level = d->settings.log_level;
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

static void
on_reload_signal(evutil_socket_t number, short what, void *arg)
{
	struct tesserad *d = arg;
	char             why[256];

	(void)number;
	(void)what;
	if (d->tls && tls_context_reload(d->tls, why, sizeof(why)) < 0)
		log_error(&d->log, "SIGHUP: the old certificate stays: %s",
		    why);
	log_info(&d->log, "SIGHUP: configuration read again");
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

/* $STATE_DIRECTORY (systemd), else the XDG state folder. */
static int
find_state_dir(struct tesserad *d)
{
	const char *systemd = getenv("STATE_DIRECTORY");
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int         len = -1;

	if (systemd && *systemd == '/')
		len = snprintf(d->state_dir, PATH_MAX, "%.*s",
		    (int)strcspn(systemd, ":"), systemd);
	else if (xdg && *xdg == '/')
		len = snprintf(d->state_dir, PATH_MAX, "%s/tessera", xdg);
	else if (home && *home == '/')
		len = snprintf(d->state_dir, PATH_MAX,
		    "%s/.local/state/tessera", home);
	if (len <= 0 || len >= PATH_MAX)
		return -ENOENT;
	return make_folders(d->state_dir);
}

/* HTTPS is of use without, too: what fails here is only a warning. */
static void
prepare_tls(struct tesserad *d)
{
	char certificate[PATH_MAX + 32], key[PATH_MAX + 32];
	char host[HOST_NAME_MAX + 1] = "", why[256];
	int  err = find_state_dir(d);

	if (err == 0) {
		gethostname(host, sizeof(host) - 1);
		err = tls_self_signed_make(d->state_dir, host);
	}
	if (err) {
		log_warn(&d->log, "no HTTPS: no certificate in state_dir %s: "
		    "%s", d->state_dir, strerror(-err));
		return;
	}
	snprintf(certificate, sizeof(certificate), "%s/tls-certificate.pem",
	    d->state_dir);
	snprintf(key, sizeof(key), "%s/tls-key.pem", d->state_dir);
	err = tls_context_new(&d->tls, certificate, key, why, sizeof(why));
	if (err)
		log_warn(&d->log, "no HTTPS: %s", why);
}

static int
listen_on(struct tesserad *d, const char *key, const char *address,
    struct tls_context *tls, const struct route *routes)
{
	const struct http_listener_config config = { address, tls, routes,
		&d->api };
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
	const struct settings *s = &d->settings;
	int                    err;

	err = listen_on(d, "http_listen", s->http_listen, NULL,
	    api_public_routes);
	if (err == 0)
		err = listen_on(d, "admin_listen", s->admin_listen, NULL,
		    api_admin_routes);
	if (err || *s->https_listen == '\0')
		return err;
	prepare_tls(d);
	if (d->tls)
		err = listen_on(d, "https_listen", s->https_listen, d->tls,
		    api_public_routes);
	return err;
}

/* Every connection and every room needs some; take what we may have. */
static void
raise_fd_limit(struct tesserad *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn(&d->log, "RLIMIT_NOFILE: %s", strerror(errno));
}

static int
start_rooms(struct tesserad *d)
{
	struct supervisor_config config = {
		.program = d->worker,
		.rooms_max = 50,
		.spares = 2,
		.heartbeat_ms = 1000,
		.start_ms = 10000,
		.close_ms = 2000,
		.resources = { .udp_port_min = 40000, .udp_port_max = 40999 },
		.room = { .participants_max = 64, .decode_threads = 2,
		    .log_level = (uint16_t)d->settings.log_level,
		    .video_width = 1280, .video_height = 720, .video_fps = 25,
		    .video_bps = 1500000, .audio_bps = 48000 },
	};
	int err = 0;

	if (d->settings.worker)
		snprintf(d->worker, sizeof(d->worker), "%s",
		    d->settings.worker);
	else
		err = child_find_program(d->worker, sizeof(d->worker),
		    "tessera-room", LIBEXECDIR);
	if (err) {
		log_error(&d->log, "tessera-room is not there, neither beside "
		    "this program nor in " LIBEXECDIR);
		return err;
	}
	err = supervisor_new(&d->supervisor, d->base, &config, &d->log);
	if (err == 0)
		err = registry_new(&d->registry, d->base, d->supervisor,
		    &d->log);
	if (err)
		log_error(&d->log, "rooms: %s", strerror(-err));
	return err;
}

static int
start(struct tesserad *d)
{
	const struct http_limits limits = http_limits_default();
	int                      err;

	if (geteuid() == 0)
		log_warn(&d->log, "running as root: nothing here needs it, "
		    "and it takes protections away");
	raise_fd_limit(d);
	err = start_rooms(d);
	if (err)
		return err;
	err = http_server_new(&d->http, d->base, &limits, &d->log);
	if (err)
		return err;
	d->api = (struct api){ d->base, d->registry, d->http, d->log,
		clock_realtime_us() };
	err = open_listeners(d);
	if (err == 0 && d->settings.demo) {
		err = demo_new(&d->demo, d->base, d->settings.demo,
		    d->settings.http_listen, &d->log);
		if (err)
			log_error(&d->log, "--demo: tessera-peer: %s",
			    strerror(-err));
	}
	return err;
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

/* ---- options ------------------------------------------------------------ */

static void
print_help(FILE *to)
{
	fputs("Usage: tesserad [OPTION]...\n"
	    "A meeting server: everybody sends one stream and sees one.\n\n"
	    "  --demo N             bring N talking demo people into the room "
	    "\"demo\"\n"
	    "  --help               this text\n"
	    "  --version            name and version\n", to);
}

static int
parse_people(unsigned *out, const char *text)
{
	char                *end;
	const unsigned long  number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number < 1 ||
	    number > DEMO_MAX)
		return -EINVAL;
	*out = (unsigned)number;
	return 0;
}

static const struct option options[] = {
	{ "admin", required_argument, NULL, 'a' },
	{ "demo", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "http", required_argument, NULL, 'p' },
	{ "https", required_argument, NULL, 's' },
	{ "log", required_argument, NULL, 'l' },
	{ "version", no_argument, NULL, 'V' },
	{ "worker", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 },
};

/* True: go on; else end with *status. */
static bool
parse_options(struct settings *s, int argc, char **argv, int *status)
{
	int option;

	*status = EXIT_SUCCESS;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			s->admin_listen = optarg;
			break;
		case 'p':
			s->http_listen = optarg;
			break;
		case 's':
			s->https_listen = optarg;
			break;
		case 'w':
			s->worker = optarg;
			break;
		case 'l':
			if (log_level_parse(&s->log_level, optarg) == 0)
				break;
			*status = EXIT_FAILURE;
			return false;
		case 'd':
			if (parse_people(&s->demo, optarg) == 0)
				break;
			fprintf(stderr, "tesserad: --demo takes 1 to %d\n",
			    DEMO_MAX);
			*status = EXIT_FAILURE;
			return false;
		case 'h':
			print_help(stdout);
			return false;
		case 'V':
			puts(PACKAGE_STRING);
			return false;
		default:
			print_help(stderr);
			*status = EXIT_FAILURE;
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct tesserad d = { .settings = {
		.http_listen = "127.0.0.1:8080",
		.https_listen = "[::]:8443",
		.admin_listen = "127.0.0.1:8081",
		.log_level = LOG_INFO } };
	int             status;

	if (!parse_options(&d.settings, argc, argv, &status))
		return status;
	log_init(&d);
	status = EXIT_FAILURE;
	d.base = event_base_new();
	if (d.base && watch_signals(&d) == 0 && start(&d) == 0) {
		event_base_dispatch(d.base);
		status = EXIT_SUCCESS;
		log_info(&d.log, "ended");
	}
	end(&d);
	return status;
}
