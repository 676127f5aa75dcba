// The names by which other tools group programs (namespaces, groups) -> `tags`.
import { toServiceName } from '../text/names.ts';
import { nearly, type Verdict } from './loss-findings.ts';
import type { ServiceDraft } from './project-draft.ts';

/** @param written may hold characters that a tag does not allow. */
export function addTag(draft: ServiceDraft, written: string): Verdict | undefined {
  const tag = toServiceName(written);
  const tags = Array.isArray(draft.keys.tags) ? draft.keys.tags : [];
  if (!tags.includes(tag)) draft.append('tags', tag);
  return tag === written ? undefined : nearly(`the tag is ${tag} here`);
}
