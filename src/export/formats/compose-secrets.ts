// Secrets that are files: docker mounts each at /run/secrets/NAME, and a shell in front of the program reads it.
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { fillText } from '../text/instance-text.ts';

/** Absolute path -> name in the compose file. */
export type SecretNames = ReadonlyMap<string, string>;

/** Variable and absolute path of each. */
export const fileSecrets = ({ variables }: Pick<ExportedService, 'variables'>): [name: string, path: string][] =>
  variables.secrets.flatMap(([name, source]): [string, string][] =>
    typeof source === 'string' ? [[name, fillText(source, {}, (text) => text)]] : [],
  );

/** Named after the first variable that reads the file. */
export function secretNames({ services }: ExportedProject): SecretNames {
  const names = new Map<string, string>();
  for (const [variable, path] of services.flatMap(fileSecrets)) {
    if (names.has(path)) continue;
    const plain = variable.toLowerCase();
    const taken = [...names.values()].filter((name) => name === plain || name.startsWith(`${plain}-`)).length;
    names.set(path, taken === 0 ? plain : `${plain}-${taken + 1}`);
  }
  return names;
}
