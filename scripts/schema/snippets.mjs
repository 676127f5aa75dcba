// `defaultSnippets` of the schema: what editors insert. Their texts have places to fill in (`${1:db}`), as LSP snippets do.

/** @returns the value that is inserted when nothing is typed over */
export function snippetValue(body) {
  if (Array.isArray(body)) return body.map(snippetValue);
  if (body !== null && typeof body === 'object')
    return Object.fromEntries(Object.entries(body).map(([key, value]) => [filled(key), snippetValue(value)]));
  return typeof body === 'string' ? plain(filled(body)) : body;
}

/** `${1:text}` → `text`; `\$` and `\}` are literal. */
const filled = (text) => text.replace(/\$\{\d+:((?:\\.|[^}\\])*)\}/g, '$1').replace(/\\(.)/g, '$1');

/** A number as YAML reads it. */
const plain = (text) => (/^\d+$/.test(text) ? Number(text) : text);
