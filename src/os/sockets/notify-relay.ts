// The receiving end of the sd_notify protocol (sd_notify(3)): a datagram socket for each instance. Node lacks unix datagram
// sockets, so a small perl or python program opens them and writes the messages to its stdout.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from '../platform.ts';

export type NotifyFields = ReadonlyMap<string, string>;

/** Interpreters for the relay; the first that is found is used. Containers often have only one of them. */
export const RELAY_PROGRAMS = ['perl', 'python3'] as const;

/**
 * Requests `+ <id> <path>` and `- <id>` on stdin; answers `<id> =` once bound, `<id> !<error>` where it cannot be, and
 * `<id> <message>` for each message, newlines as \x1f.
 */
// READY=1 is kept in a file next to the socket: a supervisor that is just dying may have read it without effect. At the end of
// stdin the supervisor is gone: every later message is kept, until the relay of the next supervisor has replaced the
// sockets or they were removed, and for a minute at most.
const PERL = String.raw`
use strict; use Socket; $| = 1; $SIG{$_} = 'IGNORE' for qw(INT PIPE); my (%socks, %paths, %inodes); my ($in, $alone, $end) = ('', 0, 0);
sub inode { (stat $_[0])[1] // 0 }
sub drop { my $id = shift; return unless $socks{$id}; close $socks{$id}; unlink $paths{$id}; delete $socks{$id}; }
sub keep { my ($id, $text) = @_; my $old = umask 0177; my $f; open($f, '>>', "$paths{$id}.left") and print $f "$text\n"; umask $old; }
while (1) {
  if ($alone) { inode($paths{$_}) == $inodes{$_} or delete $socks{$_} for keys %socks; exit 0 if !%socks or time > $end; }
  my $want = ''; vec($want, 0, 1) = 1 unless $alone; vec($want, fileno($_), 1) = 1 for values %socks;
  next if select(my $got = $want, undef, undef, $alone ? 0.2 : undef) < 1;
  for my $id (keys %socks) { next unless vec($got, fileno($socks{$id}), 1);
    next unless defined recv($socks{$id}, my $text, 4096, 0); $text =~ s/\n/\x1f/g;
    keep($id, $text) if $alone or $text =~ /(^|\x1f)READY=1(\x1f|$)/; print "$id $text\n" unless $alone; }
  next if $alone or not vec($got, 0, 1);
  my $read = sysread(STDIN, $in, 65536, length $in); if (!$read) { $alone = 1; $end = time + 60; next }
  while ($in =~ s/^([^\n]*)\n//) { my ($what, $id, $path) = split / /, $1, 3; drop($id); next if $what ne '+';
    unlink $path; my $old = umask 0177; my $s;
    if (socket($s, PF_UNIX, SOCK_DGRAM, 0) && bind($s, pack_sockaddr_un($path))) {
      $socks{$id} = $s; $paths{$id} = $path; $inodes{$id} = inode($path); }
    umask $old; print $socks{$id} ? "$id =\n" : "$id !$!\n"; }
}`;
const PYTHON = String.raw`
import os, select, signal, socket, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); socks, pending, alone, end = {}, b'', False, 0
def inode(p):
    try: return os.stat(p).st_ino
    except OSError: return 0
def drop(i):
    if i in socks: s, p, _ = socks.pop(i); s.close(); os.path.exists(p) and os.unlink(p)
def keep(i, t):
    with open(os.open(socks[i][1] + '.left', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 'ab') as f: f.write(t + b'\n')
def tell(i, t):
    t = t.replace(b'\n', b'\x1f')
    if alone or b'READY=1' in t.split(b'\x1f'): keep(i, t)
    try: alone or os.write(1, i.encode() + b' ' + t + b'\n')
    except OSError: pass
while True:
    if alone:
        for i in [i for i, (_, p, n) in socks.items() if inode(p) != n]: del socks[i]
        if not socks or time.time() > end: sys.exit(0)
    ready = select.select(([] if alone else [0]) + [s for s, _, _ in socks.values()], [], [], 0.2 if alone else None)[0]
    for i, (s, _, _) in list(socks.items()):
        if s in ready: tell(i, s.recv(4096))
    if 0 not in ready: continue
    more = os.read(0, 65536)
    if not more: alone, end = True, time.time() + 60; continue
    *lines, pending = (pending + more).split(b'\n')
    for line in lines:
        what, i, *path = line.decode().split(' ', 2); drop(i)
        if what != '+': continue
        os.path.lexists(path[0]) and os.unlink(path[0]); old = os.umask(0o177)
        try: s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(path[0]); socks[i] = (s, path[0], inode(path[0]))
        except OSError as error: tell(i, b'!' + str(error).encode())
        os.umask(old)
        if i in socks: tell(i, b'=')
`;

