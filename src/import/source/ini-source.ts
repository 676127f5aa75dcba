// INI text of supervisord and of systemd -> source tree: sections with their keys, comments and lines. Pure.
// A library reads neither the inline comments and continued lines of the one nor the repeated keys of the other.
import type { SourceList, SourceMap, SourceNode, SourceScalar } from './source-node.ts';

export type IniDialect = 'supervisord' | 'systemd';

/** A key that is repeated becomes a list in systemd, and the last one wins in supervisord. */
export function readIniSource(text: string, file: string, dialect: IniDialect): SourceMap {
  const root: SourceMap = { kind: 'map', path: '', key: '', at: { file, line: 1 }, comments: [], entries: [] };
  let section: SourceMap | null = null;
  let comments: string[] = [];
  let last: SourceScalar | null = null;
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const at = { file, line: index + 1 };
    if (line.trim() === '') {
      // Above the first section, comments with a blank line below are about the file.
      if (!section && comments.length > 0) root.comments.push(...comments.splice(0));
      last = null;
      continue;
    }
    if (/^\s*[;#]/.test(line)) {
      if (!isCommentedKey(line)) comments.push(line.replace(/^\s*[;#]+\s?/, '').trimEnd());
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      const before: SourceNode | undefined = root.entries.find(({ key }) => key === header);
      if (before?.kind === 'map') before.comments.push(...comments);
      section = before?.kind === 'map' ? before : { kind: 'map', path: header, key: header, at, comments, entries: [] };
      if (section !== before) root.entries.push(section);
      comments = [];
      last = null;
      continue;
    }
    if (dialect === 'supervisord' && /^\s/.test(line) && last) {
      last.value = `${String(last.value)}\n${withoutComment(line, dialect).text}`;
      continue;
    }
    const [, key, rest] = /^\s*([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || !section) continue;
    let value = rest!;
    while (dialect === 'systemd' && value.endsWith('\\') && index + 1 < lines.length) {
      value = `${value.slice(0, -1).trimEnd()} ${lines[++index]!.trim()}`;
    }
    const { text: own, comment } = withoutComment(value, dialect);
    last = {
      kind: 'scalar',
      path: `${section.path}.${key}`,
      key,
      at,
      comments,
      value: own,
      ...(comment ? { trailing: comment } : {}),
    };
    addEntry(section, last, dialect);
    comments = [];
  }
  return root;
}

/** `;autostart=true`: a setting that is switched off says nothing to a reader of procs.yaml. */
const isCommentedKey = (line: string): boolean => /^\s*[;#]\s*[\w.-]+\s*=|^\s*[;#]\s*\[/.test(line);

function withoutComment(value: string, dialect: IniDialect): { text: string; comment: string } {
  const match = dialect === 'supervisord' ? /^(.*?)(?:\s+;\s*(.*))?$/.exec(value) : null;
  return { text: (match?.[1] ?? value).trim(), comment: match?.[2]?.trim() ?? '' };
}

function addEntry(section: SourceMap, node: SourceScalar, dialect: IniDialect): void {
  const index = section.entries.findIndex(({ key }) => key === node.key);
  const before = section.entries[index];
  if (!before) section.entries.push(node);
  else if (dialect === 'supervisord') section.entries[index] = node;
  // An empty value of systemd forgets the earlier ones.
  else if (node.value === '') section.entries[index] = { ...node, kind: 'list', items: [] } as SourceList;
  else if (before.kind === 'list') before.items.push(node);
  else section.entries[index] = { ...before, kind: 'list', items: [before, node] } as SourceList;
}
