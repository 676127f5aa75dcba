// `orch scale`: changes the size of a pool in the file that sets it, and nothing else in that file. An edit that would change
// another value is refused.
import { diskSource } from './files/file-source.ts';
import { decodeUtf8 } from './files/load-context.ts';
import { replaceFiles } from './files/replace-files.ts';
import { type LoadRequest, loadTree } from './load-config.ts';
import { type ServicePath, setPoolSize } from './pool-size.ts';
import { type ConfigResult, failed, fileProblem, quote } from './problem/problem.ts';
import { SourceFile } from './problem/source-file.ts';
import { suggestionHint } from './problem/suggest.ts';
import { childOf, entriesOf } from './tree/tree.ts';

/**
 * Sets pool sizes where they are declared: in the overlay or included file that wins.
 * All or none: every edit is made, and the result is loaded, before the first file is written.
 *
 * @param sizes service -> size
 * @returns the files that were written, absolute; none when no size changes
 */
export async function editPoolSizes(
  request: LoadRequest,
  sizes: Record<string, number>,
): Promise<ConfigResult<{ files: string[] }>> {
  const edited = await planPoolEdits(request, sizes);
  if (!edited.ok) return edited;
  const check = await loadTree({ ...request, source: sourceWithEdits(edited.texts) });
  if (!check.built) return failed(...check.problems.filter(({ severity }) => severity === 'error'));
  const changed = [...edited.texts].flatMap(([path, { display, before, after }]) =>
    before === after ? [] : [{ path, display, text: after }],
  );
  const written = await replaceFiles(changed);
  return written.ok ? { ok: true, files: changed.map(({ path }) => path) } : written;
}

type EditedTexts = Map<string, { display: string; before: string; after: string }>;

async function planPoolEdits(
  request: LoadRequest,
  sizes: Record<string, number>,
): Promise<ConfigResult<{ texts: EditedTexts }>> {
  const texts: EditedTexts = new Map();
  for (const [service, size] of Object.entries(sizes)) {
    const owner = await findPoolFile(request, service);
    if (!owner.ok) return owner;
    const before = texts.get(owner.path)?.before ?? (await readForEdit(owner.path, owner.display));
    if (typeof before !== 'string') return before;
    const edited = setPoolSize(texts.get(owner.path)?.after ?? before, owner.service, size, owner.display);
    if (!edited.ok) return edited;
    texts.set(owner.path, { display: owner.display, before, after: edited.text });
  }
  return { ok: true, texts };
}

async function readForEdit(path: string, display: string) {
  const content = await diskSource.read(path);
  if (content.kind !== 'bytes')
    return failed(fileProblem(display, { code: 'unreadable', message: `${display} can no longer be read` }));
  const decoded = decodeUtf8(path, display, content.bytes);
  if (!(decoded instanceof SourceFile)) return failed(decoded);
  const hasMark = content.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
  return hasMark ? `\ufeff${decoded.text}` : decoded.text;
}

/** The disk as it would be with the edits. */
function sourceWithEdits(texts: EditedTexts): typeof diskSource {
  const read: typeof diskSource.read = async (path) => {
    const text = texts.get(path);
    return text ? { kind: 'bytes', bytes: Buffer.from(text.after) } : diskSource.read(path);
  };
  return { ...diskSource, read };
}

/**
 * @returns the file that sets `pool` of the service: procs.yaml, an included file or the overlay. Where none does, or only
 * `defaults`, the last file with a key of the service; `service`: where it is there. Problems: the configuration has errors, or no such service.
 */
export async function findPoolFile(
  request: LoadRequest,
  service: string,
): Promise<ConfigResult<{ path: string; display: string; service: ServicePath }>> {
  const { built, problems } = await loadTree(request);
  if (!built) return failed(...problems.filter(({ severity }) => severity === 'error'));
  const services = childOf(built.written, 'services');
  const entry = entriesOf(services).find(({ key }) => key === service);
  if (!entry) {
    const names = built.config.services.map(({ name }) => name as string);
    const message = `no service is named ${quote(service)}`;
    return failed(
      fileProblem('procs.yaml', { code: 'not-found', message, hint: suggestionHint(service, names, 'services') }),
    );
  }
  const origin = built.variants.get(service);
  // The size of the service is that of its other variants as well.
  const own = origin?.own ?? entry.value;
  const pool = own.kind === 'map' ? own.entries.get('pool') : undefined;
  const size = pool?.value.kind === 'map' ? pool.value.entries.get('size') : undefined;
  const { path, display } = (size ?? pool ?? entry).keyAt.source;
  return { ok: true, path, display, service: origin ? [origin.service, 'variants', origin.variant] : [service] };
}
