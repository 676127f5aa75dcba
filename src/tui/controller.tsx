// Runs the interface: messages through the reducer, frames through the clock to Ink and the screen, effects to the session.
import type { Key, render } from 'ink';
import type { Client } from '../api/client.ts';
import type { ProjectPaths } from '../api/paths.ts';
import { hasShutDownCleanly } from '../api/status-queries.ts';
import { App } from './app.tsx';
import { FrameClock, type FrameUrgency } from './frame-clock.ts';
import { InkOutput } from './ink-output.ts';
import { type KeyPress, KeyReader } from './keyboard.ts';
import { LogRing } from './model/log-ring.ts';
import type { Effect, UiMessage } from './model/messages.ts';
import { choicesOf, initialState, type UiState, type ViewChoices } from './model/state.ts';
import { OutputFollower } from './output-follower.ts';
import { endBySignal, listenToProcess, type ProcessEvent } from './process-events.ts';
import { reduce } from './reducer.ts';
import { Screen } from './screen.ts';
import { messageOf, type ScaleInFile, SupervisorSession } from './session.ts';
import { type Frame, reuseLines } from './view/frame.ts';
import { plainOutput } from './view/pane.ts';
import { glyphsFor, themeOf } from './view/theme.ts';
import { viewModel } from './view-model.ts';

export type TuiOptions = {
  client: Client;
  paths: ProjectPaths;
  /** Leaving stops everything. The caller has already sent `own`; detaching sends `disown`. */
  owning: boolean;
  colour: boolean;
  /** Both must be terminals. */
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** How `+` and `-` edit procs.yaml; without it they ask the supervisor for an override. */
  scaleInFile?: ScaleInFile;
  /** Continues a view that lost its supervisor, and says why. */
  resumed?: ResumedView | null;
};

export type ResumedView = { choices: ViewChoices; notice: string };
/** `choices`: for a view that continues this one. */
export type TuiResult = { outcome: TuiOutcome; choices: ViewChoices };

type TuiOutcome = 'detached' | 'down' | 'leftovers' | 'quit' | 'lost';

type Ink = ReturnType<typeof render>;
type PendingRun = { resolve(result: TuiResult): void; reject(error: unknown): void };

export class TuiController {
  readonly #options: TuiOptions;
  readonly #screen: Screen;
  readonly #ring = new LogRing();
  readonly #keys = new KeyReader();
  readonly #session: SupervisorSession;
  readonly #follower: OutputFollower;
  readonly #clock = new FrameClock(() => this.#draw());
  readonly #appearance: { theme: ReturnType<typeof themeOf>; glyphs: ReturnType<typeof glyphsFor> };
  #state: UiState;
  #frame: Frame | null = null;
  #ink: Ink | null = null;
  readonly #output: InkOutput;
  readonly #renderInk: typeof render;
  /** The output is printed on the normal screen until a key is pressed. */
  #isCopying = false;
  /** The supervisor has sent `going_down`. */
  #isGoingDown = false;
  #pendingRun: PendingRun | null = null;
  #stopListening: () => void = () => undefined;

  constructor(options: TuiOptions, renderInk: typeof render) {
    const { client, owning, colour, stdout, stdin, paths, scaleInFile = null, resumed = null } = options;
    this.#options = options;
    this.#renderInk = renderInk;
    this.#screen = new Screen(stdout, stdin);
    this.#appearance = { theme: themeOf(colour), glyphs: glyphsFor(process.env) };
    this.#state = initialState(
      { size: this.#screen.size, owning, canEditFile: scaleInFile !== null },
      resumed?.choices,
    );
    const dispatch = (message: UiMessage) => this.#dispatch(message, 'update');
    this.#session = new SupervisorSession({ client, scaleInFile, dispatch });
    this.#follower = new OutputFollower(this.#ring, paths.root, () => this.#clock.request('update'), paths);
    this.#output = new InkOutput(this.#screen.size.columns, (rows) => this.#screen.paint(rows));
  }

  run(): Promise<TuiResult> {
    return new Promise((resolve, reject) => {
      this.#pendingRun = { resolve, reject };
      const { stdin, stdout, resumed } = this.#options;
      this.#stopListening = listenToProcess(stdin, stdout, (event) => this.#onProcessEvent(event));
      this.#screen.enter();
      this.#draw();
      if (resumed) this.#dispatch({ kind: 'notice', text: resumed.notice, tone: 'warn', nowMs: Date.now() }, 'update');
      this.#session.start();
      void this.#options.client.closed.then(() => this.#connectionEnded());
    });
  }

