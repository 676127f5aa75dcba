// The hash that tells whether a running instance fits its declaration: over the `restart` keys only.

import { createHash } from 'node:crypto';
import type { ServiceSpec } from '../../core/spec.ts';
import { restartPart } from './change-classes.ts';

/** 16 hex characters of SHA-256 over canonical JSON: the order of keys does not matter. */
export function specHash(spec: Omit<ServiceSpec, 'specHash' | 'usesPorts'>): string {
  return createHash('sha256')
    .update(canonicalJson(restartPart(spec)))
    .digest('hex')
    .slice(0, 16);
}

/** JSON with the keys of every map sorted. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`).join(',')}}`;
}
