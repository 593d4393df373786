"""What the gates share: the list of files, C without its comments, and how to report.

SPDX-License-Identifier: GPL-3.0-or-later

A gate is called as `tools/check-x [TREE [BUILDDIR]]`. TREE is the source tree (default: the
one the gate lies in), BUILDDIR where it was built (default: the current folder). It prints
one line a finding, `path:line: words`, and exits 1 when one of them is a failure.
"""
import os
import re
import sys

SKIPPED = {'node_modules', '__pycache__', 'autom4te.cache', 'build-aux', 'corpus', 'data'}
TOP = ('src', 'tools', 'tests', 'fuzz', 'web', 'etc', 'contrib', 'docs', '.ci')
CODE = ('.c', '.h')


def arguments():
    """The source tree and the build folder of this call."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
    tree = sys.argv[1] if len(sys.argv) > 1 else here
    build = sys.argv[2] if len(sys.argv) > 2 else os.getcwd()
    return tree, build


def files(tree, folders=TOP, endings=None):
    """Paths under `folders`, relative to the tree, sorted; the top folder is '.'."""
    found = []
    for folder in folders:
        base = os.path.join(tree, folder)
        for where, subfolders, names in os.walk(base):
            if folder == '.':
                subfolders[:] = []
            subfolders[:] = [s for s in subfolders if s not in SKIPPED]
            found += [os.path.normpath(os.path.relpath(os.path.join(where, n), tree))
                      for n in names]
    return sorted(f for f in found if endings is None or f.endswith(endings))


def text(tree, path):
    """The text of a file, or None when it is not text."""
    with open(os.path.join(tree, path), 'rb') as stream:
        raw = stream.read()
    if b'\0' in raw:
        return None
    try:
        return raw.decode('utf-8')
    except UnicodeDecodeError:
        return None


PIECE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(source):
    """C with comments and the insides of strings blanked, line numbers kept."""
    def blank(match):
        piece = match.group(0)
        if piece[0] == '/':
            return re.sub(r'[^\n]', ' ', piece)
        return piece[0] + ' ' * (len(piece) - 2) + piece[-1]
    return PIECE.sub(blank, source)


class Report:
    """Collects findings; `end` prints the sum and gives the exit status."""

    def __init__(self, name):
        self.name = name
        self.failures = 0
        self.warnings = 0

    def fail(self, place, words):
        self.failures += 1
        print(f'{place}: {words}')

    def warn(self, place, words):
        self.warnings += 1
        print(f'{place}: warning: {words}')

    def end(self, looked_at):
        verdict = 'failed' if self.failures else 'ok'
        extra = f', {self.warnings} warnings' if self.warnings else ''
        print(f'{self.name}: {verdict} ({looked_at}, {self.failures} failures{extra})')
        return 1 if self.failures else 0
