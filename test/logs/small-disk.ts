// File systems of their own for a test: one that is soon full, a file that cannot be renamed. Only for root.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export const canMount = (() => {
  try {
    const probe = '/tmp/.orch-mount-probe';
    mkdirSync(probe, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false; // not root: cannot mount a small disk
  }
})();

/** @param size as mount has it: `64k` */
export function mountSmallDisk(path: string, size: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
}

export function resizeDisk(path: string, size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, path]);
}

/** From now on renaming it fails with EBUSY; writing works as before. */
export function pinFile(path: string): void {
  execFileSync('mount', ['--bind', path, path]);
}

export function unmount(path: string): void {
  execFileSync('umount', [path]);
}
