// Which edits of the files wait for a person: `policy` in procs.yaml. Types only.

export type EditPolicy = {
  apply: 'auto' | 'manual';
  /** The files must be committed. */
  requireClean: boolean;
  /** In per cent of the running instances; null: an edit may stop all of them. */
  stopMoreThanPercent: number | null;
};
