// Shows a URL in the browser of the user, where there is one; else puts it into the clipboard of the terminal.
import { spawn } from 'node:child_process';
import { copyText } from './clipboard.ts';

/** @returns what was done, for the user. */
export async function openUrl(
  url: string,
  environment: NodeJS.ProcessEnv,
  stdout: NodeJS.WriteStream,
): Promise<string> {
  const opener = openerOf(environment, process.platform);
  if (opener !== null && (await starts(opener, url))) return `opening ${url}`;
  return `${url} ${await copyText(url, environment, stdout)}`;
}

/** null: without a display, such as behind ssh. */
export function openerOf(environment: NodeJS.ProcessEnv, platform: string): string | null {
  if (environment.BROWSER) return environment.BROWSER;
  if (platform === 'darwin') return environment.SSH_CONNECTION ? null : 'open';
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? 'xdg-open' : null;
}

function starts(opener: string, url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
    child.unref();
  });
}
