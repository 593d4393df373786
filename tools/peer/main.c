/*
 * tessera-peer: headless participants for demo, tests and load.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "net/rtp_crypt.h"
#include "peer/peer.h"
#include "util/clock.h"
#include "util/xalloc.h"

#define PEERS_MAX   512
#define BEAT_US     10000
#define LEAVE_US    2000000	/* for the DELETEs at the end */
#define SKEW_US     10000000
#define LOOP_S      3		/* as long as a turn to speak */
#define LOOKS       8		/* pictures; the crew shares them */

struct options {
	const char    *url;
	const char    *name;
	unsigned       ivf_count;
	const char    *ivf[LOOKS];
	enum peer_mode mode;
	unsigned       count;
	unsigned       seconds;		/* 0: until a signal */
	unsigned       rebind, restart;	/* seconds; 0: not */
	unsigned       plis;		/* a second */
	enum video_codec codec;
	int            width, height, fps;
	unsigned       kbps;
	unsigned       talkers;		/* 0: in turns */
	unsigned       stagger_ms;	/* between two joins */
	double         tone_hz;		/* of the first; each next +200 */
	bool           video, audio, flat, stay, report, probe;
	int            drift_ppm;
	unsigned       slow_ms;
};

struct crew {
	struct options        options;
	struct join_target    target;
	struct event_base    *base;
	struct event         *beat;
	struct dtls_identity *identity;
	struct probe         *probe;
	struct clip           flashes;
	unsigned              clip_count;
	struct clip           idle[LOOKS], talking[LOOKS];
	struct peer          *peers[PEERS_MAX];
	char                  names[PEERS_MAX][80];
	unsigned              joined;
	int64_t               start_us, end_us, report_us, skew_us;
	bool                  leaving;
};

static const char usage[] =
"usage: tessera-peer --join URL [options]\n"
"  --join URL       http(s)://host:port/room\n"
"  --count N        peers in this process (1)\n"
"  --mode M         both (join), send (WHIP) or watch (WHEP)\n"
"  --name NAME      of the peers; else well-known ones\n"
"  --size WxH       of the pictures drawn (640x360)\n"
"  --fps N          of the pictures drawn (15)\n"
"  --kbps N         of the pictures drawn (400)\n"
"  --h264           speak H.264 instead of VP8\n"
"  --ivf FILE       send this VP8 file instead of drawing; up to 8 in turn\n"
"  --flat           draw a flat test colour with a marker\n"
"  --tone HZ        send a tone (the next peer 200 Hz higher), not babble\n"
"  --talk N         the first N talk all the time, the others never\n"
"  --probe-delay    the first one flashes and beeps, the second one looks\n"
"                   and listens; prints how late it is, as key=value\n"
"  --drift PPM      the first one's sound card is fast by PPM (or slow: -PPM)\n"
"  --slow-camera MS  its pictures are sent so long after their capture\n"
"  --no-video, --no-audio\n"
"  --stagger MS     between two joins (120)\n"
"  --seconds N      leave after N seconds\n"
"  --stay           join again whenever a call ends\n"
"  --rebind-after S speak from another port S seconds after connecting\n"
"  --restart-every S  restart ICE each S seconds\n"
"  --plis N         ask for N key frames a second\n"
"  --report         print figures each second as key=value\n";

static const char *const demo_names[] = {
	"Ada%20Lovelace", "Alan%20Turing", "Grace%20Hopper",
	"Claude%20Shannon", "Radia%20Perlman", "Katherine%20Johnson",
	"Edsger%20Dijkstra", "Hedy%20Lamarr", "Donald%20Knuth",
	"Barbara%20Liskov", "Ken%20Thompson", "Margaret%20Hamilton",
};

/* ---- options ------------------------------------------------------------- */

static unsigned
option_number(const char *name, const char *text, unsigned least,
    unsigned most)
{
	char               *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < least || n > most) {
		fprintf(stderr, "tessera-peer: --%s takes a number from %u "
		    "to %u, not \"%s\"\n", name, least, most, text);
		exit(2);
	}
	return (unsigned)n;
}

static int
option_signed(const char *name, const char *text, unsigned most)
{
	const bool minus = *text == '-';
	const int  n = (int)option_number(name, text + minus, 0, most);

	return minus ? -n : n;
}

