/*
 * Replays the corpus of a fuzz target without libFuzzer, in TAP.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The target fuzz_stun reads $srcdir/fuzz/corpus/stun/; a folder or files
 * may be named as arguments instead. Each input is copied to memory of its
 * exact size, so that a sanitizer sees one byte too far.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int
replay_file(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE          *file = fopen(path, "rb");
	size_t         len;
	uint8_t       *exact;

	if (file == NULL)
		return -1;
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	exact = malloc(len ? len : 1);
	if (exact == NULL)
		return -1;
	memcpy(exact, bytes, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

static int
replay_folder(const char *folder)
{
	DIR           *dir = opendir(folder);
	struct dirent *entry;
	char           path[PATH_MAX];
	int            count = 0;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (replay_file(path) == 0)
			count++;
	}
	closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(argv[0], '/');
	char        folder[PATH_MAX];
	int         count = 0;

	name = name ? name + 1 : argv[0];
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	if (argc > 1) {
		for (int i = 1; i < argc; i++) {
			const int n = replay_folder(argv[i]);

			count += n >= 0 ? n : replay_file(argv[i]) == 0;
		}
	} else {
		snprintf(folder, sizeof(folder), "%s/fuzz/corpus/%s",
		    srcdir ? srcdir : ".", name);
		count = replay_folder(folder);
	}
	printf("1..1\n%s 1 - replays the corpus of %s (%d files)\n",
	    count > 0 ? "ok" : "not ok", name, count);
	return count > 0 ? 0 : 1;
}
