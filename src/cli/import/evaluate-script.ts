// Evaluates a configuration that is JavaScript, in a process of its own: no network, no writing, no children, a time limit.
import { spawn, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import type { EvaluateScript } from '../../import/model/import-context.ts';

const LIMIT_MS = 3_000;
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * The script sees only the variables of `environment`, and PATH and HOME.
 * @returns what it exports, and the names of the variables that it reads
 */
export const evaluateScript: EvaluateScript = (file, environment) =>
  new Promise((resolve) => {
    const [program, ...args] = [...withoutNetwork(), process.execPath, ...restrictions(), '-e', BOOTSTRAP, file];
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(program!, args, {
      cwd: dirname(file),
      env: { PATH, HOME, ORCH_IMPORT_ENV: JSON.stringify(environment) },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let answer = '';
    let complaint = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.stdio[3]!.on('data', (chunk: Buffer) => {
      answer += chunk.toString('utf8');
      if (answer.length > LARGEST_BYTES) child.kill('SIGKILL');
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(0, 20_000);
    });
    child.on('error', ({ message }) => resolve({ ok: false, problem: message }));
    child.on('close', (_code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') return resolve({ ok: false, problem: `it does not end within ${LIMIT_MS / 1000} s` });
      resolve(readAnswer(answer) ?? { ok: false, problem: describe(complaint) });
    });
  });

type Evaluated = Awaited<ReturnType<EvaluateScript>>;

function readAnswer(text: string): Evaluated | null {
  try {
    const { value, read } = JSON.parse(text) as { value: unknown; read: string[] };
    return { ok: true, value, read };
  } catch {
    return null; // it failed before it wrote the whole answer
  }
}

/** The line with the message, of a stack trace. */
function describe(complaint: string): string {
  const message = /^(?:\w*Error|Error \[\w+\])[^\n]*/m.exec(complaint)?.[0] ?? complaint.trim().split('\n')[0] ?? '';
  if (message.includes('ERR_ACCESS_DENIED') || /Access to this API has been restricted/.test(complaint))
    return 'it writes a file or starts a process, which an import does not allow';
  return message === '' ? 'it cannot be evaluated' : message;
}

let networkless: string[] | undefined;

/** A network namespace without interfaces, where the system lets a user have one. */
function withoutNetwork(): string[] {
  const own = ['unshare', '--user', '--net', '--'];
  networkless ??= process.platform === 'linux' && spawnSync(own[0]!, [...own.slice(1), 'true']).status === 0 ? own : [];
  return networkless;
}

/** The permission model of Node: reading only. */
function restrictions(): string[] {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  return ['--no-warnings', flag, '--allow-fs-read=*'];
}

/** Replaces what opens connections, too: not every system has network namespaces. */
const BOOTSTRAP = `
const given = JSON.parse(process.env.ORCH_IMPORT_ENV);
delete process.env.ORCH_IMPORT_ENV;
const fs = require('node:fs');
const refuse = () => { throw new Error('an import has no network'); };
const net = require('node:net'), dgram = require('node:dgram'), dns = require('node:dns');
net.Socket.prototype.connect = refuse;
net.Server.prototype.listen = refuse;
dgram.Socket.prototype.bind = refuse;
dgram.Socket.prototype.send = refuse;
for (const part of [dns, dns.promises]) for (const name of Object.keys(part)) if (/^(lookup|resolve|reverse)/.test(name)) part[name] = refuse;
globalThis.fetch = refuse;
const read = new Set(), own = Object.assign(Object.create(null), given);
const hidden = new Set(['PATH', 'HOME', 'NODE_OPTIONS', 'NODE_PATH', 'FORCE_COLOR', 'NO_COLOR', 'NODE_DEBUG', 'DEBUG', 'TZ', 'LANG']);
const real = process.env;
Object.defineProperty(process, 'env', { value: new Proxy(own, {
  get(target, name) {
    if (typeof name !== 'string') return undefined;
    if (name in target) { if (!hidden.has(name)) read.add(name); return target[name]; }
    if (hidden.has(name)) return real[name];
    read.add(name);
    return undefined;
  },
  ownKeys: () => [],
  has(target, name) { read.add(String(name)); return name in target; },
}) });
const Module = require('node:module');
const loadModule = Module._load;
// What dotenv reads would be written into the result: the file is named there instead.
const dotenv = { config(options) { read.add('dotenv:' + (options && options.path || '.env')); return { parsed: {} }; }, parse: () => ({}) };
Module._load = (name, ...rest) => (/^dotenv(-expand|-flow|-safe)?(\\/config)?$/.test(name) ? (name.endsWith('/config') && dotenv.config(), dotenv) : loadModule(name, ...rest));
const file = process.argv[1];
const done = (value) => fs.writeSync(3, JSON.stringify({ value: value && value.default ? value.default : value, read: [...read] }));
const fail = (error) => { process.stderr.write(String(error && error.stack || error) + '\\n'); process.exit(1); };
const load = () => {
  if (/\\.json5?$/.test(file)) return (0, eval)('(' + fs.readFileSync(file, 'utf8') + ')');
  const text = fs.readFileSync(file, 'utf8');
  if (!/\\.m?js$/.test(file) || !/\\bmodule\\.exports\\b/.test(text)) return require(file);
  // CommonJS, also in a package whose modules are ES modules.
  const module = { exports: {} };
  const names = ['module', 'exports', 'require', '__filename', '__dirname'];
  const run = require('node:vm').compileFunction(text, names, { filename: file });
  run(module, module.exports, Module.createRequire(file), file, require('node:path').dirname(file));
  return module.exports;
};
(async () => {
  let value;
  try { value = load(); } catch (error) {
    if (!/ERR_REQUIRE|Cannot use import|Unexpected token 'export'/.test(String(error.code) + error.message)) throw error;
    value = await import(require('node:url').pathToFileURL(file).href);
  }
  if (typeof value === 'function') value = await value();
  done(value);
  process.exit(0);
})().catch(fail);
`;
