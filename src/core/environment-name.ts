// The name of an environment: the overlays in the order in which they are merged, with commas (`dev,local`). Pure.

/** Its overlay is read last without being asked for, and git ignores it: what one person changes on top. */
export const PERSONAL = 'local';
/** Set, and not `0`: the personal overlay is left out. `--no-local` sets it. */
export const NO_PERSONAL_VARIABLE = 'ORCH_NO_LOCAL';

/** As the user wrote it, `dev, local` -> `dev,local`. @returns null: no environment */
export function environmentName(written: string | undefined): string | null {
  const names = (written ?? '').split(',').map((name) => name.trim());
  return names.filter(Boolean).join(',') || null;
}

/** `dev,local` -> `dev`, `local`: one for each overlay. */
export const layersOf = (env: string | null): string[] => (env === null ? [] : env.split(','));

/** `procs.yaml` and `dev` -> `procs.dev.yaml`. @param file a name or path */
export function overlayOf(file: string, layer: string): string {
  const dot = file.lastIndexOf('.');
  return dot <= file.lastIndexOf('/') ? `${file}.${layer}` : `${file.slice(0, dot)}.${layer}${file.slice(dot)}`;
}

/** @returns its file, where the configuration has a personal overlay that the environment does not name. */
export function personalOverlayIn(files: readonly string[], env: string | null): string | null {
  const [base] = files;
  const overlay = base === undefined ? null : overlayOf(base, PERSONAL);
  return overlay !== null && files.includes(overlay) && !layersOf(env).includes(PERSONAL) ? overlay : null;
}

export const isPersonalLeftOut = (variables: Readonly<Record<string, string | undefined>>): boolean =>
  !['', '0'].includes(variables[NO_PERSONAL_VARIABLE] ?? '');
