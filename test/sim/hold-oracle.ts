// Watches that nothing replaces the configuration in force while edits are paused or the policy holds them, except what a
// person lets pass.
import type { ProjectConfig } from '../../src/core/spec.ts';
import type { Guest } from './machine/guest.ts';

export type HoldView = {
  /** What is remembered may be lost. */
  isUnsure(): boolean;
  fail(what: string): never;
};

type InForce = { guest: Guest; text: string; isManual: boolean; env: string | null };

export class HoldOracle {
  #view: HoldView;
  /** `orch pause` was answered, and `orch resume` was not typed since it was typed. */
  #isPaused = false;
  #resumes = 0;
  #last: InForce | null = null;
  /** A person lets edits pass: `orch apply` or `up --yes`, until the next change. */
  #isConsented = false;

  constructor(view: HoldView) {
    this.#view = view;
  }

  /** `orch pause` is typed. @returns the function to call when it is answered */
  onPause(): () => void {
    const resumes = this.#resumes;
    return () => {
      if (resumes === this.#resumes) this.#isPaused = true;
    };
  }

  onResume(): void {
    this.#isPaused = false;
    this.#resumes++;
  }

  onConsent(): void {
    this.#isConsented = true;
  }

  /** `down`, or the state is lost. */
  forget(): void {
    this.#isPaused = false;
    this.#last = null;
  }

  /** Whenever another configuration is in force. @param text of the file that it was read from */
  onConfig(guest: Guest, config: ProjectConfig, text: string): void {
    const former = this.#last;
    const isManual = config.policy?.apply === 'manual';
    this.#last = { guest, text, isManual, env: config.env };
    if (!former || former.text === text || this.#view.isUnsure()) return;
    // `orch up` where nothing runs applies the files, whatever was in force before.
    if (former.guest !== guest && guest.isStartedByUp) return;
    if (this.#isPaused) this.#view.fail('an edit was applied while edits are paused');
    // A person that agrees to another environment agrees to what it brings; the consent is checked by itself.
    const isSwitch = former.env !== config.env;
    if ((former.isManual || isManual) && !this.#isConsented && !isSwitch)
      this.#view.fail(
        `an edit was applied although the policy ${former.isManual ? 'in force' : 'of the edit'} holds it`,
      );
    this.#isConsented = false;
  }
}
