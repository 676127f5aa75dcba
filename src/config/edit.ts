// `orch scale`: changes the size of a pool in the file that sets it, and nothing else in it. What cannot be changed
// without touching something else is refused.
import { decode } from './files/decode.ts';
import { diskSource } from './files/file-source.ts';
import { replaceFiles } from './files/replacement.ts';
import { SourceFile } from './files/source-file.ts';
import { type LoadRequest, loadTree } from './load.ts';
import { findPoolOwner } from './pool-owner.ts';
import { setPoolSize } from './pool-size.ts';
import { problemOf } from './problem.ts';
import { failed, type Result } from './result.ts';

export { findPoolOwner } from './pool-owner.ts';
export { setPoolSize } from './pool-size.ts';

/**
 * Sets pool sizes where they are declared: in the overlay or included file that has the last word.
 * All or none: every edit is made and the result loaded before the first file is written.
 *
 * @param sizes service -> size
 * @returns the files that were written, absolute; none when nothing had to change
 */
export async function editPoolSizes(
  request: LoadRequest,
  sizes: Record<string, number>,
): Promise<Result<{ files: string[] }>> {
  const edited = await planPoolEdits(request, sizes);
  if (!edited.ok) return edited;
  const check = await loadTree({ ...request, source: withTexts(edited.texts) });
  if (!check.digested) return failed(...check.problems.filter(({ severity }) => severity === 'error'));
  const changed = [...edited.texts].flatMap(([path, { display, before, after }]) =>
    before === after ? [] : [{ path, display, text: after }],
  );
  const written = await replaceFiles(changed);
  return written.ok ? { ok: true, files: changed.map(({ path }) => path) } : written;
}

type Texts = Map<string, { display: string; before: string; after: string }>;

async function planPoolEdits(request: LoadRequest, sizes: Record<string, number>): Promise<Result<{ texts: Texts }>> {
  const texts: Texts = new Map();
  for (const [service, size] of Object.entries(sizes)) {
    const owner = await findPoolOwner(request, service);
    if (!owner.ok) return owner;
    const before = texts.get(owner.path)?.before ?? (await readText(owner.path, owner.display));
    if (typeof before !== 'string') return before;
    const edited = setPoolSize(texts.get(owner.path)?.after ?? before, service, size, owner.display);
    if (!edited.ok) return edited;
    texts.set(owner.path, { display: owner.display, before, after: edited.text });
  }
  return { ok: true, texts };
}

async function readText(path: string, display: string) {
  const content = await diskSource.read(path);
  if (content.kind !== 'bytes')
    return failed(problemOf(display, { code: 'unreadable', message: `${display} cannot be read any more` }));
  const decoded = decode(path, display, content.bytes);
  if (!(decoded instanceof SourceFile)) return failed(decoded);
  const hasMark = content.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
  return hasMark ? `\ufeff${decoded.text}` : decoded.text;
}

/** The disk as it would be with the edits. */
function withTexts(texts: Texts): typeof diskSource {
  const read: typeof diskSource.read = async (path) => {
    const text = texts.get(path);
    return text ? { kind: 'bytes', bytes: Buffer.from(text.after) } : diskSource.read(path);
  };
  return { ...diskSource, read };
}
