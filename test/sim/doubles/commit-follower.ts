// The simulated machine has no git, and nothing that is simulated depends on it.
export class CommitFollower {
  readonly commit = null;
  applied = (): void => undefined;
  catchUp = async (): Promise<void> => undefined;
  close = (): void => undefined;
}