/** The relay exits when its stdin is closed and its sockets are removed; later than this it is killed. */
const CLOSE_TIMEOUT_MS = 1_000;

type NotifyListener = { path: string; onMessage(fields: NotifyFields): void; bound(error: string | null): void };

/** Starts a relay that died again with the next request. */
export class NotifyRelay {
  #directory: string;
  #program: (typeof RELAY_PROGRAMS)[number] | null;
  #child: ChildProcess | null = null;
  #listeners = new Map<string, NotifyListener>();

  /** @param directory for the sockets, with a path short enough for them; created at the first request */
  constructor(directory: string, program = RELAY_PROGRAMS.find((name) => findProgram(name) !== null) ?? null) {
    this.#directory = directory;
    this.#program = program;
  }

  /**
   * Receives for `id` from now on.
   * @param isSame an earlier supervisor listened for the same instance: its kept messages are delivered, too
   * @returns the path of its socket. Rejects where the relay cannot be started.
   */
  async listen(id: string, onMessage: (fields: NotifyFields) => void, isSame = false): Promise<string> {
    const path = join(this.#directory, socketName(id));
    if (!isSame) rmSync(keptMessagesPath(path), { force: true });
    const child = this.#startedChild();
    await new Promise<void>((resolve, reject) => {
      const bound = (error: string | null): void => (error === null ? resolve() : reject(new Error(error)));
      this.#listeners.set(id, { path, onMessage, bound });
      child.once('error', reject);
      child.once('exit', () => reject(new Error('the notification relay has exited')));
      child.stdin?.write(`+ ${id} ${path}\n`);
    });
    if (isSame) for (const text of readKeptMessages(path)) onMessage(fieldsOf(text));
    return path;
  }

  /** The next supervisor takes over: once this resolves, messages are kept for it. */
  async handOver(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.stdout!.closed) return;
    child.stdin!.end();
    child.stdout!.destroy();
    await once(child.stdout!, 'close');
  }

  forget(id: string): void {
    if (this.#listeners.delete(id)) this.#child?.stdin?.write(`- ${id}\n`);
  }

  /** Resolves when the process of the relay is gone. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#listeners.clear();
    this.#removeSockets();
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.stdin?.end();
    });
  }

  /** Also those of earlier relays, which exit then. */
  #removeSockets(): void {
    if (!existsSync(this.#directory)) return;
    for (const name of readdirSync(this.#directory)) {
      if (SOCKET_NAME.test(name)) rmSync(join(this.#directory, name), { force: true });
    }
  }

  #startedChild(): ChildProcess {
    if (this.#child) return this.#child;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const child = startRelay(this.#program);
    child.on('error', () => undefined); // each `listen` that waits for it handles the error, too
    // No descriptor is left: nothing was started.
    if (!child.stdout) throw new Error('the notification relay cannot be started');
    this.#child = child;
    child.stdin?.on('error', () => undefined); // the relay is gone: its exit is handled below
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#received(line));
    // The new relay listens for the same instances as the one that was lost.
    for (const [id, { path }] of this.#listeners) child.stdin?.write(`+ ${id} ${path}\n`);
    child.unref();
    return child;
  }

  #received(line: string): void {
    const space = line.indexOf(' ');
    const listener = this.#listeners.get(line.slice(0, space));
    const text = line.slice(space + 1);
    if (text === '=') listener?.bound(null);
    else if (text.startsWith('!')) listener?.bound(`no socket for notifications: ${text.slice(1)}`);
    else listener?.onMessage(fieldsOf(text));
  }
}

function startRelay(program: (typeof RELAY_PROGRAMS)[number] | null): ChildProcess {
  if (!program) throw new Error('`notify` needs perl or python3, and neither is on PATH');
  const args = program === 'perl' ? ['-e', PERL] : ['-c', PYTHON];
  return spawn(findProgram(program)!, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
}

/** The file with the messages that are kept for the next supervisor, a line each. */
const keptMessagesPath = (socket: string): string => `${socket}.left`;

function readKeptMessages(socket: string): string[] {
  try {
    return readFileSync(keptMessagesPath(socket), 'utf8').split('\n').filter(Boolean);
  } catch {
    return []; // ENOENT: nothing was kept
  }
}

/** The same each time, and as short as the name of our own socket, for which the directory was chosen. */
const SOCKET_NAME = /^n[\w-]{8}(\.left)?$/;

function socketName(id: string): string {
  return `n${createHash('sha256').update(id).digest('base64url').slice(0, 8)}`;
}

function fieldsOf(text: string): NotifyFields {
  const pairs = text.split('\x1f').filter((line) => line.includes('='));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
