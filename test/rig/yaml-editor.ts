// The YAML language server as an editor starts it: over stdio, with the settings that the guide recommends.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

export type Diagnostic = { line: number; column: number; message: string };
export type Offered = { label: string; text: string; about: string };

export type YamlEditor = {
  /** Opens or changes a file. @returns what the editor underlines, lines and columns from 1 */
  show(path: string, text: string): Promise<Diagnostic[]>;
  /** What completion offers at `|` of the text. */
  complete(path: string, text: string): Promise<Offered[]>;
  /** The text that appears over `|`; '' where there is none. */
  hover(path: string, text: string): Promise<string>;
};

type Message = { id?: number; method?: string; params?: unknown; result?: unknown; error?: { message: string } };
type Position = { line: number; character: number };

/** docs/guide/editors.md. No catalogue of schemas: that would be fetched from the network. */
const SETTINGS = {
  schemaStore: { enable: false },
  customTags: ['!append sequence', '!prepend sequence'],
};

export async function openYamlEditor(): Promise<YamlEditor> {
  const server = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server');
  const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const answers = new Map<number, (message: Message) => void>();
  const shown = new Map<string, (diagnostics: Diagnostic[]) => void>();
  let lastId = 0;

  const write = (message: object): void => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    child.stdin.write(body);
  };
  const notify = (method: string, params: object): void => write({ method, params });
  const request = async (method: string, params: object): Promise<unknown> => {
    const id = ++lastId;
    const answer = new Promise<Message>((resolve) => answers.set(id, resolve));
    write({ id, method, params });
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const receive = (message: Message): void => {
    const { id, method, params } = message;
    if (method === undefined) answers.get(id!)?.(message);
    else if (method === 'workspace/configuration') {
      const { items } = params as { items: { section: string }[] };
      write({ id, result: items.map(({ section }) => (section === 'yaml' ? SETTINGS : null)) });
    } else if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as {
        uri: string;
        diagnostics: { range: { start: Position }; message: string }[];
      };
      const places = diagnostics.map(({ range: { start }, message: text }) => ({
        ...{ line: start.line + 1, column: start.character + 1, message: text },
      }));
      shown.get(uri)?.(places);
    } else if (id !== undefined) write({ id, result: null });
  };
  readFrames(child.stdout, receive);

  await request('initialize', {
    ...{ processId: process.pid, rootUri: null },
    capabilities: {
      workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } },
      textDocument: { completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } } },
    },
  });
  notify('initialized', {});

  let version = 0;
  const open = new Set<string>();
  const put = (path: string, text: string): string => {
    const uri = pathToFileURL(path).href;
    version++;
    if (open.has(uri)) notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
    else notify('textDocument/didOpen', { textDocument: { uri, version, languageId: 'yaml', text } });
    open.add(uri);
    return uri;
  };
  const at = (path: string, marked: string) => {
    const before = marked.slice(0, marked.indexOf('|')).split('\n');
    const uri = put(path, marked.replace('|', ''));
    return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1)!.length } };
  };
  return {
    show: (path, text) => {
      const uri = pathToFileURL(path).href;
      const diagnostics = new Promise<Diagnostic[]>((resolve) => shown.set(uri, resolve));
      put(path, text);
      return diagnostics;
    },
    complete: async (path, marked) => {
      const { items } = (await request('textDocument/completion', at(path, marked))) as { items: CompletionItem[] };
      return items.map(({ label, insertText, textEdit, documentation = '' }) => ({
        ...{ label, text: textEdit?.newText ?? insertText ?? label },
        about: typeof documentation === 'string' ? documentation : documentation.value,
      }));
    },
    hover: async (path, marked) => {
      const hover = (await request('textDocument/hover', at(path, marked))) as { contents: { value: string } } | null;
      return hover?.contents.value ?? '';
    },
  };
}

type CompletionItem = {
  label: string;
  insertText?: string;
  textEdit?: { newText: string };
  documentation?: string | { value: string };
};

function readFrames(stream: NodeJS.ReadableStream, onMessage: (message: Message) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const header = rest.indexOf('\r\n\r\n');
      if (header < 0) return;
      const start = header + 4;
      const length = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, header))![1]);
      if (rest.length < start + length) return;
      const body = rest.toString('utf8', start, start + length);
      rest = rest.subarray(start + length);
      onMessage(JSON.parse(body) as Message);
    }
  });
}
