// What every format is read into: keys in the order of the file, each with its line and the comments around it. Pure.

export type Place = { file: string; line: number };
export type ScalarValue = string | number | boolean | null;

type NodeBase = {
  /** `services.api.restart`, for the report. */
  path: string;
  /** The last part of the path; '' for the root and for items of lists. */
  key: string;
  at: Place;
  /** Lines above the key, without `#`. */
  comments: string[];
  /** The comment after the value. */
  trailing?: string;
};
export type SourceMap = NodeBase & { kind: 'map'; entries: SourceNode[] };
export type SourceList = NodeBase & { kind: 'list'; items: SourceNode[] };
export type SourceScalar = NodeBase & { kind: 'scalar'; value: ScalarValue };
export type SourceNode = SourceMap | SourceList | SourceScalar;

/** A file that was read: its tree, or why it cannot be read. */
export type ReadSource = { ok: true; root: SourceNode } | { ok: false; problem: string; line: number };

export const entriesOf = (node: SourceNode | undefined): SourceNode[] => (node?.kind === 'map' ? node.entries : []);

/** @param path keys, from the outer to the inner one */
export function nodeAt(node: SourceNode | undefined, ...path: string[]): SourceNode | undefined {
  return path.reduce<SourceNode | undefined>((at, key) => entriesOf(at).find((entry) => entry.key === key), node);
}

/** A scalar as text; '' for null, maps and lists. */
export function textOf(node: SourceNode | undefined): string {
  return node?.kind === 'scalar' && node.value !== null ? String(node.value) : '';
}

/** The items of a list as text; a scalar is a list of one. */
export function textsOf(node: SourceNode | undefined): string[] {
  if (node?.kind === 'list') return node.items.map(textOf);
  return textOf(node) === '' ? [] : [textOf(node)];
}

/** true, yes, on, 1 in any spelling. */
export const isOn = (node: SourceNode | undefined): boolean => /^(true|yes|on|1|y|t)$/i.test(textOf(node).trim());

/** @returns null if it is not a number */
export function numberOf(node: SourceNode | undefined): number | null {
  const text = textOf(node).trim();
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

/** The same as plain values. */
export function plainOf(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainOf);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plainOf(entry)]));
}
