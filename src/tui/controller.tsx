// Runs the interface: messages through the reducer, frames through the clock to Ink and the screen, effects to the session.
import type { Key, render } from 'ink';
import { hasEndedInOrder } from '../api/orderly-end.ts';
import type { Effect } from './actions.ts';
import { App } from './app.tsx';
import { plainOutput } from './copy.ts';
import { type Frame, shareLines } from './frame.ts';
import { FrameClock, type Urgency } from './frame-clock.ts';
import { InkOutput } from './ink-output.ts';
import { KeyReader, type Pressed } from './key-name.ts';
import { LogRing } from './log-ring.ts';
import type { Ended, Outcome, TuiOptions } from './options.ts';
import { OutputFollower } from './output-follower.ts';
import { dieBy, watchOutside } from './outside.ts';
import { type Message, reduce } from './reducer.ts';
import { Screen } from './screen.ts';
import { messageOf, Session } from './session.ts';
import { choicesOf, initialState, type UiState } from './state.ts';
import { glyphsFor, themeOf } from './theme.ts';
import { viewModel } from './view-model.ts';

type Ink = ReturnType<typeof render>;

export class Controller {
  private readonly options: TuiOptions;
  private readonly screen: Screen;
  private readonly ring = new LogRing();
  private readonly keys = new KeyReader();
  private readonly session: Session;
  private readonly follower: OutputFollower;
  private readonly clock = new FrameClock(() => this.draw());
  private readonly look: { theme: ReturnType<typeof themeOf>; glyphs: ReturnType<typeof glyphsFor> };
  private state: UiState;
  private frame: Frame | null = null;
  private ink: Ink | null = null;
  private readonly output: InkOutput;
  private readonly renderInk: typeof render;
  /** The output is printed on the normal screen, and any key comes back. */
  private isCopying = false;
  /** The supervisor has said so. */
  private isGoingDown = false;
  private settle: { resolve(result: Ended): void; reject(error: unknown): void } | null = null;
  private readonly cleanups: (() => void)[] = [];

  constructor(options: TuiOptions, renderInk: typeof render) {
    const { client, owning, colour, stdout, stdin, paths, scaleInFile = null, resumed = null } = options;
    this.options = options;
    this.renderInk = renderInk;
    this.screen = new Screen(stdout, stdin);
    this.look = { theme: themeOf(colour), glyphs: glyphsFor(process.env) };
    const beginning = { size: this.screen.size, owning, canEditFile: scaleInFile !== null };
    this.state = initialState(beginning, resumed?.choices);
    this.session = new Session({ client, scaleInFile, dispatch: (message) => this.dispatch(message, 'news') });
    this.follower = new OutputFollower(this.ring, paths.root, () => this.clock.request('news'));
    this.output = new InkOutput(this.screen.size.columns, (rows) => this.screen.paint(rows));
  }

