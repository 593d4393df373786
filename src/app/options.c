/*
 * Reads the command line of tesserad.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <config.h>	/* of the build; app/config.h comes with options.h */

#include "app/options.h"

#define INSTALLED_CONFIG SYSCONFDIR "/tessera/tesserad.yaml"
#define ERRORS_MAX       8192

static void
print_help(FILE *to)
{
	fputs("usage: tesserad [options]\n"
	    "A server for meetings in the browser: one picture and one sound\n"
	    "of everybody, to everybody.\n"
	    "\n"
	    "  --config FILE    read this file instead of the installed one\n"
	    "  --check-config   say what is wrong with the configuration\n"
	    "  --print-config   print the effective configuration\n"
	    "  --demo N         fill the room \"demo\" with N made-up people\n"
	    "  --help           print this\n"
	    "  --version        print the version\n"
	    "\n"
	    "Without a file the defaults hold: http://127.0.0.1:8080 and\n"
	    "https://[::]:8443. The manual is tesserad(8).\n", to);
}

/* A decimal number in 1..most. */
static int
parse_count(unsigned *out, const char *text, unsigned most)
{
	char         *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' ||
	    value < 1 || value > most)
		return -EINVAL;
	*out = (unsigned)value;
	return 0;
}

static enum options_next
take_option(struct options *o, int letter, FILE *to, FILE *errors)
{
	switch (letter) {
	case 'c':
		o->config = optarg;
		return OPTIONS_RUN;
	case 'k':
		o->check_config = true;
		return OPTIONS_RUN;
	case 'p':
		o->print_config = true;
		return OPTIONS_RUN;
	case 'd':
		if (parse_count(&o->demo, optarg, OPTIONS_DEMO_MAX) == 0)
			return OPTIONS_RUN;
		fprintf(errors, "tesserad: --demo takes a number, 1 to %d\n",
		    OPTIONS_DEMO_MAX);
		return OPTIONS_WRONG;
	case 'h':
		print_help(to);
		return OPTIONS_DONE;
	case 'v':
		fprintf(to, "tesserad %s\n", PACKAGE_VERSION);
		return OPTIONS_DONE;
	default:
		fprintf(errors, letter == ':' ?
		    "tesserad: an option lacks its value; try --help\n" :
		    "tesserad: unknown option; try --help\n");
		return OPTIONS_WRONG;
	}
}

enum options_next
options_parse(struct options *out, int argc, char **argv, FILE *to,
    FILE *errors)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "print-config", no_argument, NULL, 'p' },
		{ "demo", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	memset(out, 0, sizeof(*out));
	optind = 0;	/* glibc: start anew */
	while ((letter = getopt_long(argc, argv, "+:", known, NULL)) != -1) {
		const enum options_next next = take_option(out, letter, to,
		    errors);

		if (next != OPTIONS_RUN)
			return next;
	}
	if (optind < argc) {
		fprintf(errors, "tesserad: what is \"%s\"? try --help\n",
		    argv[optind]);
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}

/* The file that counts, or NULL for the defaults. */
static const char *
config_path(const struct options *options)
{
	if (options->config)
		return options->config;
	return access(INSTALLED_CONFIG, F_OK) == 0 ? INSTALLED_CONFIG : NULL;
}

static enum options_next
print_config(const struct config *config, FILE *to)
{
	struct strbuf text;

	strbuf_init(&text, ERRORS_MAX);
	config_print(config, &text);
	fputs(strbuf_text(&text) ? strbuf_text(&text) : "", to);
	strbuf_clear(&text);
	return OPTIONS_DONE;
}

enum options_next
options_config(struct config *out, const struct options *options, FILE *to,
    FILE *errors)
{
	const char   *path = config_path(options);
	struct strbuf lines;
	int           err = 0;

	strbuf_init(&lines, ERRORS_MAX);
	if (path)
		err = config_load(out, path, &lines);
	else
		config_default(out);
	if (err)
		fputs(strbuf_text(&lines) ? strbuf_text(&lines) :
		    "too many errors\n", errors);
	strbuf_clear(&lines);
	if (err)
		return OPTIONS_WRONG;
	if (options->print_config)
		return print_config(out, to);
	if (options->check_config) {
		fprintf(to, "%s: in order\n", path ? path : "no file, defaults");
		return OPTIONS_DONE;
	}
	return OPTIONS_RUN;
}
