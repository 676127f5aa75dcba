// Texts as systemd reads them back: `%` starts a specifier everywhere, `$` a variable in command lines alone. Pure.

export const specifierText = (text: string): string => text.replaceAll('%', '%%');

const isPlain = (text: string): boolean => /^[A-Za-z0-9_@%+=:,./-]+$/.test(text);

function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** A word of ExecStart=. `text` has its specifiers already. */
export function execWord(text: string): string {
  // A lone `;` would separate commands.
  return isPlain(text) ? text : quoted(text).replaceAll('$', '$$$$');
}

/** An assignment of Environment=. */
export const assignment = (name: string, value: string): string => {
  const text = `${name}=${value}`;
  return isPlain(text) ? text : quoted(text);
};

/** A value that is one line, such as Description=. */
export const lineText = (text: string): string => specifierText(text.replace(/\s+/g, ' ').trim()).replace(/\\$/, '');

/** `1500ms`, `30s` */
export const timeSpan = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
