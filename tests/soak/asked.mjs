// Figures that a script by hand was called with.
// SPDX-License-Identifier: GPL-3.0-or-later

/* What stands behind `name` on the command line, as a number. */
export function asked(name, otherwise) {
	const at = process.argv.indexOf(name);

	return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