  #onProcessEvent(event: ProcessEvent): void {
    switch (event.kind) {
      case 'signal':
      case 'hangUp':
        this.#endWith('quit');
        if (event.kind === 'signal') endBySignal(event.signal);
        return;
      case 'interrupt':
        this.#pressed({ kind: 'key', name: 'ctrl+c' });
        return;
      case 'suspend':
        this.#suspend();
        return;
      case 'windowChange':
        this.#resized();
        return;
      case 'continue':
        this.#continued();
        return;
      case 'error':
        this.#endWithError(event.error);
    }
  }

  #dispatch(message: UiMessage, urgency: FrameUrgency): void {
    if (this.#pendingRun === null) return;
    if (message.kind === 'events') this.#isGoingDown ||= message.events.some(({ type }) => type === 'going_down');
    const { state, effects } = reduce(this.#state, message, this.#ring);
    if (state !== this.#state) {
      this.#state = state;
      this.#ring.setPaused(state.logBottom !== null);
      this.#follower.update(state);
      this.#clock.request(urgency);
    }
    for (const effect of effects) this.#runEffect(effect);
  }

  #pressed(pressed: KeyPress): void {
    if (this.#isCopying) this.#endCopy();
    else if (pressed.kind === 'pasted') this.#dispatch(pressed, 'key');
    else this.#dispatch({ ...pressed, nowMs: Date.now() }, 'key');
  }

  #runEffect(effect: Effect): void {
    switch (effect.kind) {
      case 'command':
      case 'scale':
      case 'explain':
        void this.#session.run(effect);
        return;
      case 'down':
        void this.#shutDown(effect.timeoutMs);
        return;
      case 'leave':
        void this.#leave(effect.outcome);
        return;
      case 'copy':
        this.#beginCopy();
        return;
      case 'suspend':
        this.#suspend();
        return;
      case 'redraw':
        this.#redraw();
    }
  }

  /** @returns when the frame changes by itself; null: never. */
  #draw(): number | null {
    if (this.#pendingRun === null || this.#isCopying) return null;
    const context = {
      log: this.#ring,
      nowMs: Date.now(),
      colour: this.#appearance.theme.colour,
      glyphs: this.#appearance.glyphs,
    };
    const next = reuseLines(this.#frame, viewModel(this.#state, context));
    const isSame = this.#frame !== null && next.regions === this.#frame.regions;
    this.#frame = next;
    if (!isSame) this.#show(next);
    return next.nextChangeMs;
  }

  #show(frame: Frame): void {
    this.#output.columns = frame.columns;
    const app = <App frame={frame} theme={this.#appearance.theme} onInput={this.#onInput} />;
    if (this.#ink !== null) {
      this.#ink.rerender(app);
      return;
    }
    this.#ink = this.#renderInk(app, {
      stdout: this.#output as unknown as NodeJS.WriteStream,
      stdin: this.#options.stdin,
      debug: true, // each frame whole, to InkOutput
      exitOnCtrlC: false,
      patchConsole: false,
    });
    this.#ink.waitUntilExit().catch((error) => this.#endWithError(error));
  }

  readonly #onInput = (input: string, key: Key) => {
    for (const pressed of this.#keys.read(input, key)) this.#pressed(pressed);
  };

  #resized(): void {
    this.#redraw();
    this.#dispatch({ kind: 'resized', size: this.#screen.size }, 'key');
  }

  #redraw(): void {
    this.#screen.forget();
    this.#frame = null;
    this.#clock.request('key');
  }

  #suspend(): void {
    if (process.platform === 'win32') return;
    // Our own listener would swallow the signal that must stop this process.
    const listeners = process.listeners('SIGTSTP');
    process.removeAllListeners('SIGTSTP');
    this.#screen.suspend();
    for (const listener of listeners) process.on('SIGTSTP', listener);
    this.#redraw();
  }

  #continued(): void {
    if (this.#isCopying) return;
    this.#screen.resume();
    this.#resized();
  }

  #beginCopy(): void {
    this.#isCopying = true;
    this.#screen.leave();
    this.#options.stdout.write(plainOutput(this.#state, this.#ring, this.#appearance.glyphs));
  }

  #endCopy(): void {
    this.#isCopying = false;
    this.#options.stdout.write('\r\x1b[K');
    this.#screen.enter();
    this.#redraw();
  }

  async #shutDown(timeoutMs: number | null): Promise<void> {
    try {
      const { stopped, leftovers } = await this.#session.down(timeoutMs);
      // The answer to a second request counts only the instances that the first one had left.
      const count = Math.max(stopped, this.#state.shutdown?.total ?? 0);
      this.#endWith(leftovers.length > 0 ? 'leftovers' : 'down', [
        `Stopped ${count} ${count === 1 ? 'instance' : 'instances'}.`,
        ...leftovers.map(({ pid, instance }) => `Still alive: pid ${pid} of ${instance}`),
      ]);
    } catch (error) {
      this.#dispatch({ kind: 'shutdownFailed', error: messageOf(error), nowMs: Date.now() }, 'update');
    }
  }

  async #leave(outcome: 'quit' | 'detached'): Promise<void> {
    if (outcome === 'detached' && this.#options.owning) {
      try {
        await this.#session.disown();
      } catch (error) {
        this.#dispatch({ kind: 'notice', text: messageOf(error), tone: 'bad', nowMs: Date.now() }, 'update');
        return;
      }
    }
    this.#endWith(outcome);
  }

  /** The connection ended without a request of this view: the project was stopped by another client, or is lost. */
  #connectionEnded(): void {
    if (hasShutDownCleanly(this.#state.status, this.#isGoingDown)) this.#endWith('down', ['The project was stopped.']);
    else this.#endWith('lost');
  }

  #endWith(outcome: TuiOutcome, lines: string[] = []): void {
    const run = this.#tearDown();
    if (run === null) return;
    for (const line of lines) this.#options.stdout.write(`${line}\n`);
    run.resolve({ outcome, choices: choicesOf(this.#state) });
  }

  #endWithError(error: unknown): void {
    this.#tearDown()?.reject(error);
  }

  /** Restores the terminal. @returns the run to settle; null when it has already ended. */
  #tearDown(): PendingRun | null {
    const run = this.#pendingRun;
    if (run === null) return null;
    this.#pendingRun = null;
    this.#clock.stop();
    this.#follower.close();
    this.#session.stop();
    this.#output.close();
    this.#ink?.unmount();
    this.#screen.restore();
    this.#stopListening();
    return run;
  }
}
