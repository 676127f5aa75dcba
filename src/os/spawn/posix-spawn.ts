// Starts programs by posix_spawn(3) of the C library, through the optional package koffi. Node forks, which copies the
// page tables of the whole supervisor and costs three times as much (docs/decisions/0105). Linux only: elsewhere, without
// koffi, and where posix_spawn refuses the program, the caller starts it by Node.
import { constants } from 'node:fs';
import { bindOnce, type CLibrary } from '../c-library.ts';
import { softLimitOfPrograms } from './open-file-limit.ts';

export type PosixSpawnRequest = {
  /** Absolute, or relative to `cwd` with a slash in it. */
  file: string;
  /** All arguments, the name of the program first. */
  argv: string[];
  cwd: string;
  /** `KEY=value` each. */
  env: string[];
  /** Descriptors above 2, or null for the null device. */
  stdin: number | null;
  stdout: number;
  stderr: number;
  /** Further ones, which the program gets from 3 on: none of them is one of those that it gets. */
  more: readonly number[];
};

export type PosixSpawn = ReturnType<typeof bind>;

/** Values of <spawn.h>, the same in glibc and musl. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
/** Values of <sys/wait.h>. */
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const P_ALL = 0;
/** Of `si_pid` in siginfo_t, where a pointer has 8 bytes, and where it has 4. */
const PID_OFFSET = ['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch) ? 12 : 16;
const SIGINFO_BYTES = 128;
const O_RDWR = 2;
/** Of <sys/prctl.h>. */
const PR_SET_CHILD_SUBREAPER = 36;
/** Of <fcntl.h>, where the numbers of the common architectures are those of Node's. */
const O_CLOEXEC = 0o2_000_000;
const F_SETFL = 4;
/** More than the C libraries need for posix_spawnattr_t (336), posix_spawn_file_actions_t (80) and sigset_t (128). */
const ATTRIBUTES_BYTES = 1024;
const ACTIONS_BYTES = 512;
const SIGNAL_SET_BYTES = 256;

const bound: () => PosixSpawn | null = bindOnce(bind);

/** Loads the C library at the first call. @returns null where it cannot be loaded, or with ORCH_SPAWN=fork. */
export function posixSpawn(): PosixSpawn | null {
  const loaded = bound();
  return process.env.ORCH_SPAWN === 'fork' ? null : loaded;
}

function bind(libc: CLibrary) {
  const ok = (result: number): boolean => result === 0;
  const spawn = libc.func('int posix_spawn(void *, const char *, void *, void *, const char **, const char **)');
  const initActions = libc.func('int posix_spawn_file_actions_init(void *)');
  const endActions = libc.func('int posix_spawn_file_actions_destroy(void *)');
  const duplicate = libc.func('int posix_spawn_file_actions_adddup2(void *, int, int)');
  const open = libc.func('int posix_spawn_file_actions_addopen(void *, int, const char *, int, uint32_t)');
  const chdir = libc.func('int posix_spawn_file_actions_addchdir_np(void *, const char *)');
  const waitid = libc.func('int waitid(int, uint32_t, void *, int)');
  const waitpid = libc.func('int waitpid(int, void *, int)');
  const pipe2 = libc.func('int pipe2(void *, int)');
  const fcntl = libc.func('int fcntl(int, int, int)');
  const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const attributes = sessionLeaderAttributes(libc);
  const limits = openFileLimits(libc);
  const pid = Buffer.alloc(4);
  const status = Buffer.alloc(4);
  const actions = Buffer.alloc(ACTIONS_BYTES);
  const info = Buffer.alloc(SIGINFO_BYTES);
  const ends = Buffer.alloc(8);

  return {
    /**
     * The program leads a session of its own, with default signal actions and no blocked signals.
     * @returns its pid, to be reaped by `reap`; null where it could not be started
     */
    start({ file, argv, cwd, env, stdin, stdout, stderr, more }: PosixSpawnRequest): number | null {
      initActions(actions);
      try {
        const isReady =
          ok(chdir(actions, cwd)) &&
          ok(stdin === null ? open(actions, 0, '/dev/null', O_RDWR, 0) : duplicate(actions, stdin, 0)) &&
          ok(duplicate(actions, stdout, 1)) &&
          ok(duplicate(actions, stderr, 2)) &&
          more.every((fd, index) => ok(duplicate(actions, fd, 3 + index)));
        // A new process inherits the limit. Our other threads have it for these 0.3 ms, too.
        limits?.lower(softLimitOfPrograms());
        if (!isReady || !ok(spawn(pid, file, actions, attributes, [...argv, null], [...env, null]))) return null;
        return pid.readInt32LE();
      } finally {
        limits?.restore();
        endActions(actions);
      }
    },
    /** @returns the status of wait(2), and forgets the process; null while it runs */
    reap(child: number): number | null {
      return waitpid(child, status, WNOHANG) === child ? status.readInt32LE() : null;
    },
    /** @returns the pid of a child that has exited and was not waited for, also of one that Node started; 0: none */
    ended(): number {
      info.writeInt32LE(0, PID_OFFSET);
      return ok(waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT)) ? info.readInt32LE(PID_OFFSET) : 0;
    },
    /** Orphans below us become our children, to be reaped, instead of those of process 1 (prctl(2)). */
    becomeSubreaper: (): boolean => ok(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)),
    /** For output of which only the end is read; reading never blocks. @returns null where no descriptor is left */
    openPipe(): { read: number; write: number } | null {
      if (!ok(pipe2(ends, O_CLOEXEC))) return null;
      const [read, write] = [ends.readInt32LE(0), ends.readInt32LE(4)];
      // Of our end only: the program's output must not become non-blocking.
      fcntl(read, F_SETFL, constants.O_NONBLOCK);
      return { read, write };
    },
  };
}

