// What `orch init` found in a project, before it becomes text. Types and names only.

export type DraftService = {
  name: string;
  command: string | string[];
  /** Lines above the service, without `#`. */
  notes: string[];
  cwd?: string;
  env?: Record<string, string>;
  envFiles?: string[];
  port?: number;
  pool?: number;
  dependsOn?: Record<string, string>;
  restart?: string;
  stop?: { signal?: string; grace?: string };
};

export type Draft = {
  /** File that it was made from, or null for the sample. */
  from: string | null;
  services: DraftService[];
  envFiles: string[];
  /** What could not be taken over, one sentence each. */
  lost: string[];
};

/** The same for several, each another: a name that is taken already gets `-2`, `-3`, … */
export function toServiceNames(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const fitted = toServiceName(name);
    let unique = fitted;
    for (let number = 2; taken.has(unique); number++) unique = `${fitted.slice(0, 58)}-${number}`;
    taken.add(unique);
    return unique;
  });
}

/** A name of the other tool made to fit ours. */
export function toServiceName(name: string): string {
  const fitted = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
  return fitted === '' ? 'service' : fitted.startsWith('x-') ? fitted.replace('-', '_') : fitted;
}
