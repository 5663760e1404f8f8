import { readFile } from 'node:fs/promises';

/** What `npm run check` holds the lockfile to: hashes for everything, from no registry in particular, under licences we may pass on. */

export interface Lockfile {
  lockfileVersion: number;
  /** By their folder; `''` is Starkeep itself. */
  packages: Record<string, LockedPackage>;
}

export interface LockedPackage {
  version?: string;
  /** Where from; npm leaves it out for packages of a registry (`omit-lockfile-registry-resolved`). */
  resolved?: string;
  integrity?: string;
  /** An SPDX expression, as the package states it. */
  license?: string;
  /** Only for work on Starkeep. */
  dev?: boolean;
}

const PUBLIC_REGISTRY = 'https://registry.npmjs.org/';

/** 64 bytes. */
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

/**
 * Licences that let the package be used and passed on with no more than its notice. Whole expressions, so that nobody has to guess what `AND` and
 * `OR` come to.
 */
const LICENCES: readonly string[] = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  // The data of caniuse-lite, which webpack brings along: it wants its source named.
  'CC-BY-4.0',
];

/** Packages that state no licence in their `package.json`, and what their licence file says. One version each: the next one is read again. */
const READ_BY_HAND: Record<string, string> = { 'unionfs@4.6.0': 'Unlicense' };

/** @returns sentences; none for a lockfile that is as it should be */
export function lockfileProblems({ lockfileVersion, packages }: Lockfile): string[] {
  const problems = lockfileVersion === 3 ? [] : [`package-lock.json is of version ${lockfileVersion}, not 3.`];
  for (const [folder, { resolved, integrity }] of dependencies(packages)) {
    if (integrity === undefined) problems.push(`${folder} has no hash; install it from a registry.`);
    else if (!SHA512.test(integrity)) problems.push(`${folder} has the hash ${integrity}, which is no SHA-512.`);
    if (resolved === undefined || resolved.startsWith(PUBLIC_REGISTRY) || isInside(resolved)) continue;
    problems.push(
      `${folder} comes from ${resolved}; only ${PUBLIC_REGISTRY} and files of this repository may be named.`,
    );
  }
  return problems;
}

/** @returns sentences about what runs in production; what is only for work on Starkeep is not passed on */
export function licenceProblems({ packages }: Lockfile): string[] {
  return dependencies(packages).flatMap(([folder, { version, license, dev }]) => {
    if (dev) return [];
    const name = folder.replace(/^.*node_modules\//, '');
    const stated = license ?? READ_BY_HAND[`${name}@${version}`];
    if (stated !== undefined && LICENCES.includes(stated)) return [];
    const advice = 'read it, then name it in scripts/dependencies.ts or do without the package';
    return [
      `${name}@${version} has ${stated === undefined ? 'no stated licence' : `the licence ${stated}`}: ${advice}.`,
    ];
  });
}

function dependencies(packages: Lockfile['packages']): [string, LockedPackage][] {
  return Object.entries(packages).filter(([folder]) => folder !== '');
}

function isInside(resolved: string): boolean {
  return /^(?:file:)?\.\//.test(resolved) && !resolved.includes('..');
}

export async function readLockfile(): Promise<Lockfile> {
  return JSON.parse(await readFile(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lockfile;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const lockfile = await readLockfile();
  const problems = [...lockfileProblems(lockfile), ...licenceProblems(lockfile)];
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}
