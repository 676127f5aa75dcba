// The commit of git that a configuration in force belongs to. Pure.

export type AppliedCommit = {
  /** Full. */
  hash: string;
  /** Null: HEAD is detached. */
  branch: string | null;
  /** Its files (procs.yaml, overlays, included files, env files) are not as that commit has them. */
  dirty: boolean;
  /** For people: `a1b2c3d +dirty (main)`. */
  text: string;
};

const SHORT_HASH = 7;
export const shortHash = (hash: string): string => hash.slice(0, SHORT_HASH);

export function describeCommit(hash: string, branch: string | null, dirty: boolean): AppliedCommit {
  const text = `${shortHash(hash)}${dirty ? ' +dirty' : ''}${branch === null ? '' : ` (${branch})`}`;
  return { hash, branch, dirty, text };
}
