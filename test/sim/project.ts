// One simulated project as its owner sees it: what he declares, the file he edits, the commands he types.

import type { AcceptedConfig } from '../../src/core/load-result.ts';
import type { ProjectConfig } from '../../src/core/spec.ts';
import type { SuccessorStart } from '../../src/logs/writer-protocol.ts';
import { config as projectConfig } from '../core/fixtures.ts';
import { callMethod } from './call.ts';
import { type Declared, nameOf, specOf } from './declared.ts';
import { HeldStopped } from './held-stopped.ts';
import { configurationOfUpgrade, MANUAL } from './holds.ts';
import { leftEnvironment } from './left-environment.ts';
import { Guest, type GuestCode, type Methods } from './machine/guest.ts';
import type { Machine } from './machine/machine.ts';
import { Oracle } from './oracle.ts';
import { PlannedCrash } from './planned-crash.ts';
import { type BadKind, loadSimulated, spoil } from './project-file.ts';
import { Releases } from './releases.ts';
import type { SimService } from './scenario.ts';
import { type Boot, FIRST_SHELL, referenceTag, type Shell, type UpCommand, variablesOf } from './shell.ts';

/** A client gives up on a supervisor that holds the lock and does not answer. */
const CONFLICT_PATIENCE_MS = 10_000;
/** When `down` is repeated after its supervisor was killed. A supervisor that came back by itself would be there by then. */
export const DOWN_AGAIN_MS = 1_500;

export class Project {
  readonly root: string;
  readonly file: string;
  readonly services: Declared[];
  readonly oracle: Oracle;
  /** Every supervisor that was ever started for it. */
  readonly guests: Guest[] = [];
  readonly heldStopped = new HeldStopped();
  /** Services that a command has ever named to run, and to stop. */
  readonly everAskedFor = new Set<string>();
  readonly everStopped = new Set<string>();
  /** Troubles of its supervisor that it does not recover from by itself; its faults. */
  troubles = 0;
  faults = 0;
  /** Another program wrote into the state file, or removed it. */
  isStateSpoiled = false;
  /** Of the state file as it was spoiled last; null: it never was. */
  spoiledVersion: number | null = null;
  #machine: Machine;
  #code: GuestCode;
  #crash: PlannedCrash;
  #releases: Releases;

  /** @param isLinked its directory is a release behind a link */
  constructor(machine: Machine, code: GuestCode, index: number, services: SimService[], isLinked: boolean) {
    this.#machine = machine;
    this.#code = code;
    this.root = `/p${index}`;
    this.file = `${this.root}/procs.yaml`;
    this.services = services.map((service) => ({ ...service, version: 1, liveVersion: 0, declared: true }));
    this.#releases = new Releases(machine.files, this.root);
    if (isLinked) this.#releases.deploy('');
    machine.files.makeDirectory(this.root);
    this.oracle = new Oracle(machine, this);
    this.#crash = new PlannedCrash(machine, () => this.#comeBack());
    this.save();
  }

  // ---- the file --------------------------------------------------------------------------------------------------

  /** Edits are not written yet. */
  isDraft = false;

