/**
 * Runs at `npm ci`: builds the web UI. Without the packages it is built with (`npm ci --omit=dev`) that is skipped with a sentence, and the api says at
 * `/` how to build it. Plain JavaScript, because there may be nothing here that runs anything else.
 */
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const vite = new URL('../node_modules/vite/bin/vite.js', import.meta.url);
const packages = ['vite', '@vitejs/plugin-react', 'react', '@mantine/core'];
const missing = packages.filter(
  (name) => !existsSync(new URL(`../node_modules/${name}/package.json`, import.meta.url)),
);

if (missing.length > 0 || !existsSync(new URL('../vite.config.ts', import.meta.url))) {
  process.stdout.write(
    'The web UI is not built: the packages for that are not installed. `npm ci && npm run build:ui` builds it.\n',
  );
} else {
  const cwd = new URL('..', import.meta.url);
  const { status } = spawnSync(process.execPath, [vite.pathname, 'build', '--logLevel', 'warn'], {
    cwd,
    stdio: 'inherit',
  });
  // The server runs without it, so an install is not to fail for it.
  if (status !== 0)
    process.stderr.write('The web UI could not be built; `npm run build:ui` tries it again and says why.\n');
}
