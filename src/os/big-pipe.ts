// Pipes that hold more than the usual 64 KiB before their writer has to wait (docs/decisions/0207). Linux only.
import { bindOnce } from './c-library.ts';

const BIG_PIPE_BYTES = 256 * 1024;

/** Of <fcntl.h>, the same on all architectures. */
const F_SETPIPE_SZ = 1031;

const bindFcntl = bindOnce((library) => library.func('int fcntl(int, int, int)'));

/**
 * Keeps the content of the pipe. The kernel allocates memory only as the pipe fills, but counts the whole size against the
 * user's share (/proc/sys/fs/pipe-user-pages-soft, by default 64 MiB).
 * @param fd any descriptor of the pipe
 * @returns false where the size stays: another system, no koffi, or the share is used up
 */
export function makeBigPipe(fd: number): boolean {
  const fcntl = bindFcntl();
  return fcntl !== null && fcntl(fd, F_SETPIPE_SZ, BIG_PIPE_BYTES) >= BIG_PIPE_BYTES;
}
