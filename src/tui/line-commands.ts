// The view without a screen, for screen readers: a line that is typed is a command, and every answer is a line. It offers what
// the palette of the view offers, asks the same questions, and draws nothing.
import type { Client } from '../api/client.ts';
import type { ServiceStatus, Status } from '../api/protocol.ts';
import type { LeaveOutcome } from './model/effects.ts';
import { LogRing } from './model/log-ring.ts';
import type { UiMessage } from './model/messages.ts';
import { isPage, type PageName } from './model/page-name.ts';
import { type PaletteEntry, paletteEntries, paletteMatches, type RowVerb } from './model/palette.ts';
import { worstState } from './model/severity.ts';
import { contextOf, initialState, isPanel, type Overlay, type PanelOverlay, type UiState } from './model/state.ts';
import { applyToPages } from './pages.ts';
import { reduce } from './reducer.ts';
import { applyToMarked, applyToProject, applyVerb, undoScale } from './row-commands.ts';
import { type ReadDetails, type ScaleInFile, SupervisorSession } from './session.ts';
import type { Typing } from './tui-options.ts';
import type { Line } from './view/line.ts';
import { pageLines } from './view/page-lines.ts';
import { panelLines } from './view/panel.ts';
import { SPOKEN } from './view/theme.ts';

type LineCommandOptions = {
  client: Client;
  owning: boolean;
  asksFirst: boolean;
  scaleInFile: ScaleInFile;
  describe: ReadDetails;
  typing: Typing;
  /** One line, without a newline. */
  say(text: string): void;
  /** `down`: everything is to be stopped. */
  leave(how: LeaveOutcome | 'down'): void;
};

/** Wide enough for sentences: a screen reader reads lines. */
const COLUMNS = 200;
const MAX_NAMED = 8;
/** What is printed comes from elsewhere. */
const NO_OUTPUT = new LogRing();
const MORE = ['status: all services', 'help: this list', 'detach: leave; everything keeps running', 'quit: leave'];

export class LineCommands {
  readonly #options: LineCommandOptions;
  readonly #session: SupervisorSession;
  #state: UiState;

  constructor(options: LineCommandOptions) {
    const { client, owning, asksFirst, scaleInFile, describe } = options;
    this.#options = options;
    this.#state = initialState({ size: { columns: COLUMNS, rows: 24 }, owning, canEditFile: true, asksFirst });
    const dispatch = (message: UiMessage) => this.#dispatch(message);
    this.#session = new SupervisorSession({ client, scaleInFile, describe, dispatch });
  }

  update(status: Status): void {
    this.#dispatch({ kind: 'status', status, nowMs: Date.now() });
  }

  /** A line that was typed: the answer to the open question, or a command. */
  enter(line: string): void {
    const text = line.trim();
    const { overlay } = this.#state;
    if (overlay?.kind === 'input' && text !== '') this.#dispatch({ kind: 'pasted', text: `${line}\n` });
    else if (overlay !== null) this.#answer(text);
    else if (text === 'help' || text === '?') this.#help();
    else if (text === 'status' || text === 'ps') this.#sayStatus();
    else if (text === 'quit' || text === 'q') this.#press('q');
    else if (text === 'detach') this.#press('d');
    else if (text !== '') this.#command(text);
  }

  #answer(text: string): void {
    const context = contextOf(this.#state);
    if (context === 'confirm') this.#press(/^y(es)?$/i.test(text) ? 'enter' : 'escape');
    else if (context === 'leave') this.#press(/^[sd]$/i.test(text) ? text.toLowerCase() : 'escape');
    else if (text === '') this.#press('escape');
    else if (context === 'scale' && !/^\d+$/.test(text)) {
      this.#options.say(`not a number: ${text}`);
      this.#press('escape');
    } else {
      this.#press('ctrl+u');
      for (const letter of text) this.#press(letter);
      this.#press('enter');
    }
  }

  #command(text: string): void {
    const found = paletteMatches(this.#state, { kind: 'palette', text, at: 0 }).filter(isOffered);
    // Letters that are far apart do not make a whole part ambiguous.
    const literal = found.filter((entry) => entry.text.toLowerCase().includes(text.toLowerCase()));
    const meant = literal.length > 0 ? literal : found;
    const chosen = found.find((entry) => entry.text === text) ?? (meant.length === 1 ? meant[0] : undefined);
    if (chosen !== undefined) this.#run(chosen);
    else if (found.length === 0) this.#options.say(`no command has these letters: ${text}. "help" names all`);
    else this.#options.say(`which one: ${named(meant.map((entry) => entry.text))}`);
  }

