/*
 * The command line of tesserad.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread, once. What the options say about themselves (--help) is the
 * only list of them; tesserad(8) is compared with it by a test.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "app/config.h"

#define OPTIONS_DEMO_MAX 48

struct options {
	const char *config;	/* path; NULL: the installed one, if there */
	bool        check_config;
	bool        print_config;
	unsigned    demo;	/* how many made-up people; 0: none */
};

enum options_next {
	OPTIONS_RUN,
	OPTIONS_DONE,		/* what was asked for is printed: status 0 */
	OPTIONS_WRONG,		/* what is wrong is printed: status 2 */
};

/* Reads argv; strings are borrowed. --help and --version are done here. */
enum options_next options_parse(struct options *out, int argc, char **argv,
    FILE *to, FILE *errors);

/*
 * Loads the configuration that the options name, else the installed one,
 * else the defaults; --check-config and --print-config are done here.
 */
enum options_next options_config(struct config *out,
    const struct options *options, FILE *to, FILE *errors);

#endif