function sessionLeaderAttributes(libc: CLibrary): Buffer {
  const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
  const signals = Buffer.alloc(SIGNAL_SET_BYTES);
  libc.func('int posix_spawnattr_init(void *)')(attributes);
  libc.func('int sigemptyset(void *)')(signals);
  libc.func('int posix_spawnattr_setsigmask(void *, void *)')(attributes, signals);
  // Node ignores SIGPIPE; an ignored signal would stay ignored in the program.
  libc.func('int sigfillset(void *)')(signals);
  libc.func('int posix_spawnattr_setsigdefault(void *, void *)')(attributes, signals);
  libc.func('int posix_spawnattr_setflags(void *, short)')(attributes, SETSIGDEF | SETSIGMASK | SETSID);
  return attributes;
}

/** Of <sys/resource.h>. */
const RLIMIT_NOFILE = process.arch.startsWith('mips') ? 5 : 7;
const RLIMIT_BYTES = 16;
/** Where the limits have 4 bytes each. */
const HAS_SMALL_LIMITS = ['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch);

/** Changes the soft limit of this process for a moment. @returns null where that is impossible */
function openFileLimits(libc: CLibrary): { lower(soft: number | null): void; restore(): void } | null {
  const own = Buffer.alloc(RLIMIT_BYTES);
  if (HAS_SMALL_LIMITS || libc.func('int getrlimit(int, void *)')(RLIMIT_NOFILE, own) !== 0) return null;
  const setLimit = libc.func('int setrlimit(int, void *)');
  const lowered = Buffer.from(own);
  let isLowered = false;
  return {
    lower(soft) {
      if (soft === null || BigInt(soft) >= own.readBigUInt64LE(0)) return;
      lowered.writeBigUInt64LE(BigInt(soft));
      isLowered = setLimit(RLIMIT_NOFILE, lowered) === 0;
    },
    restore() {
      if (isLowered) setLimit(RLIMIT_NOFILE, own);
      isLowered = false;
    },
  };
}
