// The services of a project that a command stopped, as its owner remembers them.

/** A command that is not answered may be lost with its supervisor. */
type Stop = { isAnswered: boolean };

export class HeldStopped extends Map<string, Stop> {
  /** @param answer of the command */
  note(name: string, answer: Promise<unknown>): void {
    const stop = this.get(name) ?? { isAnswered: false };
    this.set(name, stop);
    void answer.then((result) => {
      stop.isAnswered ||= !(result instanceof Error);
    });
  }

  /** The supervisor has died: what it did not answer may not be on disk. */
  forgetUnanswered(): void {
    for (const [name, { isAnswered }] of [...this]) if (!isAnswered) this.delete(name);
  }
}
