import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The system's Chromium, for the tests of the web UI: `npx tsx scripts/chromium.ts` finds it, or installs it with apt where there is none. */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** @returns the path of the browser on this machine; `null` where there is none */
export function findChromium(path = process.env['PATH'] ?? ''): string | null {
  const folders = path.split(delimiter).filter(Boolean);
  for (const name of NAMES) {
    const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined) return found;
  }
  return null;
}

/** @throws Error that says how to get one */
export function requireChromium(): string {
  const found = findChromium();
  if (found !== null) return found;
  throw new Error(
    'There is no Chromium on this machine. Install it: npx tsx scripts/chromium.ts (as root, on Debian or Ubuntu)',
  );
}

/**
 * Installs Debian's, and waits for that.
 * @param quietly without apt's own lines
 * @throws Error when apt cannot
 */
export function installChromium({ quietly = false } = {}): string {
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const stdio = quietly ? 'ignore' : 'inherit';
    const { status, error } = spawnSync('apt-get', args, { stdio, env: environment });
    if (status !== 0)
      throw new Error(
        `apt-get ${args.join(' ')} failed${error ? `: ${error.message}` : ''}; install a Chromium by hand.`,
      );
  }
  return requireChromium();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  process.stdout.write(`${findChromium() ?? installChromium()}\n`);
}
