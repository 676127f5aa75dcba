// A compose file -> draft. Services that are built here become programs; what only a container has is listed as not taken over.
import { parse } from 'yaml';
import { printExactDuration } from '../../units.ts';
import {
  COMPOSE_ONLY_KEYS,
  composeCommand,
  composeDependencies,
  composeEnvFiles,
  composeEnvironment,
  composeGraceMs,
  composeRestart,
  type ReportLoss,
  textOf,
} from './compose-values.ts';
import { type Draft, type DraftService, toServiceNames } from './draft.ts';

type Compose = { services?: Record<string, Service | null> };
type Service = Record<string, unknown>;

const ignore: ReportLoss = () => undefined;

/** @param file its name, for messages. @returns null if it is not a compose file. */
export function draftFromCompose(text: string, file: string): Draft | null {
  const compose = readYaml(text);
  const services = Object.entries(compose?.services ?? {});
  if (services.length === 0) return null;
  const notTakenOver: string[] = [];
  const runnable = services
    .filter(([, service]) => composeCommand(service ?? {}, ignore) !== null)
    .map(([name]) => name);
  const fitted = toServiceNames(runnable);
  const known = new Map(runnable.map((name, index) => [name, fitted[index]!]));
  const drafts = services.flatMap(([name, service]) => {
    if (known.has(name)) return [toService(name, service ?? {}, known, notTakenOver)];
    const image = service?.image ? `the image ${textOf(service.image)}` : 'an image that is built';
    notTakenOver.push(`${name}: runs ${image} without a command: add the program to procs.yaml, or leave it to docker`);
    return [];
  });
  return { from: file, services: drafts, envFiles: [], notTakenOver };
}

function readYaml(text: string): Compose | null {
  try {
    const value = parse(text, { merge: true, logLevel: 'silent' });
    return value !== null && typeof value === 'object' ? (value as Compose) : null;
  } catch {
    return null; // not YAML: no services
  }
}

/** @param known the services that are taken over: name in the compose file -> name here */
function toService(name: string, service: Service, known: Map<string, string>, notTakenOver: string[]): DraftService {
  const report: ReportLoss = (key, reason) => {
    const sentence = `${name}.${key}: ${reason}`;
    if (!notTakenOver.includes(sentence)) notTakenOver.push(sentence);
  };
  const draft: DraftService = { name: known.get(name)!, command: composeCommand(service, report)!, notes: [] };
  const env = composeEnvironment(service.environment, report);
  if (Object.keys(env).length > 0) draft.env = env;
  const files = composeEnvFiles(service.env_file, report);
  if (files.length > 0) draft.envFiles = files;
  const replicas = Number(
    (service.deploy as { replicas?: unknown } | undefined)?.replicas ?? service.scale ?? Number.NaN,
  );
  if (Number.isInteger(replicas)) draft.pool = replicas;
  const restart = composeRestart(service.restart);
  if (restart) draft.restart = restart;
  const stop = stopOf(service);
  if (Object.keys(stop).length > 0) draft.stop = stop;
  const depends = composeDependencies(service.depends_on);
  const kept = Object.entries(depends).filter(([on]) => known.has(on));
  if (kept.length > 0) draft.dependsOn = Object.fromEntries(kept.map(([on, condition]) => [known.get(on)!, condition]));
  noteLost(
    name,
    service,
    Object.keys(depends).filter((on) => !known.has(on)),
    notTakenOver,
  );
  return draft;
}

function stopOf(service: Service): { signal?: string; grace?: string } {
  const graceMs = composeGraceMs(service.stop_grace_period);
  return {
    ...(service.stop_signal ? { signal: textOf(service.stop_signal).replace(/^(?!SIG)/, 'SIG') } : {}),
    ...(graceMs === null ? {} : { grace: printExactDuration(graceMs) }),
  };
}

function noteLost(name: string, service: Service, dependencies: string[], notTakenOver: string[]): void {
  for (const key of Object.keys(service)) {
    const reason = COMPOSE_ONLY_KEYS[key];
    if (reason) notTakenOver.push(`${name}.${key}: ${reason}`);
  }
  if (dependencies.length > 0) notTakenOver.push(`${name}.depends_on: ${dependencies.join(', ')} is not taken over`);
}
