// The shell that calls a simulated `orch`: its variables and the environment that it names. A file refers to them as
// `${TAG}`; what is loaded has their values in its place, and another spec hash.
import type { ProjectConfig, ServiceSpec } from '../../src/core/spec.ts';

export type Shell = {
  /** Two hex digits. */
  tag: string;
  /** The name of the environment; null: none. */
  env: string | null;
};

/** `orch up`. */
export type UpCommand = {
  names: string[];
  shell: Shell;
  /** Of an `up` that is not answered yet: applied or not. */
  nextShells?: readonly Shell[];
  /** The name of the environment may change. */
  consents: boolean;
  /** `--yes`: what the policy holds may be applied. */
  saysYes?: boolean;
  /** `orch upgrade`: no person starts the project. */
  isUpgrade?: boolean;
  /** Of the supervisor that is started; default: those of the shell. */
  variables?: Record<string, string>;
};

/** What a supervisor is started with. */
export type Boot = {
  stdin: string;
  variables: Record<string, string>;
  shell: Shell;
  /** Of an `up` that its predecessor has not answered: applied or not. */
  nextShells?: readonly Shell[];
};

export const FIRST_SHELL: Shell = { tag: '00', env: null };
/** What the file holds in the place of the tag. */
const REFERENCE = { variable: '$' + '{TAG}', hashed: 'ff' };
/** The tag of the shells that turn off the automatic start after a kill. */
const STAYS_AWAY = '02';
const VERSION_DIGITS = 4;

/** Every second service names the variable; the others only inherit it. */
export function referenceTag(spec: ServiceSpec, index: number): ServiceSpec {
  if (index % 2 === 0) return spec;
  return withTag({ ...spec, env: { ...spec.env, TAG: REFERENCE.variable } }, REFERENCE.hashed, REFERENCE.variable);
}

/** @param root the directory of the file, without links */
export const expandBy = (config: ProjectConfig, { tag, env }: Shell, root: string): ProjectConfig => ({
  ...config,
  root,
  env,
  services: config.services.map((spec) => (spec.env.TAG === undefined ? spec : retag(spec, tag, tag))),
});

/** The file from which it was loaded, by whichever shell. */
export const unexpanded = (config: ProjectConfig): ProjectConfig => ({
  ...config,
  root: '',
  env: null,
  services: config.services.map((spec) =>
    spec.env.TAG === undefined ? spec : retag(spec, REFERENCE.hashed, REFERENCE.variable),
  ),
});

/** @returns whether the configuration was loaded with the variables and the name of this shell */
export const isLoadedBy = ({ env, services }: ProjectConfig, shell: Shell): boolean =>
  env === shell.env && services.every((spec) => spec.env.TAG === undefined || spec.env.TAG === shell.tag);

/** `INHERITED` is in no file. */
export const variablesOf = ({ tag }: Shell): Record<string, string> => ({
  PATH: '/bin',
  HOME: tag === FIRST_SHELL.tag ? '/home' : `/home-${tag}`,
  TAG: tag,
  INHERITED: tag,
  ...(tag === STAYS_AWAY ? { ORCH_RESPAWN: '0' } : {}),
});

/** Whether a supervisor that is killed after an `up` from this shell comes back by itself. */
export const mayComeBack = ({ tag }: Shell): boolean => tag !== STAYS_AWAY;

export const shellOf = (environment: Record<string, string | undefined>, env: string | null): Shell => ({
  tag: environment.TAG ?? 'no',
  env,
});

/** Before the version: `versionOf` reads the end of the hash. */
function withTag(spec: ServiceSpec, digits: string, value: string): ServiceSpec {
  const at = spec.specHash.length - VERSION_DIGITS;
  const specHash = `${spec.specHash.slice(0, at)}${digits}${spec.specHash.slice(at)}`;
  return { ...spec, env: { ...spec.env, TAG: value }, specHash };
}

function retag(spec: ServiceSpec, digits: string, value: string): ServiceSpec {
  const at = spec.specHash.length - VERSION_DIGITS;
  const specHash = `${spec.specHash.slice(0, at - REFERENCE.hashed.length)}${digits}${spec.specHash.slice(at)}`;
  return { ...spec, env: { ...spec.env, TAG: value }, specHash };
}