  run(): Promise<Ended> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.listen();
      this.screen.enter();
      this.draw();
      const { resumed } = this.options;
      if (resumed) this.dispatch({ kind: 'said', text: resumed.notice, tone: 'warn', nowMs: Date.now() }, 'news');
      this.session.start();
      void this.options.client.closed.then(() => this.connectionEnded());
    });
  }

  private listen(): void {
    const { stdin, stdout } = this.options;
    this.cleanups.push(
      watchOutside(stdin, stdout, {
        onSignal: (signal) => {
          this.finish('quit');
          dieBy(signal);
        },
        onInterrupt: () => this.pressed({ kind: 'key', name: 'ctrl+c' }),
        onSuspend: () => this.suspend(),
        onWindowChange: () => this.resized(),
        onContinue: () => this.continued(),
        onError: (error) => this.fail(error),
        onHangUp: () => this.finish('quit'),
      }),
    );
  }

  private dispatch(message: Message, urgency: Urgency): void {
    if (this.settle === null) return;
    if (message.kind === 'events') this.isGoingDown ||= message.events.some(({ type }) => type === 'going_down');
    const { state, effects } = reduce(this.state, message, this.ring);
    if (state !== this.state) {
      this.state = state;
      this.ring.hold(state.logBottom !== null);
      this.follower.watch(state);
      this.clock.request(urgency);
    }
    for (const effect of effects) this.perform(effect);
  }

  private pressed(pressed: Pressed): void {
    if (this.isCopying) this.endCopy();
    else if (pressed.kind === 'pasted') this.dispatch(pressed, 'key');
    else this.dispatch({ ...pressed, nowMs: Date.now() }, 'key');
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'command':
      case 'scale':
      case 'explain':
        void this.session.run(effect);
        return;
      case 'down':
        void this.goDown(effect.timeoutMs);
        return;
      case 'leave':
        void this.leave(effect.outcome);
        return;
      case 'copy':
        this.beginCopy();
        return;
      case 'suspend':
        this.suspend();
        return;
      case 'redraw':
        this.redraw();
    }
  }

  /** @returns when the picture changes by itself. */
  private draw(): number | null {
    if (this.settle === null || this.isCopying) return null;
    const around = { log: this.ring, nowMs: Date.now(), colour: this.look.theme.colour, glyphs: this.look.glyphs };
    const next = shareLines(this.frame, viewModel(this.state, around));
    const isSame = this.frame !== null && next.regions === this.frame.regions;
    this.frame = next;
    if (!isSame) this.show(next);
    return next.nextChangeMs;
  }

  private show(frame: Frame): void {
    this.output.columns = frame.columns;
    const app = <App frame={frame} theme={this.look.theme} onInput={this.onInput} />;
    if (this.ink !== null) {
      this.ink.rerender(app);
      return;
    }
    this.ink = this.renderInk(app, {
      stdout: this.output as unknown as NodeJS.WriteStream,
      stdin: this.options.stdin,
      debug: true, // each frame whole, to InkOutput
      exitOnCtrlC: false,
      patchConsole: false,
    });
    this.ink.waitUntilExit().catch((error) => this.fail(error));
  }

  private readonly onInput = (input: string, key: Key) => {
    for (const pressed of this.keys.read(input, key)) this.pressed(pressed);
  };

  private resized(): void {
    this.screen.forget();
    this.frame = null;
    this.dispatch({ kind: 'resized', size: this.screen.size }, 'key');
  }

  private redraw(): void {
    this.screen.forget();
    this.frame = null;
    this.clock.request('key');
  }

  private suspend(): void {
    if (process.platform === 'win32') return;
    // Our own listener would swallow the signal that is to stop us.
    const listeners = process.listeners('SIGTSTP');
    process.removeAllListeners('SIGTSTP');
    this.screen.suspend();
    for (const listener of listeners) process.on('SIGTSTP', listener);
    this.redraw();
  }

  private continued(): void {
    if (this.isCopying) return;
    this.screen.resume();
    this.resized();
  }

  private beginCopy(): void {
    this.isCopying = true;
    this.screen.leave();
    this.options.stdout.write(plainOutput(this.state, this.ring, this.look.glyphs));
  }

  private endCopy(): void {
    this.isCopying = false;
    this.options.stdout.write('\r\x1b[K');
    this.screen.enter();
    this.redraw();
  }

  private async goDown(timeoutMs: number | null): Promise<void> {
    try {
      const { stopped, leftovers } = await this.session.down(timeoutMs);
      // Asked twice, the second answer counts only what the first had left.
      const count = Math.max(stopped, this.state.leaving?.total ?? 0);
      this.finish(leftovers.length > 0 ? 'leftovers' : 'down', [
        `Stopped ${count} ${count === 1 ? 'instance' : 'instances'}.`,
        ...leftovers.map(({ pid, instance }) => `Still alive: pid ${pid} of ${instance}`),
      ]);
    } catch (error) {
      this.dispatch({ kind: 'downFailed', error: messageOf(error), nowMs: Date.now() }, 'news');
    }
  }

  private async leave(outcome: 'quit' | 'detached'): Promise<void> {
    if (outcome === 'detached' && this.options.owning) {
      try {
        await this.options.client.request('disown', {});
      } catch (error) {
        this.dispatch({ kind: 'said', text: messageOf(error), tone: 'bad', nowMs: Date.now() }, 'news');
        return;
      }
    }
    this.finish(outcome);
  }

  /** Gone without our asking: stopped from elsewhere, or lost. */
  private connectionEnded(): void {
    const wasStopped = hasEndedInOrder(this.state.status, this.isGoingDown);
    if (wasStopped) this.finish('down', ['The project was stopped.']);
    else this.finish('lost');
  }

  private finish(outcome: Outcome, lines: string[] = []): void {
    const { settle } = this;
    if (settle === null) return;
    this.takeApart();
    for (const line of lines) this.options.stdout.write(`${line}\n`);
    settle.resolve({ outcome, choices: choicesOf(this.state) });
  }

  private fail(error: unknown): void {
    const { settle } = this;
    if (settle === null) return;
    this.takeApart();
    settle.reject(error);
  }

  private takeApart(): void {
    this.settle = null;
    this.clock.stop();
    this.follower.close();
    this.session.stop();
    this.output.close();
    this.ink?.unmount();
    this.screen.restore();
    for (const cleanup of this.cleanups) cleanup();
  }
}
