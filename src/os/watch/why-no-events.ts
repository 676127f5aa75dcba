// Why the system does not report changes of files, in words.

/** @returns a clause, by the errno of a watch that could not be begun. */
export function whyNoEvents(errno: string): string {
  const limit = { ENOSPC: 'watches', EMFILE: 'instances' }[errno];
  if (limit === undefined) return `watching files failed (${errno})`;
  return `no inotify ${limit} left (raise fs.inotify.max_user_${limit})`;
}