static void
option_size(struct options *o, const char *text)
{
	char *end;

	o->width = (int)strtol(text, &end, 10);
	o->height = *end == 'x' ? (int)strtol(end + 1, &end, 10) : 0;
	if (*end || o->width < 32 || o->width > 1920 || o->height < 32 ||
	    o->height > 1080 || (o->width | o->height) & 1) {
		fprintf(stderr, "tessera-peer: --size takes even WxH, such as "
		    "640x360, not \"%s\"\n", text);
		exit(2);
	}
}

static void
option_mode(struct options *o, const char *text)
{
	static const char *const modes[] = { "both", "send", "watch" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, modes[i]) == 0) {
			o->mode = (enum peer_mode)i;
			return;
		}
	}
	fprintf(stderr, "tessera-peer: --mode is both, send or watch\n");
	exit(2);
}

static void
option_take(struct options *o, int option, const char *arg)
{
	switch (option) {
	case 'j': o->url = arg; break;
	case 'c': o->count = option_number("count", arg, 1, PEERS_MAX); break;
	case 'm': option_mode(o, arg); break;
	case 'n': o->name = arg; break;
	case 's': option_size(o, arg); break;
	case 'f': o->fps = (int)option_number("fps", arg, 1, 60); break;
	case 'k': o->kbps = option_number("kbps", arg, 30, 20000); break;
	case 'i':
		if (o->ivf_count < LOOKS)
			o->ivf[o->ivf_count++] = arg;
		break;
	case 'T': o->talkers = option_number("talk", arg, 1, PEERS_MAX); break;
	case 'p': o->probe = true; break;
	case 'w':
		o->slow_ms = option_number("slow-camera", arg, 0, 1000);
		break;
	case 'd': o->drift_ppm = option_signed("drift", arg, 10000); break;
	case 'g': o->stagger_ms = option_number("stagger", arg, 1, 10000);
		break;
	case 'F': o->flat = true; break;
	case 't': o->tone_hz = option_number("tone", arg, 50, 20000); break;
	case 'V': o->video = false; break;
	case 'A': o->audio = false; break;
	case 'S': o->seconds = option_number("seconds", arg, 1, 86400); break;
	case 'y': o->stay = true; break;
	case 'b':
		o->rebind = option_number("rebind-after", arg, 1, 86400);
		break;
	case 'R':
		o->restart = option_number("restart-every", arg, 1, 86400);
		break;
	case 'P': o->plis = option_number("plis", arg, 1, 10000); break;
	case 'h': o->codec = VIDEO_H264; break;
	case 'r': o->report = true; break;
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "join", required_argument, NULL, 'j' },
		{ "count", required_argument, NULL, 'c' },
		{ "mode", required_argument, NULL, 'm' },
		{ "name", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "fps", required_argument, NULL, 'f' },
		{ "kbps", required_argument, NULL, 'k' },
		{ "ivf", required_argument, NULL, 'i' },
		{ "flat", no_argument, NULL, 'F' },
		{ "tone", required_argument, NULL, 't' },
		{ "talk", required_argument, NULL, 'T' },
		{ "probe-delay", no_argument, NULL, 'p' },
		{ "drift", required_argument, NULL, 'd' },
		{ "slow-camera", required_argument, NULL, 'w' },
		{ "stagger", required_argument, NULL, 'g' },
		{ "no-video", no_argument, NULL, 'V' },
		{ "no-audio", no_argument, NULL, 'A' },
		{ "seconds", required_argument, NULL, 'S' },
		{ "stay", no_argument, NULL, 'y' },
		{ "rebind-after", required_argument, NULL, 'b' },
		{ "restart-every", required_argument, NULL, 'R' },
		{ "plis", required_argument, NULL, 'P' },
		{ "h264", no_argument, NULL, 'h' },
		{ "report", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*o = (struct options){
		.count = 1, .width = 640, .height = 360, .fps = 15,
		.kbps = 400, .video = true, .audio = true, .stagger_ms = 120,
	};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		option_take(o, option, optarg);
	if (o->url == NULL || optind != argc ||
	    (o->codec != VIDEO_VP8 && (o->ivf_count || o->probe))) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* ---- clips --------------------------------------------------------------- */

static int
crew_draw(struct crew *crew, unsigned i)
{
	const struct options *o = &crew->options;
	struct portrait       p = {
		.flat = o->flat,
		.who = i,
		.colour = portrait_test_colour(i),
	};
	const struct video_encoder_config cfg = {
		.width = o->width, .height = o->height, .fps = o->fps,
		.bps = o->kbps * 1000, .codec = o->codec,
	};
	const unsigned frames = (unsigned)(LOOP_S * o->fps);
	int            err;

	err = clip_draw(&crew->idle[i], &p, &cfg, frames);
	p.talking = true;
	if (err == 0)
		err = clip_draw(&crew->talking[i], &p, &cfg, frames);
	return err;
}

static int
crew_read_clips(struct crew *crew)
{
	const struct options *o = &crew->options;

	for (unsigned i = 0; i < o->ivf_count; i++) {
		const int err = clip_read_ivf(&crew->idle[i], o->ivf[i]);

		if (err) {
			fprintf(stderr, "tessera-peer: %s: %s\n", o->ivf[i],
			    err == -EBADMSG ? "not a VP8 .ivf file that "
			    "starts with a key frame" : strerror(-err));
			return err;
		}
		crew->clip_count++;
	}
	return 0;
}

static int
crew_prepare_clips(struct crew *crew)
{
	const struct options *o = &crew->options;
	int                   err;

	if (!o->video || o->mode == PEER_WATCH)
		return 0;
	if (o->probe) {
		err = clip_draw_flashes(&crew->flashes, o->width, o->height);
		if (err)
			return err;
	}
	if (o->ivf_count)
		return crew_read_clips(crew);
	crew->clip_count = o->count < LOOKS ? o->count : LOOKS;
	for (unsigned i = 0; i < crew->clip_count; i++) {
		err = crew_draw(crew, i);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the crew ------------------------------------------------------------ */

static int
crew_add_peer(struct crew *crew, unsigned i)
{
	const struct options *o = &crew->options;
	const unsigned        look = crew->clip_count ?
	    i % crew->clip_count : 0;
	struct peer_config    cfg = {
		.base = crew->base,
		.target = &crew->target,
		.identity = crew->identity,
		.mode = o->mode,
		.index = i,
		.count = o->count,
		.name = crew->names[i],
		.video = o->video,
		.audio = o->audio,
		.tone_hz = o->tone_hz > 0 ? o->tone_hz + 200 * i : 0,
		.start_us = crew->start_us,
		.talkers = o->talkers,
		.probe = crew->probe,
		.drift_ppm = i == 0 ? o->drift_ppm : 0,
		.slow_us = i == 0 ? (int64_t)o->slow_ms * 1000 : 0,
		.stay = o->stay,
		.rebind_us = (int64_t)o->rebind * 1000000,
		.restart_us = (int64_t)o->restart * 1000000,
		.codec = o->codec,
		.plis = o->plis,
	};

	if (crew->clip_count) {
		cfg.idle = &crew->idle[look];
		cfg.talking = o->ivf_count ? cfg.idle :
		    &crew->talking[look];
	}
	if (crew->flashes.count && i == 0)
		cfg.idle = cfg.talking = &crew->flashes;
	if (o->name)
		snprintf(crew->names[i], sizeof(crew->names[i]),
		    "%s%%20%u", o->name, i + 1);
	else
		snprintf(crew->names[i], sizeof(crew->names[i]), "%s",
		    demo_names[i % (sizeof(demo_names) /
		    sizeof(demo_names[0]))]);
	return peer_new(&crew->peers[i], &cfg);
}

static void
crew_report(const struct crew *crew, int64_t now_us)
{
	for (unsigned i = 0; i < crew->joined; i++) {
		const struct peer_counts *n = peer_counts(crew->peers[i]);

		printf("t_ms=%lld peer=%u connected=%d joins=%u failures=%u "
		    "frames=%llu keyframes=%llu video_packets=%llu "
		    "video_bytes=%llu lost=%llu audio_packets=%llu "
		    "audio_bytes=%llu nacks=%llu plis=%llu resent=%llu "
		    "audio_lost=%llu audio_gap_ms=%lld rebinds=%u restarts=%u\n",
		    (long long)(now_us - crew->start_us) / 1000, i,
		    peer_connected(crew->peers[i]), n->joins, n->failures,
		    (unsigned long long)n->frames,
		    (unsigned long long)n->keyframes,
		    (unsigned long long)n->video_packets,
		    (unsigned long long)n->video_bytes,
		    (unsigned long long)n->lost,
		    (unsigned long long)n->audio_packets,
		    (unsigned long long)n->audio_bytes,
		    (unsigned long long)n->nacks,
		    (unsigned long long)n->plis,
		    (unsigned long long)n->resent,
		    (unsigned long long)n->audio_lost,
		    (long long)peer_take_gap(crew->peers[i], now_us) / 1000,
		    n->rebinds, n->restarts);
	}
	fflush(stdout);
}

static void
crew_leave(struct crew *crew, int64_t now_us)
{
	crew->leaving = true;
	crew->end_us = now_us + LEAVE_US;
	for (unsigned i = 0; i < crew->joined; i++)
		peer_leave(crew->peers[i]);
}

static bool
crew_is_done(const struct crew *crew, int64_t now_us)
{
	if (crew->joined < crew->options.count && !crew->leaving)
		return false;
	if (crew->leaving && now_us >= crew->end_us)
		return true;
	for (unsigned i = 0; i < crew->joined; i++)
		if (!peer_over(crew->peers[i]))
			return false;
	return true;
}

static void
crew_beat(evutil_socket_t fd, short what, void *arg)
{
	struct crew  *crew = arg;
	const int64_t now_us = clock_monotonic_us();

	(void)fd;
	(void)what;
	while (!crew->leaving && crew->joined < crew->options.count &&
	    now_us - crew->start_us >= (int64_t)crew->joined *
	    crew->options.stagger_ms * 1000)
		peer_join(crew->peers[crew->joined++], now_us);
	for (unsigned i = 0; i < crew->joined; i++)
		peer_beat(crew->peers[i], now_us);
	if (crew->options.report && now_us >= crew->report_us) {
		crew_report(crew, now_us);
		crew->report_us = now_us + 1000000;
	}
	if (crew->options.report && crew->probe && now_us >= crew->skew_us) {
		probe_print_skew(crew->probe, now_us - crew->start_us);
		crew->skew_us = now_us + SKEW_US;
	}
	if (!crew->leaving && crew->options.seconds && now_us -
	    crew->start_us >= (int64_t)crew->options.seconds * 1000000)
		crew_leave(crew, now_us);
	if (crew_is_done(crew, now_us))
		event_base_loopbreak(crew->base);
}

static void
crew_signal(evutil_socket_t fd, short what, void *arg)
{
	struct crew *crew = arg;

	(void)fd;
	(void)what;
	if (!crew->leaving)
		crew_leave(crew, clock_monotonic_us());
}

static int
crew_run(struct crew *crew)
{
	const struct timeval beat = { 0, BEAT_US };
	struct event        *term, *interrupt;
	unsigned             failed = 0;

	crew->start_us = clock_monotonic_us();
	crew->skew_us = crew->start_us + SKEW_US;
	for (unsigned i = 0; i < crew->options.count; i++) {
		if (crew_add_peer(crew, i) != 0) {
			fprintf(stderr, "tessera-peer: cannot make peer %u\n",
			    i);
			return 1;
		}
	}
	crew->beat = event_new(crew->base, -1, EV_PERSIST, crew_beat, crew);
	term = evsignal_new(crew->base, SIGTERM, crew_signal, crew);
	interrupt = evsignal_new(crew->base, SIGINT, crew_signal, crew);
	event_add(crew->beat, &beat);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	event_base_dispatch(crew->base);
	event_del(crew->beat);
	/* The last requests free themselves a moment after their answer. */
	event_base_loop(crew->base, EVLOOP_NONBLOCK);
	if (crew->options.report)
		crew_report(crew, clock_monotonic_us());
	if (crew->probe)
		probe_print(crew->probe);
	for (unsigned i = 0; i < crew->options.count; i++) {
		failed += peer_counts(crew->peers[i])->joins == 0;
		peer_free(crew->peers[i]);
	}
	event_free(crew->beat);
	event_free(term);
	event_free(interrupt);
	return failed > 0;
}

int
main(int argc, char **argv)
{
	struct crew *crew = xcalloc(1, sizeof(*crew));
	int          result = 1;

	signal(SIGPIPE, SIG_IGN);
	options_parse(&crew->options, argc, argv);
	if (join_target_parse(&crew->target, crew->options.url) != 0) {
		fprintf(stderr, "tessera-peer: --join takes "
		    "http(s)://host:port/room, not \"%s\"\n",
		    crew->options.url);
		return 2;
	}
	crew->base = event_base_new();
	if (crew->base && rtp_crypt_prepare() == 0 &&
	    dtls_identity_new(&crew->identity) == 0 &&
	    (!crew->options.probe ||
	    probe_new(&crew->probe, crew->options.count) == 0) &&
	    crew_prepare_clips(crew) == 0)
		result = crew_run(crew);
	for (unsigned i = 0; i < crew->clip_count; i++) {
		clip_clear(&crew->idle[i]);
		clip_clear(&crew->talking[i]);
	}
	clip_clear(&crew->flashes);
	probe_free(crew->probe);
	dtls_identity_free(crew->identity);
	if (crew->base)
		event_base_free(crew->base);
	free(crew);
	return result;
}