  #run({ command }: PaletteEntry): void {
    if (command.kind === 'row') this.#take(applyVerb(this.#state, command.verb, command.name, Date.now()));
    else if (command.kind === 'marked') this.#take(applyToMarked(this.#state, command.verb));
    else if (command.kind === 'project') this.#take(applyToProject(this.#state, command.method));
    else if (isPage(command.action)) this.#take(applyToPages(this.#state, command.action, Date.now())!);
    else this.#take(undoScale(this.#state));
  }

  #help(): void {
    const { say } = this.#options;
    for (const text of MORE) say(text);
    const texts = paletteEntries(this.#state)
      .filter(isOffered)
      .map((entry) => entry.text);
    const { services = [] } = this.#state.status ?? {};
    const names = new Set(services.flatMap(({ name, instances }) => [name, ...instances.map(({ id }) => id)]));
    const general = texts.map((text) =>
      text
        .split(' ')
        .map((word) => (names.has(word) ? 'NAME' : word))
        .join(' '),
    );
    say(
      `with the name of a service or an instance: ${[...new Set(general.filter((text) => text.includes('NAME')))].join(', ')}`,
    );
    for (const text of general.filter((each) => !each.includes('NAME'))) say(text);
    say('a part is enough, where only one command has it');
  }

  #sayStatus(): void {
    const { status } = this.#state;
    for (const service of status?.services ?? []) this.#options.say(sentenceOf(service));
    if (status !== null)
      this.#options.say(status.converged ? 'everything is as declared' : 'not everything is as declared');
  }

  #press(name: string): void {
    this.#dispatch({ kind: 'key', name, nowMs: Date.now() });
  }

  #dispatch(message: UiMessage): void {
    if (message.kind === 'notice') this.#options.say(message.tone === 'bad' ? `error: ${message.text}` : message.text);
    this.#take(reduce(this.#state, message, NO_OUTPUT));
  }

  #take({ state, effects }: ReturnType<typeof reduce>): void {
    const before = this.#state.overlay;
    this.#state = { ...state, shutdown: null };
    if (isPanel(state.overlay)) this.#sayPanel(state.overlay);
    if (isPage(state.view)) this.#sayPage(state.view);
    const { overlay } = this.#state;
    const question = overlay !== null && overlay.kind !== before?.kind ? questionOf(overlay) : null;
    if (question !== null) this.#options.say(question);
    if (before !== null && overlay === null && effects.length === 0 && !isPanel(before))
      this.#options.say(before.kind === 'input' ? 'commands again' : 'nothing was done');
    for (const effect of effects) {
      switch (effect.kind) {
        case 'browse':
          this.#options.say(effect.url);
          break;
        case 'sendInput':
          this.#send(effect.instance, effect.lines);
          break;
        case 'attach':
          this.#options.say(`it has a terminal of its own: \`orch attach ${effect.instance}\` connects to it`);
          break;
        case 'leave':
          this.#options.leave(effect.outcome);
          break;
        case 'down':
          this.#options.leave('down');
          break;
        case 'command':
        case 'scale':
        case 'signal':
        case 'reload':
        case 'project':
        case 'ask':
        case 'applyHeld':
        case 'rollBack':
        case 'explain':
        case 'describe':
          void this.#session.run(effect);
      }
    }
  }

  #send(instance: string, lines: readonly string[]): void {
    const { say, typing } = this.#options;
    typing.send(instance, lines).catch((error: Error) => say(`error: ${error.message}`));
  }

  /** Once it is answered. */
  #sayPanel(panel: PanelOverlay): void {
    const isAnswered =
      panel.kind === 'help' ||
      panel.error !== null ||
      (panel.kind === 'why' ? panel.explanations : panel.details) !== null;
    if (!isAnswered) return;
    this.#state = { ...this.#state, overlay: null };
    this.#sayLines(panelLines(panel, COLUMNS, SPOKEN));
  }

  /** Once what it shows is known. */
  #sayPage(page: PageName): void {
    const lines = pageLines(this.#state, page, SPOKEN);
    if (lines === null) return;
    this.#state = { ...this.#state, view: 'main' };
    this.#sayLines(lines);
  }

  #sayLines(lines: readonly Line[]): void {
    for (const line of lines) {
      const text = line
        .map((cell) => cell.text)
        .join('')
        .trim()
        .replace(/ +/g, ' ');
      if (text !== '') this.#options.say(text);
    }
  }
}

/** What moves about on a screen, or needs it, is not offered. */
const NOT_OFFERED: ReadonlySet<RowVerb> = new Set(['select', 'output', 'edit']);

function isOffered({ command }: PaletteEntry): boolean {
  if (command.kind === 'key') return command.action === 'undoScale' || isPage(command.action);
  return command.kind === 'project' || command.kind === 'marked' || !NOT_OFFERED.has(command.verb);
}

function named(texts: readonly string[]): string {
  const more = texts.length - MAX_NAMED;
  return `${texts.slice(0, MAX_NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** null: not a question. */
function questionOf(overlay: Overlay): string | null {
  switch (overlay.kind) {
    case 'confirm':
      return `${overlay.question} yes or no`;
    case 'leave':
      return 'leave? s: stop everything; d: detach, everything keeps running; an empty line: stay';
    case 'scale': {
      const where = overlay.target === 'file' ? 'edits procs.yaml' : 'an override';
      return `scale ${overlay.service} from ${overlay.from} to how many? ${where}; an empty line cancels`;
    }
    case 'signal':
      return `signal ${overlay.title} with which signal, such as HUP? an empty line cancels`;
    case 'input':
      return `each line goes to ${overlay.instance}; an empty line ends that`;
    default:
      return null;
  }
}

/** `api: ready, 3 of 3`; `mailer: backoff, exited with code 1; starts again in 2 s` */
function sentenceOf({ name, pool, instances }: ServiceStatus): string {
  const state = worstState(instances);
  const count = instances.filter((instance) => instance.state === state).length;
  const reason = instances.find((instance) => instance.state === state)?.reason;
  const counted = instances.length === 1 ? '' : `, ${count} of ${Math.max(pool, instances.length)}`;
  return `${name}: ${instances.length === 0 ? 'no instance' : state}${counted}${reason ? `, ${reason}` : ''}`;
}
