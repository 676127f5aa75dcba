// Lines of a YAML file that may be part of a secret although no secret key stands on them: the text of a block or of a quote
// below `TLS_KEY: |`, wrongly indented lines included. A look at the lines alone, for texts that no parser understands.
import { isSecretKey } from '../secrets.ts';
import type { SourceFile } from './source-file.ts';

/** The secret key that the lines below belong to, as long as nothing else begins. */
type Open = { key: string; indent: number; reach: 'texts' | 'deeper' | 'block' };

const KEY = /^([ \t]*(?:-[ \t]+)*)(["']?)([A-Za-z_][\w.-]*)\2[ \t]*:(?:[ \t]+(.*))?$/;
const CLOSED_QUOTE = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(#.*)?$/;

const known = new WeakMap<SourceFile, Map<number, string>>();

/** @param line from 1. @returns the secret key above that the line may be a part of; null: none. */
export function secretAbove(source: SourceFile, line: number): string | null {
  if (line === 1) return null;
  const lines = known.get(source) ?? findLines(source.text);
  known.set(source, lines);
  return lines.get(line) ?? null;
}

function findLines(text: string): Map<number, string> {
  const found = new Map<number, string>();
  let open: Open | null = null;
  /** The key above a private key or the like in PEM, which has lines such as `Proc-Type: 4,ENCRYPTED`. */
  let pem: string | null = null;
  let last = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.trim() === '') continue;
    if (pem !== null) found.set(index + 1, pem);
    else if (open && isPartOf(open, line)) found.set(index + 1, open.key);
    else open = openedBy(line, open);
    last = found.get(index + 1) ?? KEY.exec(line)?.[3] ?? last;
    if (line.includes('-----END ')) pem = null;
    else if (line.includes('-----BEGIN ')) pem = last;
  }
  return found;
}

/** Of a block every deeper line is a part, and one that is no `key:` wherever it stands: its indentation is wrong. */
function isPartOf({ indent, reach }: Open, line: string): boolean {
  const isDeeper = line.search(/\S/) > indent;
  if (reach === 'block' && isDeeper) return true;
  return !KEY.test(line) && (isDeeper || reach === 'block');
}

function openedBy(line: string, open: Open | null): Open | null {
  const match = KEY.exec(line);
  if (!match) return open;
  const [, before, , key, rest] = match as unknown as [string, string, string, string, string | undefined];
  if (!isSecretKey(key)) return null;
  const value = (rest ?? '').replace(/^([&!]\S*\s+)+/, '');
  return { key, indent: before.length, reach: reachOf(value) };
}

function reachOf(value: string): Open['reach'] {
  if (value === '' || value.startsWith('#')) return 'texts';
  const isOpen = /^[|>[{]/.test(value) || (/^["']/.test(value) && !CLOSED_QUOTE.test(value));
  return isOpen ? 'block' : 'deeper';
}
