#!/usr/bin/python3
"""The HTTP interface of a real tesserad, with real processes and a worker without media.

SPDX-License-Identifier: GPL-3.0-or-later
timeout: 240

tests/control/fake_room plays the rooms: the first word of an offer says what it does.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings

BUILD = os.environ.get('builddir', '.')
# Seconds: so late a machine that stands still now and then may be.
SOON = 20
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what}: {got!r} is not {wanted!r}')


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def eventually(condition, what, seconds=SOON):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f'not within {seconds} s: {what}')


def children_of(parent):
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/status', encoding='utf-8') as f:
                if f'PPid:\t{parent}\n' in f.read():
                    found.append(pid)
        except FileNotFoundError:
            continue
    return found


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def problem(self):
        equal(self.headers['Content-Type'], 'application/problem+json')
        document = self.json()
        equal(document['status'], self.status)
        true(document['title'], 'a problem has a title')
        return document['type'].removeprefix('urn:tessera:problem:')


def session_of(reply):
    return reply.headers['Location'].rsplit('/', 1)[1]


class Stream:
    """One open stream of events."""

    def __init__(self, server, location, last=None):
        self.connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=2 * SOON)
        headers = {'Accept': 'text/event-stream'}
        if last:
            headers['Last-Event-ID'] = last
        self.connection.request('GET', f'{location}/events', headers=headers)
        self.response = self.connection.getresponse()
        equal(self.response.status, 200, 'status of a stream')
        equal(self.response.headers['Content-Type'], 'text/event-stream')
        self.last = None

    def next(self, name=None):
        """The data of the next event, of this name if one is given; None at the end."""
        fields = {}
        end = time.monotonic() + SOON
        while True:
            true(time.monotonic() < end, f'event {name} within {SOON} s')
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip('\n')
            if line.startswith(':'):
                continue
            if line:
                key, value = line.split(': ', 1)
                true(key not in fields, f'one {key} in an event')
                fields[key] = value
                continue
            if not fields:
                continue
            self.last = fields.get('id', self.last)
            if name in (None, fields['event']):
                data = json.loads(fields['data'])
                return data if name else (fields['event'], data)
            fields = {}

    def close(self):
        # http.client keeps the socket open for the response.
        self.response.close()
        self.connection.close()


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='tessera-http-')
        self.program = os.path.join(self.folder, 'tesserad')
        shutil.copy2(os.path.join(BUILD, 'tesserad'), self.program)
        os.symlink(os.path.abspath(os.path.join(BUILD, 'tests/control/fake_room')),
                   os.path.join(self.folder, 'tessera-room'))
        self.port, self.tls_port, self.admin_port = free_port(), free_port(), free_port()
        self.secrets = []
        self.config = os.path.join(self.folder, 'tesserad.yaml')
        self.write_config('debug')
        self.log_path = os.path.join(self.folder, 'log')
        self.process = self.start()
        eventually(lambda: self.get('/readyz', admin=True).status == 200, 'a spare room is ready')

    def write_config(self, level):
        with open(self.config, 'w', encoding='utf-8') as f:
            f.write(f'http_listen: "127.0.0.1:{self.port}"\n'
                    f'https_listen: "[::]:{self.tls_port}"\n'
                    f'admin_listen: "127.0.0.1:{self.admin_port}"\n'
                    f'state_dir: "{self.folder}/state/deep"\nlog_level: {level}\n'
                    'rooms_max: 60\nudp_port_min: 42000\nudp_port_max: 42199\n')

    def start(self):
        with open(self.log_path, 'ab') as log:
            process = subprocess.Popen([self.program, '--config', self.config], stderr=log,
                                       stdin=subprocess.DEVNULL)

        def answers():
            true(process.poll() is None, f'tesserad lives: {self.log()}')
            with socket.socket() as s:
                return s.connect_ex(('127.0.0.1', self.admin_port)) == 0
        eventually(answers, 'tesserad listens')
        return process

    def log(self):
        with open(self.log_path, encoding='utf-8') as f:
            return f.read()

    def request(self, method, path, body=None, headers=None, admin=False):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.admin_port if admin else self.port, timeout=2 * SOON)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None, admin=False):
        return self.request('GET', path, None, headers, admin)

    def join(self, room, offer='v=0\r\n', query='?name=Ada', how='join', headers=None):
        path = f'/v1/rooms/{room}/join{query}' if how == 'join' else f'/{how}/{room}{query}'
        reply = self.request('POST', path, offer,
                             {'Content-Type': 'application/sdp', **(headers or {})})
        if reply.status == 201:
            self.secrets.append(reply.headers['Location'].rsplit('/', 1)[1])
        return reply

    def joined(self, room, offer='v=0\r\n', **named):
        """Joins and waits until the room has said its last word about it."""
        reply = self.join(room, offer, **named)
        equal(reply.status, 201, f'join: {reply.body}')
        location, who = reply.headers['Location'], reply.headers['Tessera-Participant']
        state = {'v=0': 'here', 'wea': 'weak'}.get(offer[:3])
        if state:
            eventually(lambda: self.state(room, who) == state, f'is {state}')
        return location, who

    def state(self, room, who):
        people = self.get(f'/v1/rooms/{room}', admin=True).json()['participants']
        return [p['state'] for p in people if p['id'] == who][0]

    def patch(self, location, change):
        return self.request('PATCH', location, json.dumps(change),
                            {'Content-Type': 'application/json'})

    def raw(self, data, until_end=True):
        with socket.create_connection(('127.0.0.1', self.port), timeout=2 * SOON) as s:
            s.sendall(data)
            answer = b''
            while until_end or b'\r\n\r\n' not in answer:
                piece = s.recv(65536)
                if not piece:
                    break
                answer += piece
            return answer

    def metric(self, name):
        text = self.get('/metrics', admin=True).body.decode()
        found = re.search(rf'^{re.escape(name)} (\S+)$', text, re.M)
        true(found, f'metric {name}')
        return float(found.group(1))

    def people(self, room):
        return self.get(f'/v1/rooms/{room}/presence').json()['people']

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- pages and names ---------------

@test
def serves_the_page_and_its_files(s):
    for path in ('/', '/blue-fox', '/' + 'a' * 64):
        reply = s.get(path)
        equal(reply.status, 200, path)
        equal(reply.headers['Content-Type'], 'text/html; charset=utf-8')
        true(b'<script type="module" src="/_/js/main.js">' in reply.body, 'the page')
    equal(s.get('/_/js/main.js').headers['Content-Type'], 'text/javascript; charset=utf-8')
    equal(s.get('/_/style/tokens.css').headers['Content-Type'], 'text/css; charset=utf-8')
    for path in ('/healthz', '/_/js/main.js'):
        head, whole = s.request('HEAD', path), s.get(path)
        equal((head.status, head.body), (200, b''))
        equal(int(head.headers['Content-Length']), len(whole.body))
    equal(s.get('/healthz').body, b'ok\n')
    equal(s.get('/healthz', admin=True).status, 200)


@test
def sends_security_headers(s):
    for reply in (s.get('/'), s.get('/v1/rooms/x/presence'), s.get('/NO')):
        policy = reply.headers['Content-Security-Policy']
        for part in ("default-src 'self'", "script-src 'self'", "object-src 'none'",
                     "base-uri 'none'", "frame-ancestors 'none'", "connect-src 'self'",
                     "require-trusted-types-for 'script'", "media-src 'self' blob:"):
            true(part in policy, part)
        equal(reply.headers['X-Content-Type-Options'], 'nosniff')
        equal(reply.headers['Referrer-Policy'], 'no-referrer')
        true('camera=(self)' in reply.headers['Permissions-Policy'], 'permissions')
        true(reply.headers['Server'] is None, 'no name of the server')


@test
def lets_browsers_keep_files_but_ask(s):
    first = s.get('/_/js/main.js')
    equal(first.headers['Cache-Control'], 'no-cache')
    tag = first.headers['ETag']
    for known in (tag, f'W/{tag}', f'"other", {tag}'):
        again = s.get('/_/js/main.js', {'If-None-Match': known})
        equal((again.status, again.body), (304, b''))
    equal(s.get('/_/js/main.js', {'If-None-Match': '"other"'}).status, 200)
    equal(s.get('/v1/rooms/x/presence').headers['Cache-Control'], 'no-store')


@test
def leads_no_path_out_of_its_table(s):
    for path in ('/_/../tesserad', '/_/..%2f..%2fetc%2fpasswd', '/_/%2e%2e/x', '/_//etc/passwd',
                 '/_/js', '/_/js/', '/_/index.html%00', '/..%2f..%2fetc', '/.', '/..', '/%',
                 '/a%00', '/_/' + 'a' * 300):
        equal(s.get(path).status, 404, path)


@test
def knows_what_a_room_name_is(s):
    for name in ('whip', 'whep', 'v1', 'readyz', 'metrics', 'demo-assets', 'Blue', 'a_b',
                 'a' * 65, '%C3%A9', 'a%20b'):
        equal(s.get(f'/{name}').problem(), 'room-name', name)
        equal(s.get(f'/v1/rooms/{name}/presence').problem(), 'room-name', name)
        equal(s.join(name).problem(), 'room-name', name)
    for path in ('/Blue', '/a_b', '/whip', '/blue/'):
        page = s.get(path, headers={'Accept': 'text/html,*/*;q=0.8'})
        equal(page.status, 200, 'people have words from the page')
        true(b'<!doctype html>' in page.body[:20].lower(), path)


# ---- joining ---------------

@test
def answers_a_join(s):
    equal(s.get('/v1/rooms/first/presence').json(), {'room': 'first', 'people': 0})
    reply = s.join('first', query='?name=Ada%20Lovelace&max=360p')
    equal(reply.status, 201)
    equal(reply.headers['Content-Type'], 'application/sdp')
    true(re.fullmatch(r'/v1/sessions/[A-Za-z0-9_-]{43}', reply.headers['Location']), 'Location')
    true(re.fullmatch(r'[0-9a-f]{8}', reply.headers['Tessera-Participant']), 'participant')
    true(re.fullmatch(r'"[0-9a-f]{16}"', reply.headers['ETag']), 'ETag')
    true(b'a=x-direction:0\r\na=x-height:360\r\na=x-up:0\r\n' in reply.body, 'direction and size')
    equal(s.people('first'), 1)
    equal(s.get('/v1/rooms', admin=True).json()['rooms'][0]['name'], 'first')
    room = s.get('/v1/rooms/first', admin=True).json()
    equal((room['people'], room['watchers']), (1, 0))
    equal(room['participants'][0]['name'], 'Ada Lovelace')
    equal(room['figures']['frames_encoded'], 1000)
    equal(s.get('/v1/rooms').status, 404, 'the list of rooms is not for all')
    equal(s.request('DELETE', reply.headers['Location']).status, 200)
    equal(s.people('first'), 0)


@test
def makes_whip_send_and_whep_watch(s):
    send = s.join('ways', how='whip', query='?up=40')
    watch = s.join('ways', how='whep')
    true(b'a=x-direction:1\r\na=x-height:720\r\na=x-up:40\r\n' in send.body, 'WHIP sends')
    true(b'a=x-direction:2\r\n' in watch.body, 'WHEP watches')
    room = s.get('/v1/rooms/ways', admin=True).json()
    equal((room['people'], room['watchers']), (1, 1))
    equal(s.people('ways'), 1)
    stream = Stream(s, '/v1/sessions/' + session_of(send))
    equal(len(stream.next('snapshot')['people']), 1)
    stream.close()


@test
def cleans_names(s):
    for sent, kept in (('Ada%0d%0aSet-Cookie:%20x=1', 'AdaSet-Cookie: x=1'),
                       ('%E2%80%AEevil%E2%80%AC', 'evil'), ('%20%20', 'Guest'), ('', 'Guest'),
                       ('%3Cscript%3E', '<script>'), ('a' * 100, 'a' * 64),
                       ('%F0%9F%91%A9' * 70, '\U0001f469' * 64)):
        location, who = s.joined('names', query=f'?name={sent}')
        people = s.get('/v1/rooms/names', admin=True).json()['participants']
        equal([p['name'] for p in people if p['id'] == who], [kept])
        stream = Stream(s, location)
        snapshot = stream.next('snapshot')
        equal([p['name'] for p in snapshot['people'] if p['id'] == who], [kept])
        stream.close()
        s.request('DELETE', location)
    true('\r' not in s.log() and '\u202e' not in s.log(), 'clean lines in the log')


# ---- the table of problems ---------------

@test
def answers_each_problem_of_the_table(s):
    location, _ = s.joined('table')
    sdp = {'Content-Type': 'application/sdp'}
    fragment = {'Content-Type': 'application/trickle-ice-sdpfrag'}
    rows = [
        (404, 'room-name', s.get('/v1')),
        (404, 'not-found', s.get('/a/b')),
        (404, 'not-found', s.get('/_/nothing.js')),
        (404, 'not-found', s.request('DELETE', '/v1/sessions/' + 'a' * 43)),
        (404, 'not-found', s.get('/v1/sessions/' + 'a' * 43 + '/events')),
        (404, 'not-found', s.get('/v1/rooms/nobody', admin=True)),
        (406, 'not-acceptable', s.join('table', headers={'Accept': 'text/html, text/*;q=0.5'})),
        (406, 'not-acceptable', s.join('table', headers={'Accept': '*/*, application/sdp; q=0'})),
        (406, 'not-acceptable', s.join('table', headers={'Accept': 'application/*;q=0.000'})),
        (412, 'precondition',
         s.request('PATCH', location, 'a=x', {**fragment, 'If-Match': '"other"'})),
        (413, 'too-large', s.join('table', 'v' * (64 * 1024 + 1))),
        (415, 'media-type',
         s.request('POST', '/whip/table', 'v=0', {'Content-Type': 'text/plain'})),
        (415, 'media-type', s.request('POST', '/whep/table', 'v=0')),
        (415, 'media-type', s.request('PATCH', location, '{}', sdp)),
        (400, 'bad-request', s.join('table', query='?max=361p')),
        (400, 'bad-request', s.join('table', query='?up=0')),
        (400, 'bad-request', s.join('table', query='?up=40k')),
        (400, 'bad-request', s.join('table', query='?up=1234567890')),
        (400, 'bad-request', s.join('table', query='?name=%zz')),
        (400, 'bad-request', s.join('table', query='?name=%ff')),
        (400, 'bad-request', s.join('table', query='?name=a&name=b')),
        (400, 'bad-request', s.join('table', query='?name=' + 'a' * 2000)),
        (400, 'bad-request', s.patch(location, {'mic': 1})),
        (400, 'bad-request', s.patch(location, {'nonsense': True})),
        (400, 'bad-request', s.patch(location, [[[]]])),
        (422, 'bad-offer', s.join('table', 'bad\r\n')),
        (422, 'bad-offer', s.join('table', '')),
        (422, 'bad-offer', s.join('table', 'v=0\0\r\n')),
        (428, 'precondition-required', s.request('PATCH', location, 'a=x', fragment)),
        (503, 'busy', s.join('table', 'full\r\n')),
        (503, 'room-failed', s.join('doomed', 'die\r\n')),
    ]
    for status, kind, reply in rows:
        equal((reply.status, reply.problem()), (status, kind))
        if status == 503:
            true(int(reply.headers['Retry-After']) > 0, 'Retry-After')
    equal(s.join('table', 'bad\r\n').json()['detail'], 'There is no audio in it.')


@test
def tells_which_methods_there_are(s):
    for method, path, allowed in (('PUT', '/v1/sessions/x', 'PATCH, DELETE'),
                                  ('GET', '/v1/rooms/x/join', 'POST'),
                                  ('DELETE', '/blue', 'GET, HEAD'),
                                  ('OPTIONS', '/v1/rooms/x/join', 'POST'),
                                  ('PATCH', '/whip/x', 'GET, HEAD, POST, OPTIONS'),
                                  ('POST', '/whip/x/y', 'GET, HEAD, PATCH, DELETE, OPTIONS'),
                                  ('PUT', '/whep/x', 'GET, HEAD, POST, OPTIONS')):
        reply = s.request(method, path)
        equal((reply.status, reply.problem(), reply.headers['Allow']), (405, 'method', allowed))
    equal(s.request('BREW', '/').problem(), 'not-implemented')
    equal(s.request('TRACE', '/').status, 501)


@test
def gives_up_on_a_mute_room_after_five_seconds(s):
    start = time.monotonic()
    reply = s.join('mute', 'mute\r\n')
    equal((reply.status, reply.problem()), (504, 'timeout'))
    true(4.8 < time.monotonic() - start < SOON, 'five seconds')
    equal(s.join('mute').status, 201, 'the room lives on')


@test
def forgets_a_requester_that_went_away(s):
    with socket.create_connection(('127.0.0.1', s.port)) as connection:
        connection.sendall(b'POST /v1/rooms/leaver/join HTTP/1.1\r\nHost: a\r\nContent-Type: '
                           b'application/sdp\r\nContent-Length: 4\r\n\r\nmute')
        eventually(lambda: any(r['name'] == 'leaver' for r in
                               s.get('/v1/rooms', admin=True).json()['rooms']), 'the room opens')
    eventually(lambda: s.metric('tessera_http_connections') <= 1, 'the connection ends')
    equal(s.people('leaver'), 0)


# ---- events ---------------

@test
def tells_what_happens(s):
    location, ada = s.joined('events', query='?name=Ada')
    stream = Stream(s, location)
    snapshot = stream.next('snapshot')
    equal(snapshot['room'], 'events')
    equal(snapshot['you'], ada)
    equal(snapshot['people'], [{'id': ada, 'name': 'Ada', 'mic': True, 'camera': True,
                                'state': 'here', 'sends': True}])
    equal(snapshot['speaking'], [ada])
    equal(snapshot['tilemap']['canvas'], [1280, 720])
    equal(snapshot['tilemap']['tiles'], [{'id': ada, 'x': 0, 'y': 0, 'w': 0.25, 'h': 0.25}])
    bobs, bob = s.joined('events', query='?name=Bob')
    joined = stream.next('roster')
    equal((joined['op'], joined['person']['id'], joined['person']['state']),
          ('joined', bob, 'joining'))
    equal(len(stream.next('tilemap')['tiles']), 2)
    equal(stream.next('speaking'), {'ids': [bob]})
    equal(stream.next('roster')['person']['state'], 'here')
    equal(s.patch(bobs, {'name': ' Bobby\u202e ', 'camera': False, 'max': '180p'}).status, 204)
    changed = stream.next('roster')
    equal(changed['op'], 'changed')
    equal((changed['person']['name'], changed['person']['camera'], changed['person']['mic']),
          ('Bobby', False, True))
    equal(s.request('DELETE', bobs).status, 200)
    left = stream.next('roster')
    equal((left['op'], left['person']['id']), ('left', bob))
    equal(len(stream.next('tilemap')['tiles']), 1)
    equal(s.request('DELETE', location).status, 200)
    equal(stream.next(), ('ended', {'reason': 'left'}))
    equal(stream.next(), None)
    equal(s.request('DELETE', location).status, 404)
    equal(s.get(location + '/events').status, 404)


@test
def tells_each_of_their_own_line_only(s):
    location, _ = s.joined('lines', query='?name=Ada')
    bobs, _ = s.joined('lines', query='?name=Bob')
    ada, bob = Stream(s, location), Stream(s, bobs)
    ada.next('snapshot')
    bob.next('snapshot')
    last = bob.last
    equal(s.patch(bobs, {'name': 'thin'}).status, 204)
    equal(bob.next('quality'), {
        'reason': 'downlink-rate',
        'words': 'Your line carries 520 kbit/s, so you get a smaller picture.',
        'rtt_ms': 80, 'up': {'kbps': 90, 'loss': 0.0, 'wanted_kbps': 150, 'line_kbps': 0},
        'down': {'kbps': 170, 'loss': 0.102, 'height': 180, 'fps': 15, 'line_kbps': 520}})
    equal(s.patch(bobs, {'name': 'Bob'}).status, 204)
    # It is old news at once, so it is not kept for who comes back.
    equal(int(bob.last.split('-')[1]), int(last.split('-')[1]) + 1)
    kinds = []
    while 'roster' not in kinds:
        kinds.append(ada.next()[0])
    equal(kinds, ['roster'])
    equal(ada.next('roster')['person']['name'], 'Bob')
    ada.close()
    bob.close()


@test
def gives_back_what_was_missed(s):
    location, _ = s.joined('missed')
    stream = Stream(s, location)
    stream.next('snapshot')
    last = stream.last
    stream.close()
    s.joined('missed', query='?name=Late')
    again = Stream(s, location, last)
    equal(again.next()[1]['person']['name'], 'Late')
    again.next('roster')
    middle = again.last
    again.close()
    nothing = Stream(s, location, middle)
    s.joined('missed', query='?name=Later')
    equal(nothing.next()[1]['person']['name'], 'Later')
    nothing.close()
    for unknown in (last[:-1] + '999999', '00000000-1', 'x', '1-1', last + 'x'):
        other = Stream(s, location, unknown)
        equal(other.next()[0], 'snapshot', unknown)
        other.close()


@test
def sends_a_snapshot_when_too_much_was_missed(s):
    location, _ = s.joined('burst')
    stream = Stream(s, location)
    stream.next('snapshot')
    last = stream.last
    s.patch(location, {'name': 'burst'})
    for _ in range(300):
        stream.next('tilemap')
    true(int(stream.last.split('-')[1]) >= int(last.split('-')[1]) + 300, 'ids count up')
    stream.close()
    again = Stream(s, location, last)
    kind, data = again.next()
    equal((kind, data['tilemap']['version']), ('snapshot', 301))
    again.close()


@test
def keeps_two_streams_of_a_session(s):
    location, _ = s.joined('streams')
    streams = [Stream(s, location) for _ in range(3)]
    for stream in streams[1:]:
        equal(stream.next()[0], 'snapshot')
    streams[0].next('snapshot')
    equal(streams[0].next(), None, 'the oldest ends')
    s.patch(location, {'mic': False})
    for stream in streams[1:]:
        equal(stream.next('roster')['person']['mic'], False)
        stream.close()


@test
def pings(s):
    location, _ = s.joined('pings')
    with socket.create_connection(('127.0.0.1', s.port), timeout=2 * SOON) as connection:
        connection.sendall(f'GET {location}/events HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
        text, start = b'', time.monotonic()
        while b': ping\n\n' not in text:
            piece = connection.recv(65536)
            true(piece, 'the stream stays')
            text += piece
        true(9 < time.monotonic() - start < SOON, 'after ten seconds')


# ---- coming back, going away ---------------

@test
def lets_nobody_new_in_while_the_rooms_take_all_processors(s):
    process, port = second_server(s)

    def join(name, offer='v=0\r\n', resume=''):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=2 * SOON)
        connection.request('POST', f'/v1/rooms/{name}/join', offer, {
            'Content-Type': 'application/sdp', **({'Tessera-Resume': resume} if resume else {})})
        return Reply(connection.getresponse())

    eventually(lambda: 'listening on port' in second_log(s), 'it listens')
    first = join('heavy', 'busy\r\n')
    equal(first.status, 201)
    session = first.headers['Location'].rsplit('/', 1)[1]
    eventually(lambda: join('other').status == 503, 'newcomers are refused')
    refused = join('heavy')
    equal(refused.status, 503)
    equal(refused.problem(), 'busy')
    equal(refused.headers['Retry-After'], '5')
    equal(join('heavy', resume='x' * 43).status, 503)
    equal(join('other', resume=session).status, 503, 'who is in a room is a newcomer in others')
    again = join('heavy', 'busy\r\n', session)
    equal(again.status, 201, 'who is in it may come back')
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=2 * SOON)
    connection.request('DELETE', again.headers['Location'])
    equal(Reply(connection.getresponse()).status, 200)
    eventually(lambda: join('other').status == 201, 'and when it is calm all may')
    process.send_signal(signal.SIGTERM)
    equal(process.wait(SOON), 0)


@test
def resumes_as_the_same_person(s):
    location, who = s.joined('resume')
    old = Stream(s, location)
    old.next('snapshot')
    session = {'Tessera-Resume': location.rsplit('/', 1)[1]}
    fresh, again = s.joined('resume', headers=session)
    equal(again, who)
    true(fresh != location, 'a new session')
    equal(old.next('ended'), {'reason': 'replaced'})
    equal(s.get(location + '/events').status, 404)
    equal(s.people('resume'), 1)
    _, stranger = s.joined('elsewhere', headers={'Tessera-Resume': fresh.rsplit('/', 1)[1]})
    true(stranger != who, 'only in the same room')
    equal(s.people('resume'), 1)
    bad = s.join('resume', 'bad\r\n', headers={'Tessera-Resume': fresh.rsplit('/', 1)[1]})
    equal(bad.status, 422)
    equal(s.patch(fresh, {'mic': False}).status, 204, 'who cannot come back stays as he is')
    _, once_more = s.joined('resume', headers={'Tessera-Resume': fresh.rsplit('/', 1)[1]})
    equal(once_more, who, 'after a try that failed')
    _, other = s.joined('resume', headers={'Tessera-Resume': 'x' * 5000})
    true(other != who, 'nonsense resumes nobody')


@test
def shows_nobody_who_is_away(s):
    watcher, _ = s.joined('away', query='?name=Watcher')
    stream = Stream(s, watcher)
    stream.next('snapshot')
    location, who = s.joined('away', 'away\r\n')

    def roster():
        while True:
            event = stream.next('roster')
            if event['person']['id'] == who:
                return event['op']
    equal(roster(), 'joined')
    equal(roster(), 'changed', 'here')
    equal(roster(), 'left', 'away')
    equal(s.people('away'), 1)
    page = Stream(s, location)
    equal([p['name'] for p in page.next('snapshot')['people']], ['Watcher'])
    equal(s.patch(location, {'mic': False}).status, 204, 'his session lives')
    equal(roster(), 'joined', 'back')
    equal(s.people('away'), 2)
    page.close()
    stream.close()


@test
def restarts_ice(s):
    location, _ = s.joined('ice')
    tag = s.join('ice').headers
    location, tag = tag['Location'], tag['ETag']
    sent = {'Content-Type': 'application/trickle-ice-sdpfrag'}

    def patch(text, match):
        return s.request('PATCH', location, text, {**sent, 'If-Match': match})
    for match in (tag, '*', '"*"', f'"other", {tag}'):
        candidates = patch('a=candidate', match)
        equal((candidates.status, candidates.body), (204, b''))
        equal(candidates.headers['ETag'], None)
    fresh = patch('restart', '*')
    equal((fresh.status, fresh.headers['Content-Type']), (200, sent['Content-Type']))
    equal(fresh.body, b'a=ice-lite\r\na=ice-pwd:canned-secret-fragment\r\n')
    true(re.fullmatch(r'"[0-9a-f]{16}"', fresh.headers['ETag']), 'an ETag')
    true(fresh.headers['ETag'] != tag, 'a new one')
    equal(patch('a=candidate', tag).problem(), 'precondition')
    equal(patch('a=candidate', 'W/' + fresh.headers['ETag']).problem(), 'precondition')
    again = patch('restart', fresh.headers['ETag'])
    equal(again.status, 200, 'credentials that are new are a restart')
    bad = patch('bad', '*')
    equal((bad.status, bad.problem()), (400, 'bad-request'))
    equal(bad.json()['detail'], 'It has half of the credentials.')
    equal(patch('', '*').problem(), 'bad-request')
    equal(patch('a\0', '*').problem(), 'bad-request')
    equal(patch('a=candidate', again.headers['ETag']).status, 204, 'no harm done')
    # The session ends while the room is asked.
    with socket.create_connection(('127.0.0.1', s.port), timeout=2 * SOON) as connection:
        connection.sendall(f'PATCH {location} HTTP/1.1\r\nHost: a\r\nIf-Match: *\r\nContent-Type: '
                           'application/trickle-ice-sdpfrag\r\nContent-Length: 4\r\n\r\n'
                           'mute'.encode())
        eventually(lambda: s.metric('tessera_http_connections') > 1, 'it is under way')
        equal(s.request('DELETE', location).status, 200)
        true(b' 404 ' in connection.recv(65536).split(b'\r\n')[0], 'there is no such session')
    last, _ = s.joined('ice')
    location = last
    start = time.monotonic()
    mute = patch('mute', '*')
    equal((mute.status, mute.problem()), (504, 'timeout'))
    true(4.8 < time.monotonic() - start < SOON, 'five seconds')
    dead = patch('die', '*')
    equal((dead.status, dead.problem()), (503, 'room-failed'))


def join_again(s, room, old):
    """Like a page: a 503 of a room that is just dying is tried again."""
    for _ in range(50):
        reply = s.join(room, headers={'Tessera-Resume': session_of(old)})
        if reply.status != 503:
            break
        time.sleep(0.1)
    equal(reply.status, 201)
    return reply


@test
def gives_places_that_are_kept(s):
    def place(reply):
        return int(re.search(rb'x-place:(\d+)', reply.body).group(1))
    ada, bob, eve = (s.join('places') for _ in range(3))
    equal([place(x) for x in (ada, bob, eve)], [0, 1, 2])
    again = s.join('places', headers={'Tessera-Resume': session_of(bob)})
    equal(place(again), 1, 'who comes back has his place')
    s.patch(ada.headers['Location'], {'name': 'die'})
    late = join_again(s, 'places', eve)
    equal(place(late), 2, 'after the death of the room, too')
    equal(place(s.join('places')), 3, 'nobody gets the place of another')
    back = s.join('places', headers={'Tessera-Resume': session_of(ada)})
    equal(place(back), 0)
    equal(back.headers['Tessera-Participant'], ada.headers['Tessera-Participant'])


@test
def closes_a_room_that_fails_three_times(s):
    location, who = s.joined('cursed')
    for _ in range(2):
        stream = Stream(s, location)
        stream.next('snapshot')
        s.patch(location, {'name': 'die'})
        equal(stream.next('ended'), {'reason': 'room-failed'})
        stream.close()
        location, again = s.joined('cursed', headers={
            'Tessera-Resume': location.rsplit('/', 1)[1]})
        equal(again, who)
    stream = Stream(s, location)
    stream.next('snapshot')
    s.patch(location, {'name': 'die'})
    equal(stream.next('ended'), {'reason': 'room-closed'})
    equal(stream.next(), None)
    for how in ('join', 'whip', 'whep'):
        closed = s.join('cursed', how=how)
        equal((closed.status, closed.problem()), (503, 'room-failed'))
        true(50 <= int(closed.headers['Retry-After']) <= 60, 'for a minute')
        true('three times' in closed.json()['detail'], 'words')
    equal(s.get('/v1/rooms/cursed', admin=True).status, 404)
    equal(s.people('cursed'), 0)
    equal(s.join('blessed').status, 201, 'others open')


@test
def survives_the_death_of_a_room(s):
    location, who = s.joined('mortal')
    lasting, _ = s.joined('lasting')
    stream, other = Stream(s, location), Stream(s, lasting)
    stream.next('snapshot')
    other.next('snapshot')
    s.patch(location, {'name': 'die'})
    equal(stream.next('ended'), {'reason': 'room-failed'})
    equal(stream.next(), None)
    _, again = s.joined('mortal', headers={'Tessera-Resume': location.rsplit('/', 1)[1]})
    equal(again, who, 'the same person in the new room')
    s.patch(lasting, {'mic': False})
    equal(other.next('roster')['person']['mic'], False, 'other rooms go on')
    other.close()


@test
def kills_a_worker_that_lies(s):
    before = s.metric('tessera_workers_killed_total{reason="wrong"}')
    equal(s.join('liar', 'wrong\r\n').problem(), 'room-failed')
    equal(s.metric('tessera_workers_killed_total{reason="wrong"}'), before + 1)
    equal(s.join('liar').status, 201)


@test
def says_goodbye_for_those_who_were_lost(s):
    watcher, _ = s.joined('lost', query='?name=Watcher')
    stream = Stream(s, watcher)
    stream.next('snapshot')
    for offer, reason in (('lost', 'gone'), ('left', 'left')):
        location, who = s.joined('lost', offer + '\r\n')
        while True:
            event = stream.next('roster')
            if event['op'] == 'left':
                break
        equal(event['person']['id'], who)
        equal(s.get(location + '/events').status, 404)
        true(f'{who} leaves ({reason})' in s.log(), reason)
    location, who = s.joined('lost', 'weak\r\n')
    page = Stream(s, location)
    equal(page.next('snapshot')['people'][-1]['state'], 'weak')
    page.close()
    start = time.monotonic()
    while True:
        event = stream.next('roster')
        if event['op'] == 'left':
            break
    equal(event['person']['id'], who)
    true(1.5 < time.monotonic() - start < SOON, 'two seconds after its stream ended')
    _, again = s.joined('lost', headers={'Tessera-Resume': location.rsplit('/', 1)[1]})
    equal(again, who)
    stream.close()


@test
def ends_a_room_ten_seconds_after_the_last(s):
    location, _ = s.joined('brief')
    s.request('DELETE', location)
    start = time.monotonic()
    eventually(lambda: s.get('/v1/rooms/brief', admin=True).status == 404, 'the room ends', SOON)
    true(9 < time.monotonic() - start, 'ten seconds')
    # More than the five that an answer may take have passed since he went away.
    true('room leaver: no answer' not in s.log(), 'nobody waits for who went away')


# ---- other origins, other ways in ---------------

@test
def opens_only_whip_and_whep_to_other_origins(s):
    origin = {'Origin': 'https://elsewhere.example'}
    for way in ('whip', 'whep'):
        reply = s.request('OPTIONS', f'/{way}/cors', headers={
            **origin, 'Access-Control-Request-Method': 'POST'})
        equal((reply.status, reply.body), (200, b''))
        equal(reply.headers['Access-Control-Allow-Origin'], '*')
        equal(reply.headers['Accept-Post'], 'application/sdp')
        true('Content-Type' in reply.headers['Access-Control-Allow-Headers'], 'content type')
        shown = s.get(f'/{way}/cors', origin)
        equal((shown.status, shown.body), (204, b''), 'GET has nothing to show')
        equal(s.request('HEAD', f'/{way}/cors').status, 204)
        equal(s.get(f'/{way}/Cors').problem(), 'room-name')
        for offer in ('v=0', 'bad'):
            equal(s.join('cors', offer, how=way, headers=origin)
                  .headers['Access-Control-Allow-Origin'], '*')
    for way, other in (('whip', 'whep'), ('whep', 'whip')):
        made = s.join('cors', how=way, headers=origin)
        location = made.headers['Location']
        true(re.fullmatch(rf'/{way}/cors/[A-Za-z0-9_-]{{43}}', location), location)
        equal(made.headers['Accept-Patch'], 'application/trickle-ice-sdpfrag')
        exposed = made.headers['Access-Control-Expose-Headers'].lower()
        for name in ('location', 'etag', 'accept-patch', 'retry-after', 'link'):
            true(name in exposed, name)
        asked = s.request('OPTIONS', location, headers={
            **origin, 'Access-Control-Request-Method': 'PATCH'})
        equal((asked.status, asked.body), (200, b''))
        for method in ('PATCH', 'DELETE'):
            true(method in asked.headers['Access-Control-Allow-Methods'], method)
        for name in ('content-type', 'if-match', 'authorization'):
            true(name in asked.headers['Access-Control-Allow-Headers'].lower(), name)
        sent = {**origin, 'If-Match': '*'}
        fragment = {**sent, 'Content-Type': 'application/trickle-ice-sdpfrag'}
        patched = s.request('PATCH', location, 'restart', fragment)
        equal(patched.status, 200)
        json_type = s.request('PATCH', location, '{}', {
            **sent, 'Content-Type': 'application/json'})
        equal((json_type.status, json_type.headers['Accept-Patch']),
              (415, 'application/trickle-ice-sdpfrag'))
        missing = s.request('PATCH', location, 'x', {
            **origin, 'Content-Type': fragment['Content-Type']})
        wrong = s.request('DELETE', location.replace('cors', 'other'), headers=origin)
        elsewhere = s.request('DELETE', location.replace(way, other), headers=origin)
        equal((missing.status, wrong.status, elsewhere.status), (428, 404, 404))
        shown = s.get(location, origin)
        equal((shown.status, shown.body), (204, b''))
        ended = s.request('DELETE', location, headers={**origin, 'If-Match': '"old"'})
        equal(ended.status, 200, 'no tag matters to DELETE')
        gone = s.request('DELETE', location, headers=origin)
        equal(gone.status, 404)
        for reply in (asked, patched, json_type, missing, wrong, elsewhere, shown, ended, gone):
            equal(reply.headers['Access-Control-Allow-Origin'], '*')
    location = s.join('cors', headers=origin).headers['Location']
    for reply in (s.join('cors', headers=origin), s.get('/', origin), s.patch(location, {}),
                  s.request('OPTIONS', '/v1/rooms/cors/join', headers=origin),
                  s.request('OPTIONS', location, headers=origin),
                  s.get('/v1/rooms/cors/presence', origin)):
        true(not [h for h in reply.headers if h.lower().startswith('access-control')],
             f'no CORS: {reply.headers}')


@test
def answers_the_operator_by_address_only(s):
    port = s.admin_port
    for host in (f'127.0.0.1:{port}', 'localhost', f'LOCALHOST:{port}', '[::1]', '10.0.0.7:80'):
        equal(s.get('/v1/rooms', {'Host': host}, admin=True).status, 200, host)
    for host in ('evil.example', f'evil.example:{port}', 'localhost.evil.example', '127.0.0.1.evil',
                 'localhost:80a', '127.0.0.1@evil', '[::1', ''):
        for path in ('/v1/rooms', '/metrics', '/readyz', '/nothing'):
            reply = s.get(path, {'Host': host}, admin=True)
            equal((reply.status, reply.problem()), (421, 'misdirected'), host)
    equal(s.get('/healthz', {'Host': 'meet.example'}).status, 200, 'people come by any name')


@test
def lets_no_second_request_hide_in_a_first(s):
    hidden = b'GET /healthz HTTP/1.1\r\nHost: hidden\r\n\r\n'
    post = b'POST /v1/rooms/smuggle/join HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n'
    before = s.metric('tessera_http_refused_total')
    rows = [
        (post + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', b' 400 '),
        (post + b'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n', b' 400 '),
        (post + b'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', b' 411 '),
        (post + b'Transfer-Encoding: xchunked\r\n\r\n', b' 411 '),
        (post + b'Content-Length: 0\r\nContent-Length: 40\r\n\r\n', b' 400 '),
        (post + b'Content-Length: 0\r\ncontent-length: 0\r\n\r\n', b' 400 '),
        (post + b'Content-Length : 40\r\n\r\n', b' 400 '),
        (post + b'Content-Length: +0\r\n\r\n', b' 400 '),
        (post + b'X: a\rContent-Length: 40\r\n\r\n', b' 400 '),
        (post + b'X: a\nContent-Length: 40\r\n\r\n', b' 400 '),
        (post + b'X: a\r\n Content-Length: 40\r\n\r\n', b' 400 '),
        (post + b'X: a\0b\r\nContent-Length: 0\r\n\r\n', b' 400 '),
        (b'HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 39\r\n\r\n', b' 400 '),
        (b'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', b' 400 '),
        (b'GET //a/b HTTP/1.1\r\nHost: a\r\n\r\n', b' 400 '),
        (b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', b' 400 '),
        (b'GET / HTTP/1.1\r\n\r\n', b' 400 '),
        (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b' 400 '),
        (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', b' 400 '),
        (b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'a' * 20000 + b'\r\n\r\n', b' 431 '),
        (b'GET / HTTP/1.1\r\nHost: a\r\n' + b'X: a\r\n' * 70 + b'\r\n', b' 431 '),
        (b'GET / HTTP/1.1\r\nHost: a\r\nExpect: nothing\r\n\r\n', b' 417 '),
    ]
    for request, status in rows:
        answer = s.raw(request + hidden)
        true(status in answer.split(b'\r\n')[0], f'{request[-60:]}: {answer[:60]}')
        equal(answer.count(b'HTTP/1.1 '), 1, f'one answer to {request[-60:]}')
        true(b'Connection: close' in answer, 'and the end')
    equal(s.metric('tessera_http_refused_total'), before + len(rows))
    equal(s.people('smuggle'), 0)
    equal(s.raw(b'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n' + hidden).count(b'HTTP/1.1 '), 1)


@test
def ends_slow_requests_at_their_deadline(s):
    times = {}

    def slow(name, request, drip):
        with socket.create_connection(('127.0.0.1', s.port), timeout=60) as connection:
            start = time.monotonic()
            connection.sendall(request)
            connection.settimeout(0.5)
            while time.monotonic() - start < 50:
                try:
                    connection.sendall(drip)
                    if not connection.recv(1000):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            times[name] = time.monotonic() - start

    threads = [threading.Thread(target=slow, args=row) for row in (
        ('head', b'GET / HTTP/1.1\r\n', b'X: a\r\n'),
        ('body', b'POST /whip/slow HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n'
         b'Content-Length: 1000\r\n\r\n', b'v'))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    true(9.5 < times['head'] < 28, f'head: {times["head"]}')
    true(29 < times['body'] < 49, f'body: {times["body"]}')


@test
def speaks_tls_of_today_with_its_own_certificate(s):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection('127.0.0.1', s.tls_port, context=context,
                                             timeout=2 * SOON)
    connection.request('GET', '/v1/rooms/tls/presence')
    equal(connection.getresponse().read(), b'{"room":"tls","people":0}')
    true(connection.sock.version() in ('TLSv1.2', 'TLSv1.3'), 'TLS version')
    connection.close()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers('ALL:@SECLEVEL=0')
    try:
        with socket.create_connection(('127.0.0.1', s.tls_port)) as raw:
            old.wrap_socket(raw)
        raise AssertionError('TLS 1.1 was accepted')
    except ssl.SSLError as error:
        true('PROTOCOL_VERSION' in str(error).upper(), f'refused for its version: {error}')
    folder = os.path.join(s.folder, 'state/deep')
    equal(stat.S_IMODE(os.stat(f'{folder}/tls-key.pem').st_mode), 0o600)
    with open(f'{folder}/tls-certificate.pem', encoding='utf-8') as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    for what, part in (('P-256', bytes.fromhex('06082a8648ce3d030107')),
                       ('ecdsa-with-SHA256', bytes.fromhex('06082a8648ce3d040302')),
                       ('a name', b'localhost'), ('an address', b'\x87\x04\x7f\0\0\1')):
        true(part in der, what)
    # Plain HTTP on the TLS port, and bytes of no protocol, end the connection only.
    for junk in (b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', os.urandom(300)):
        with socket.create_connection(('127.0.0.1', s.tls_port), timeout=2 * SOON) as raw:
            raw.sendall(junk)
            try:
                while raw.recv(1000):
                    pass
            except ConnectionResetError:
                pass


@test
def takes_many_streams_of_one_address(s):
    location, _ = s.joined('many')
    others = [s.joined('many')[0] for _ in range(40)]
    streams = [Stream(s, other) for other in others]
    s.patch(location, {'mic': False})
    for stream in streams:
        while stream.next('roster')['person']['mic']:
            pass
        stream.close()


# ---- the process ---------------

@test
def keeps_secrets_out_of_its_log(s):
    log = s.log()
    true(len(s.secrets) > 50 and 'debug' in log, 'there was something to log')
    for secret in s.secrets + ['canned-secret', 'v=0', 'ice-pwd', '?name', 'max=361p']:
        true(secret not in log, f'{secret} in the log')
    true('POST /v1/rooms/{room}/join 201' in log, 'requests by their pattern')


@test
def leaves_no_core_with_its_secrets(s):
    with open(f'/proc/{s.process.pid}/limits', encoding='utf-8') as f:
        true(re.search(r'^Max core file size +0 +0 ', f.read(), re.M), 'no core file')


@test
def shows_figures_without_names(s):
    s.joined('figures', query='?name=Unforgettable')
    text = s.get('/metrics', admin=True)
    equal(text.headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
    body = text.body.decode()
    true('Unforgettable' not in body and not any(x in body for x in s.secrets), 'no names, no ids')
    equal(s.metric('tessera_room_frames_encoded_total{room="figures"}'), 1000)
    true(s.metric('tessera_frames_encoded_total') > 3000, 'sums with rooms that ended')
    equal(s.metric('tessera_room_cpu_seconds_total{room="figures",stage="net"}'), 1.5)
    true(s.metric('process_open_fds') > 5 and s.metric('process_resident_memory_bytes') > 1e6,
         'of the process')
    eventually(lambda: s.metric('tessera_spare_rooms') >= 1, 'spares')


@test
def says_which_key_to_change_when_a_port_is_taken(s):
    config = os.path.join(s.folder, 'second.yaml')
    for key, port in (('http_listen', s.port), ('admin_listen', s.admin_port)):
        with open(config, 'w', encoding='utf-8') as f:
            for other in ('http_listen', 'admin_listen'):
                f.write(f'{other}: "127.0.0.1:{port if other == key else free_port()}"\n')
            f.write(f'https_listen: ""\nstate_dir: "{s.folder}"\n')
        second = subprocess.run([s.program, '--config', config], capture_output=True, check=False,
                                text=True, timeout=20)
        equal(second.returncode, 1)
        true(f'127.0.0.1:{port} is in use' in second.stderr and f'the key {key}' in second.stderr,
             second.stderr)


def second_server(s, options=(), program=None, **keys):
    """Another tesserad beside the first: process and the port of its pages."""
    config = os.path.join(s.folder, 'second.yaml')
    port = free_port()
    keys = {'http_listen': f'127.0.0.1:{port}', 'admin_listen': '', 'https_listen': '',
            'state_dir': s.folder, **keys}
    with open(config, 'w', encoding='utf-8') as f:
        f.write('udp_port_min: 43000\nudp_port_max: 43199\n')
        for key, value in keys.items():
            f.write(f'{key}: "{value}"\n')
    with open(f'{s.folder}/second.log', 'wb') as log:
        process = subprocess.Popen([program or s.program, '--config', config, *options],
                                   stderr=log)
    return process, port


def second_log(s):
    with open(f'{s.folder}/second.log', encoding='utf-8') as f:
        return f.read()


@test
def lets_no_more_rooms_wait_than_may_open(s):
    folder = f'{s.folder}/stuck'
    os.mkdir(folder)
    program = shutil.copy2(s.program, folder)
    with open(f'{folder}/tessera-room', 'w', encoding='utf-8') as f:
        f.write('#!/bin/sh\nexec sleep 1000\n')
    os.chmod(f'{folder}/tessera-room', 0o755)
    process, port = second_server(s, program=program, rooms_max=2)

    def join(name):
        connection = socket.create_connection(('127.0.0.1', port), timeout=2 * SOON)
        connection.sendall(f'POST /v1/rooms/{name}/join HTTP/1.1\r\nHost: a\r\nConnection: close'
                           '\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0'
                           .encode())
        return connection

    def answer(connection):
        return b''.join(iter(lambda: connection.recv(4000), b''))

    eventually(lambda: 'listening on port' in second_log(s), 'it listens')
    waiting = [join('one'), join('two'), join('one')]
    said = answer(join('three'))
    true(said.startswith(b'HTTP/1.1 503 ') and b':busy"' in said, f'no third room: {said}')
    true('no process for a join' not in second_log(s), 'said at once')
    for connection in waiting:
        true(b':busy"' in answer(connection), 'nobody waits for ever')
    equal(second_log(s).count('no process for a join'), 3)
    process.send_signal(signal.SIGTERM)
    equal(process.wait(SOON), 0)


@test
def lets_an_empty_room_give_way(s):
    process, port = second_server(s, rooms_max=2)

    def join(name, offer='v=0\r\n'):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=2 * SOON)
        connection.request('POST', f'/v1/rooms/{name}/join', offer,
                           {'Content-Type': 'application/sdp'})
        return Reply(connection.getresponse())

    eventually(lambda: 'listening on port' in second_log(s), 'it listens')
    for name in ('wrong-1', 'wrong-2', 'wrong-3', 'wrong-4'):
        equal(join(name, 'bad\r\n').status, 422)
    first = join('one')
    equal((first.status, join('two').status), (201, 201), 'what was refused keeps nobody out')
    full = join('three')
    equal((full.status, full.problem()), (503, 'busy'), 'those that people are in stay')
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=2 * SOON)
    connection.request('DELETE', first.headers['Location'])
    equal(Reply(connection.getresponse()).status, 200)
    equal((join('three').status, join('two').status), (201, 201))
    process.send_signal(signal.SIGTERM)
    equal(process.wait(SOON), 0)


@test
def brings_demo_people_again_and_again(s):
    calls, stay = f'{s.folder}/calls', f'{s.folder}/stay'
    peer = f'{s.folder}/tessera-peer'
    with open(peer, 'w', encoding='utf-8') as f:
        f.write(f'#!/bin/sh\necho "$@" >>{calls}\n[ -e {stay} ] || exit 3\n'
                f'echo $$ >{stay}\nexec sleep 1000\n')
    os.chmod(peer, 0o755)
    start = time.monotonic()
    process, port = second_server(s, ('--demo', '3'))
    eventually(lambda: os.path.exists(calls), 'it is started')
    eventually(lambda: 'went away (exit status 3)' in second_log(s), 'its end is told')
    with open(stay, 'w', encoding='utf-8'):
        pass
    pid = eventually(lambda: open(stay, encoding='utf-8').read().strip(), 'it is started again')
    true(time.monotonic() - start > 0.5, 'after a pause')
    with open(calls, encoding='utf-8') as f:
        equal(set(f.read().splitlines()), {f'--join http://127.0.0.1:{port}/demo --count 3'})
    process.send_signal(signal.SIGTERM)
    equal(process.wait(SOON), 0)
    eventually(lambda: not os.path.exists(f'/proc/{pid}'), 'it is killed')


@test
def serves_without_a_place_for_its_certificate(s):
    port = free_port()
    process, pages = second_server(s, https_listen=f'127.0.0.1:{port}',
                                   state_dir='/proc/nowhere/tessera')
    eventually(lambda: 'no HTTPS' in second_log(s), 'it says so')

    def answers():
        with socket.socket() as connection:
            return connection.connect_ex(('127.0.0.1', pages)) == 0
    eventually(answers, 'it serves')
    process.send_signal(signal.SIGINT)
    equal(process.wait(SOON), 0)


@test
def refuses_a_certificate_that_is_none(s):
    wrong = f'{s.folder}/wrong.pem'
    with open(wrong, 'w', encoding='utf-8') as f:
        f.write('no certificate\n')
    process, _ = second_server(s, https_listen=f'127.0.0.1:{free_port()}', tls_certificate=wrong,
                               tls_key=wrong)
    equal(process.wait(SOON), 1)
    true(wrong in second_log(s), second_log(s))


@test
def reads_its_configuration_again(s):
    s.write_config('warn')
    s.process.send_signal(signal.SIGHUP)

    def quiet():
        before = len(s.log())
        s.get('/healthz')
        return len(s.log()) == before
    eventually(quiet, 'the new level holds')
    with open(s.config, 'a', encoding='utf-8') as f:
        f.write('nonsense: 1\n')
    s.process.send_signal(signal.SIGHUP)
    eventually(lambda: 'the configuration is wrong' in s.log(), 'faults are told')
    s.write_config('info')
    s.process.send_signal(signal.SIGHUP)
    eventually(lambda: 'SIGHUP: log level' in s.log(), 'it goes on')


@test
def ends_in_good_order(s):
    location, _ = s.joined('end')
    stream = Stream(s, location)
    stream.next('snapshot')
    pids = children_of(s.process.pid)
    true(len(pids) >= 3, 'rooms and spares')
    late = socket.create_connection(('127.0.0.1', s.port), timeout=2 * SOON)
    late.sendall(b'POST /v1/rooms/late/join HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
                 b'Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\n')
    true(b' 100 ' in late.recv(1000), 'the server waits for an offer')
    s.process.send_signal(signal.SIGTERM)
    equal(stream.next('ended'), {'reason': 'shutdown'})
    late.sendall(b'v=0')
    answer = b''.join(iter(lambda: late.recv(4000), b''))
    true(answer.startswith(b'HTTP/1.1 503 ') and b'\r\nRetry-After: ' in answer and
         b':ending"' in answer, f'no join while it ends: {answer}')
    late.close()
    equal(stream.next(), None)
    equal(s.process.wait(SOON), 0)
    true('room late' not in s.log(), 'and no room')
    for pid in pids:
        true(not os.path.exists(f'/proc/{pid}'), 'no room is left')


def main():
    print(f'1..{len(TESTS)}', flush=True)
    server = Server()
    failed = 0
    try:
        for number, function in enumerate(TESTS, 1):
            try:
                function(server)
                print(f'ok {number} - {function.__name__}', flush=True)
            except Exception:  # every failure is one line of the result
                failed += 1
                print(f'not ok {number} - {function.__name__}', flush=True)
                for line in traceback.format_exc().splitlines():
                    print(f'# {line}')
        if failed:
            for line in server.log().splitlines()[-60:]:
                print(f'# log: {line}')
    finally:
        server.end()
    return 1 if failed else 0


sys.exit(main())
