// Runs the interface: messages through the reducer, frames through the clock to Ink and the screen, effects to the session.
import type { Client } from '../api/client.ts';
import { hasShutDownCleanly } from '../api/status-queries.ts';
import { Away } from './away.ts';
import { FrameClock, type FrameUrgency } from './frame-clock.ts';
import { Frames } from './frames.tsx';
import { type InputEvent, KeyReader } from './keyboard.ts';
import type { Effect, LeaveOutcome } from './model/effects.ts';
import { LogRing } from './model/log-ring.ts';
import type { UiMessage } from './model/messages.ts';
import { initialState, type Tone, type UiState } from './model/state.ts';
import { OutputFollower } from './output-follower.ts';
import type { OnRead } from './output-history.ts';
import { isOutside, type OutsideEffect, openOutside } from './outside.ts';
import { endBySignal, listenToProcess, type ProcessEvent, withDefaultSuspend } from './process-events.ts';
import { reduce } from './reducer.ts';
import { Screen } from './screen.ts';
import { isLost, messageOf, SupervisorSession } from './session.ts';
import type { FindNext, TuiOptions, TuiOutcome } from './tui-options.ts';
import { outputForm, plainOutput } from './view/plain-output.ts';

type PendingRun = { resolve(outcome: TuiOutcome): void; reject(error: unknown): void };

/** The first frame waits for the first status this long: without data it would cost the time of two frames. */
const FIRST_FRAME_WITHIN_MS = 60;

export class TuiController {
  readonly #options: TuiOptions;
  readonly #screen: Screen;
  readonly #ring = new LogRing();
  readonly #keys = new KeyReader((event) => this.#onInputEvent(event));
  #client: Client;
  #session: SupervisorSession;
  readonly #follower: OutputFollower;
  readonly #clock = new FrameClock(() => this.#draw());
  #state: UiState;
  readonly #frames: Frames;
  readonly #away: Away;
  /** The supervisor has sent `going_down`. */
  #isGoingDown = false;
  #pendingRun: PendingRun | null = null;
  #waitsForData = true;
  #stopListening: () => void = () => undefined;

