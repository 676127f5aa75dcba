// Names of other tools -> names of services. Pure.

/** Unique service names: a name that is already taken gets `-2`, `-3`, … */
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

/** Makes a name of another tool a valid service name. */
export function toServiceName(name: string): string {
  const fitted = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
  return fitted === '' ? 'service' : fitted.startsWith('x-') ? fitted.replace('-', '_') : fitted;
}