  /** Writes what is declared now, whole and valid. */
  save(): void {
    if (this.isDraft) return;
    this.#write((text) => {
      this.#machine.files.removeTree(this.file);
      this.#machine.files.put(this.file, text);
    });
  }

  /** Likewise, in a directory of its own to which the link is switched. */
  deploy = (): void => this.#write((text) => this.#releases.deploy(text));

  #write(put: (text: string) => void): void {
    const text = JSON.stringify(this.config());
    this.oracle.readings.onWrite(text);
    this.#machine.edit(this.file, () => put(text));
  }

  spoil(how: BadKind): void {
    this.#machine.edit(this.file, () => spoil(this.#machine.files, this.file, how));
  }

  change(index: number, change: (service: Declared) => void): void {
    const service = this.services[index];
    if (!service) return;
    change(service);
    if (service.singleton) service.pool = Math.min(1, service.pool);
    this.oracle.forgiveBackoff(nameOf(index));
    this.save();
  }

  /** @returns null while the file is bad. */
  load(shell: Shell): AcceptedConfig | null {
    const loaded = loadSimulated(this.#machine.files, this.file, shell);
    return loaded !== 'hangs' && loaded.ok ? loaded.accepted : null;
  }

  /** `policy: { apply: manual }` */
  isManual = false;

  /** As it is written. */
  config(): ProjectConfig {
    const declared = [...this.services.keys()].filter((index) => this.services[index]!.declared);
    const specs = declared.map((index) => referenceTag(specOf(this.services, index, this.firstPort), index));
    return { ...projectConfig(...specs), root: '', ...(this.isManual && { policy: MANUAL }) };
  }

  get firstPort(): number {
    return (1 + Number(this.root.slice(2))) * 10_000;
  }

  // ---- commands --------------------------------------------------------------------------------------------------

  /** `orch up -d`: applies to the supervisor that runs, or starts one. A bad file: nothing happens. */
  up(names: string[] = [], saysYes = false): void {
    this.#up({ names, shell: this.shell, consents: true, saysYes });
  }

  /** From another shell, which is the one that is used from now on, if it does not have to consent or does. */
  upFrom(shell: Shell, consents: boolean): void {
    if (consents) this.shell = shell;
    this.#up({ names: [], shell, consents });
  }

  /** In which its owner works. */
  shell = FIRST_SHELL;

  #up(command: UpCommand): void {
    const accepted = this.load(command.shell);
    if (!accepted) return;
    if (this.#machine.sockets.has(this.#socket)) this.#apply(accepted, command);
    else this.#start(accepted, command);
  }

  #start(accepted: AcceptedConfig | null, command: UpCommand): void {
    const { shell, consents, variables = variablesOf(shell) } = command;
    const giveUpMs = this.#machine.schedule.nowMs + CONFLICT_PATIENCE_MS;
    const expected = accepted && !consents ? leftEnvironment(this) : undefined;
    const stdin = JSON.stringify({ accepted, only: [], keepsEnvironment: !consents });
    const guest = this.#boot({ stdin, variables, shell, nextShells: command.nextShells ?? [] }, (ended) => {
      if (accepted && ended.answer?.includes('"conflict"')) this.#join(accepted, command, giveUpMs);
    });
    guest.isStartedByUp = command.isUpgrade !== true;
    if (expected !== undefined && expected !== shell.env) guest.mustRefuse = true;
  }

  #boot({ stdin, variables, shell, nextShells = [] }: Boot, onEnd: (guest: Guest) => void): Guest {
    const guest: Guest = new Guest(this.#machine, {
      variables,
      code: this.#code,
      argv: ['--root', this.root, '--file', this.file],
      stdin,
      root: this.root,
      observer: this.oracle,
      onSuccessor: (text, given = variables) =>
        this.#boot(
          { stdin: text, variables: given, shell: guest.shell, nextShells: guest.nextShells },
          () => undefined,
        ),
      onRevival: (start, onRevivalEnd) => this.#revive(start, onRevivalEnd),
    });
    guest.shell = shell;
    guest.inheritShells(nextShells);
    guest.onEnd = () => {
      this.oracle.onGuestEnd(guest);
      onEnd(guest);
    };
    this.guests.push(guest);
    this.#crash.arm(guest, this.effects);
    guest.boot();
    return guest;
  }

  #revive({ message, env }: SuccessorStart, onEnd: (code: number | null) => void): void {
    this.oracle.revival.onRevival();
    const { shell, nextShells } = this.guests.findLast(({ shellSinceMs }) => shellSinceMs !== null)!;
    this.#boot({ stdin: message, variables: env, shell, nextShells }, ({ ended }) =>
      onEnd(ended && 'code' in ended ? ended.code : null),
    );
  }

  /** `orch upgrade`: the old one leaves, a new one is started. */
  upgrade(): void {
    const old = this.isRunning ? this.guest : null;
    if (!old) return;
    void configurationOfUpgrade(this).then((loaded) => {
      if (!loaded) return;
      const { shell, nextShells } = old;
      const command = { names: [], shell, nextShells, consents: true, variables: loaded.variables, isUpgrade: true };
      this.#replace(old, (left) => this.#start((loaded.isInForce && left.accepted) || loaded.accepted, command));
    });
  }

  #replace(old: Guest, start: (left: { accepted?: AcceptedConfig | null }) => void): void {
    old.isLeaving = true;
    void this.call('handOver', {})?.then((answer) => {
      if (answer instanceof Error) return;
      const { onEnd } = old;
      old.onEnd = () => {
        onEnd();
        start(answer as { accepted?: AcceptedConfig });
      };
    });
  }

  /** Of all its supervisors so far. */
  get effects(): number {
    return this.guests.reduce((sum, guest) => sum + guest.effects, 0);
  }

  /** One supervisor dies before this effect, counted over all of them; soon after its owner wants it back, or gone. */
  crashBeforeEffect(effect: number, upAfterMs: number): void {
    this.#crash.plan(effect, upAfterMs);
  }

  #comeBack(): void {
    if (this.wantsDown) this.downAnyway();
    else this.up();
  }

  /** `orch down` where no supervisor runs: one is started just to stop what is left. */
  downAnyway(): void {
    if (this.isRunning) void this.call('down', { timeoutMs: null });
    else this.#start(null, { names: [], shell: this.shell, consents: true });
  }

  wantsDown = false;
  /** One of its services may end it. */
  mayEnd = false;
  /** None of its programs may be given up. */
  mustNotFail = false;

  /** `orch down`; its supervisor is killed before this effect (null: it is not), and the command is repeated. */
  down(timeoutMs: number | null, crashBefore: number | null): void {
    this.wantsDown = true;
    this.oracle.holds.forget();
    this.oracle.revival.downSinceMs = this.#machine.schedule.nowMs;
    const { guest } = this;
    if (guest && crashBefore !== null) this.crashBeforeEffect(this.effects + crashBefore, DOWN_AGAIN_MS);
    if (guest) this.#crash.arm(guest, this.effects);
    void this.call('down', { timeoutMs });
  }

  /** Another `up` was faster. */
  #join(accepted: AcceptedConfig, command: UpCommand, giveUpMs: number): void {
    const { schedule, sockets } = this.#machine;
    if (sockets.has(this.#socket)) this.#apply(accepted, command);
    else if (schedule.nowMs < giveUpMs) schedule.after(50, () => this.#join(accepted, command, giveUpMs));
  }

  #apply(accepted: AcceptedConfig, command: UpCommand): void {
    const { names, shell, consents, saysYes = false } = command;
    const guest = this.#machine.sockets.get(this.#socket)?.guest;
    const from = { variables: variablesOf(shell), keepsEnvironment: !consents };
    const params = { accepted, only: names, ...from, consents: saysYes };
    if (saysYes) this.oracle.holds.onConsent();
    const answer = this.call('apply', params);
    if (!guest || !answer) return;
    const { others, settle } = guest.beginUp(shell);
    void answer.then((result) => {
      const code = result instanceof Error ? (result as { wire?: { code: string } }).wire?.code : null;
      const isRefused = code === 'environment-differs';
      if (code === null || isRefused) this.oracle.checkConsent(guest, shell, { consents, isRefused, others: others() });
      settle(code === null);
      const again = code === 'files-changed' && this.load(shell);
      if (again) this.#apply(again, command);
    });
  }

  /** @returns null where no supervisor answers. Settles when the method does; never when the supervisor dies first. */
  call<M extends keyof Methods>(method: M, params: Parameters<Methods[M]>[0]): Promise<unknown> | null {
    const socket = this.#machine.sockets.get(this.#socket);
    return socket && !socket.guest.isFrozen ? callMethod(socket, method, params) : null;
  }

  get isRunning(): boolean {
    return this.#machine.sockets.has(this.#socket);
  }

  /** The supervisor that lives, frozen or not. */
  get guest(): Guest | null {
    return this.guests.findLast((guest) => guest.isAlive) ?? null;
  }

  get #socket(): string {
    return `${this.root}/.orch/run/orch.sock`;
  }

  get stateDir(): string {
    return `${this.root}/.orch`;
  }
}