  constructor(options: TuiOptions) {
    const { client, owning, stdout, stdin, paths, asksFirst, bindings, mouse, scaleInFile = null } = options;
    this.#options = options;
    this.#client = client;
    this.#screen = new Screen(stdout, stdin);
    this.#away = new Away(this.#screen, options, () => this.#continued());
    const { size } = this.#screen;
    this.#state = initialState({ size, owning, canEditFile: scaleInFile !== null, asksFirst, bindings, mouse });
    this.#screen.setMouse(this.#state.mouse);
    this.#session = this.#openSession();
    const onLines = () => this.#clock.request('update');
    const shown: OnRead = (request, seq) => this.#dispatch({ kind: 'logRead', request, seq, nowMs: Date.now() }, 'key');
    this.#follower = new OutputFollower(this.#ring, paths.root, onLines, paths, shown);
    this.#frames = new Frames({
      ...options,
      size,
      log: this.#ring,
      onRows: (rows) => this.#screen.paint(rows),
      onInput: (input, key) => this.#keys.read(input, key),
      onError: (error) => this.#endWithError(error),
    });
  }

  run(): Promise<TuiOutcome> {
    return new Promise((resolve, reject) => {
      this.#pendingRun = { resolve, reject };
      const { stdin, stdout } = this.#options;
      this.#stopListening = listenToProcess(stdin, stdout, (event) => this.#onProcessEvent(event));
      this.#screen.enter();
      this.#follow();
      setTimeout(() => this.#drawWithoutData(), FIRST_FRAME_WITHIN_MS).unref();
    });
  }

  #drawWithoutData(): void {
    this.#waitsForData = false;
    this.#clock.request('key');
  }

  #openSession(): SupervisorSession {
    const { scaleInFile = null, describe = null } = this.#options;
    const dispatch = (message: UiMessage) => this.#dispatch(message, 'update');
    return new SupervisorSession({ client: this.#client, scaleInFile, describe, dispatch });
  }

  #follow(): void {
    this.#session.start();
    void this.#client.closed.then(() => this.#connectionEnded());
  }

  #onProcessEvent(event: ProcessEvent): void {
    if (this.#away.takesEvent(event)) return;
    switch (event.kind) {
      case 'signal':
      case 'hangUp':
        this.#away.end();
        this.#endWith('quit');
        if (event.kind === 'signal') endBySignal(event.signal);
        return;
      case 'interrupt':
        this.#onInputEvent({ kind: 'key', name: 'ctrl+c' });
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
      this.#screen.setMouse(state.mouse);
      this.#follower.update(state);
      if (!this.#waitsForData || state.status !== null) this.#clock.request(urgency);
    }
    for (const effect of effects) this.#runEffect(effect);
  }

  /** A report of the mouse that comes late does not return to the view. */
  #onInputEvent(event: InputEvent): void {
    if (event.kind === 'mouse' ? this.#away.isAway : this.#away.takesKey()) return;
    if (event.kind === 'pasted') this.#dispatch(event, 'key');
    else this.#dispatch({ ...event, nowMs: Date.now() }, 'key');
  }

  #runEffect(effect: Effect): void {
    if (isOutside(effect)) {
      this.#openOutside(effect);
      return;
    }
    switch (effect.kind) {
      case 'down':
        void this.#shutDown(effect.timeoutMs);
        return;
      case 'leave':
        void this.#leave(effect.outcome);
        return;
      case 'readLog':
        this.#follower.read(effect.request);
        return;
      case 'copy':
        this.#away.printOutput(plainOutput(this.#state, this.#ring, this.#frames.glyphs));
        return;
      case 'suspend':
        this.#suspend();
        return;
      case 'redraw':
        this.#redraw();
        return;
      default:
        void this.#session.run(effect);
    }
  }

  /** @returns when the same state will look different; null: never. */
  #draw(): number | null {
    return this.#pendingRun === null || this.#away.isAway ? null : this.#frames.draw(this.#state);
  }

  #resized(): void {
    this.#redraw();
    this.#dispatch({ kind: 'resized', size: this.#screen.size }, 'key');
  }

  #redraw(): void {
    this.#screen.forget();
    this.#clock.request('key');
  }

  #suspend(): void {
    if (process.platform === 'win32') return;
    withDefaultSuspend(() => this.#screen.suspend());
    this.#redraw();
  }

  #continued(): void {
    if (this.#pendingRun === null) return;
    this.#screen.resume();
    this.#resized();
  }

  #openOutside(effect: OutsideEffect): void {
    const form = outputForm(this.#state, this.#ring, Date.now());
    openOutside(effect, this.#away, this.#options, (file) => this.#follower.write(file, form)).then(
      (text) => text !== null && this.#notify(text, 'good'),
      (error) => this.#notify(messageOf(error), 'bad'),
    );
  }

  #notify(text: string, tone: Tone): void {
    this.#dispatch({ kind: 'notice', text, tone, nowMs: Date.now() }, 'update');
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
      if (isLost(error)) return; // #connectionEnded follows
      this.#dispatch({ kind: 'shutdownFailed', error: messageOf(error), nowMs: Date.now() }, 'update');
    }
  }

  async #leave(outcome: LeaveOutcome): Promise<void> {
    if (outcome === 'detached' && this.#options.owning) {
      try {
        await this.#session.disown();
      } catch (error) {
        this.#notify(messageOf(error), 'bad');
        return;
      }
    }
    this.#endWith(outcome);
  }

  /** The connection ended without a request of this view: the project was stopped by another client, or is lost. */
  #connectionEnded(): void {
    if (this.#pendingRun === null) return;
    if (hasShutDownCleanly(this.#state.status, this.#isGoingDown)) this.#endWith('down', ['The project was stopped.']);
    else if (this.#options.findNext) void this.#continueWithNext(this.#options.findNext);
    else this.#endWith('lost');
  }

  /** The screen stays as it is meanwhile; the user may leave. */
  async #continueWithNext(findNext: FindNext): Promise<void> {
    this.#dispatch({ kind: 'lost', nowMs: Date.now() }, 'update');
    this.#session.stop();
    const hasLeft = () => this.#pendingRun === null;
    const next = await findNext(hasLeft);
    if (hasLeft()) next?.client.close();
    else if (next === null) this.#endWith('ended');
    else {
      this.#client = next.client;
      this.#session = this.#openSession();
      this.#isGoingDown = false;
      this.#dispatch({ kind: 'found', text: next.notice, nowMs: Date.now() }, 'update');
      this.#follow();
    }
  }

  /** Not while an editor has the terminal: it may hold what its user wrote. */
  #endWith(outcome: TuiOutcome, lines: string[] = []): void {
    const editing = this.#away.untilBack;
    if (editing !== null) return void editing.then(() => this.#endWith(outcome, lines));
    const run = this.#tearDown();
    if (run === null) return;
    for (const line of lines) this.#options.stdout.write(`${line}\n`);
    run.resolve(outcome);
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
    this.#follower.end();
    this.#session.stop();
    this.#client.close();
    this.#frames.close();
    this.#screen.restore();
    this.#stopListening();
    return run;
  }
}
