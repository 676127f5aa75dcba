// The time in which the view has left the screen to something else: its output, printed to be copied, or the editor or pager of the user.
import { type ProcessEvent, withDefaultSuspend } from './process-events.ts';
import type { Screen } from './screen.ts';
import type { ProgramRun } from './terminal-program.ts';
import type { TuiOptions } from './tui-options.ts';

type Terminal = { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream };

export class Away {
  readonly #screen: Screen;
  readonly #terminal: Terminal;
  readonly #onBack: () => void;
  #holder: 'output' | 'program' | null = null;
  #program: ProgramRun | null = null;

  /** @param onBack the view enters its screen again */
  constructor(screen: Screen, terminal: Terminal, onBack: () => void) {
    this.#screen = screen;
    this.#terminal = terminal;
    this.#onBack = onBack;
  }

  get isAway(): boolean {
    return this.#holder !== null;
  }

  /** Until a key is pressed. */
  printOutput(text: string): void {
    this.#holder = 'output';
    this.#screen.leave();
    this.#terminal.stdout.write(text);
  }

  /** @returns true: the key was not meant for the view. */
  takesKey(): boolean {
    if (this.#holder !== 'output') return this.isAway;
    this.#holder = null;
    this.#terminal.stdout.write('\r\x1b[K');
    this.#onBack();
    return true;
  }

  /** @returns true: the event is that of the whole terminal, or of the program. */
  takesEvent({ kind }: ProcessEvent): boolean {
    if (kind === 'continue') return this.isAway;
    if (this.#holder !== 'program') return false;
    // The program suspends itself: the shell comes back only when this process stops as well.
    if (kind === 'suspend') withDefaultSuspend(() => process.kill(process.pid, 'SIGTSTP'));
    return kind === 'suspend' || kind === 'interrupt';
  }

  /** Resolves when the editor has ended; rejects with an error for people. */
  async edit(service: string, findPlace: TuiOptions['findPlace']): Promise<void> {
    if (!findPlace) throw new Error('not available here');
    const place = await findPlace(service);
    const { startEditor } = await import('./editor.ts');
    await this.#lend((stdin) => startEditor(place, process.env, stdin));
  }

  /** The same for any program. */
  show(start: (stdin: NodeJS.ReadStream) => Promise<ProgramRun>): Promise<void> {
    return this.#lend(start);
  }

  /** Resolves when the user has left the program of the instance, or that has exited. */
  async attach(instance: string, typing: TuiOptions['typing']): Promise<void> {
    if (!typing) throw new Error('not available here');
    const { startProgram } = await import('./terminal-program.ts');
    const words = typing.attachCommand(instance);
    await this.#lend((stdin) => startProgram({ command: '', words, title: `orch attach ${instance}` }, stdin));
  }

  async #lend(start: (stdin: NodeJS.ReadStream) => Promise<ProgramRun>): Promise<void> {
    if (this.isAway) return;
    this.#holder = 'program';
    try {
      this.#screen.restore();
      this.#program = await start(this.#terminal.stdin);
      await this.#program.ended;
    } finally {
      this.#holder = null;
      this.#program = null;
      this.#onBack();
    }
  }

  /** null: nothing has to end before this process may print, and end. */
  get untilBack(): Promise<unknown> | null {
    return this.#program && Promise.allSettled([this.#program.ended]); // `edit` and `page` report a failure
  }

  /** This process has to end at once. */
  end(): void {
    this.#program?.kill();
    this.#program = null;
  }
}
