import { createWriteStream, type WriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { compare } from './compare.ts';
import { megabytes, readMirrors, type MirrorRow } from './mirrors.ts';
import { watchMirrors } from './progress.ts';
import {
  buildRepositories,
  buildTourRepositories,
  findRepositories,
  TOUR,
  type DemoRepository,
} from './repositories.ts';
import { leaveOneFailing } from './failing.ts';
import { ADMIN_KEY } from './starkeep.ts';
import { walk } from './tour.ts';
import { createWorld, type World } from './world.ts';

/**
 * `npm run demo`: everything on this machine, against stand-ins, with real git repositories.
 * Exit codes: 0 all repositories are equal on both sides · 1 something is not as promised · 2 the arguments are wrong.
 */

const USAGE = `npm run demo [-- --exit] [-- --repos DIR]
  --exit       end when the tour is done; without it the demo runs until Ctrl-C
  --repos DIR  use the bare repositories in DIR (DIR/NAME.git, DIR/OWNER/NAME.git) as GitHub's; they are only read`;

const CACHE = fileURLToPath(new URL('../.cache/temporal', import.meta.url));

const say = (line: string) => void process.stdout.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  let options: { exit: boolean; repos: string | undefined };
  let yours: DemoRepository[] | null;
  try {
    const { values } = parseArgs({ options: { exit: { type: 'boolean' }, repos: { type: 'string' } } });
    options = { exit: values.exit ?? false, repos: values.repos };
    yours = options.repos === undefined ? null : await findRepositories(options.repos, say);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }

  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const dir = await mkdtemp(join(tmpdir(), 'starkeep-demo-'));
  // As root the embedded Postgres runs under another account, which has to be able to reach its files.
  await chmod(dir, 0o755);
  const log = createWriteStream(join(dir, 'starkeep.log'));
  let world: World | null = null;
  try {
    const running = run(dir, { yours, stays: !options.exit, log }, (created) => (world = created));
    const outcome = await Promise.race([running, interrupted]);
    if (outcome === 'interrupted') {
      running.catch(() => undefined);
      return 130;
    }
    if (!options.exit && world) {
      showAddresses(world);
      await interrupted;
    }
    return outcome;
  } catch (error) {
    process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`);
    return 1;
  } finally {
    say('\nStopping …');
    await (world as World | null)?.stop();
    await new Promise((done) => log.end(done));
    await rm(dir, { recursive: true, force: true });
  }
}

async function run(
  dir: string,
  { yours, stays, log }: { yours: DemoRepository[] | null; stays: boolean; log: WriteStream },
  onWorld: (world: World) => void,
): Promise<number> {
  say('Starkeep demo: stand-ins for GitHub and OneDev, a real Temporal, a real Postgres, real git.\n');
  const upstreamDir = join(dir, 'upstream');
  await mkdir(upstreamDir);
  say(
    yours
      ? `Using your ${yours.length} repositories, and two of the demo's own for the tour …`
      : 'Building repositories of many kinds with git …',
  );
  const repositories = [
    ...(yours ?? (await buildRepositories(upstreamDir))),
    ...(await buildTourRepositories(upstreamDir)),
  ];

  say('Starting Postgres, Temporal, the api and a worker …');
  const { PATH, HOME, TMPDIR } = process.env;
  const world = await createWorld({
    dir,
    cacheDir: CACHE,
    repositories,
    say,
    onLogLine: (line) => void log.write(`${line}\n`),
    environment: { PATH, HOME, TMPDIR },
  });
  onWorld(world);

  say(`\nYou have starred ${repositories.length} repositories. Starkeep reads your star list and mirrors them:\n`);
  await watchMirrors(world, repositories.length, process.stdout);
  const first = await showTable(world, repositories);

  say('\nA tour of what happens next:');
  await walk(world, repositories, say);

  const last = await differing(world, await readMirrors(world), repositories);
  if (first.length === 0 && last.length === 0) {
    say(`\nEvery repository is equal on both sides (git ls-remote).`);
    if (stays) await somethingToMend(world, repositories);
    return 0;
  }
  say(`\nNot equal: ${[...new Set([...first, ...last])].join('; ')}`);
  return 1;
}

/** For who looks around. */
async function somethingToMend(world: World, repositories: DemoRepository[]): Promise<void> {
  const repository = repositories.find(({ fullName }) => fullName === TOUR.push);
  if (!repository) return;
  say('\nLast, OneDev refuses a push, as if the token had lost a right for a moment:');
  await leaveOneFailing(world, repository);
  say(`    ${repository.fullName} fails now; the web UI says why, and has the button that mends it`);
}

async function showTable(world: World, repositories: DemoRepository[]): Promise<string[]> {
  const rows = await readMirrors(world);
  const table = new Table({
    head: ['repository', 'status', 'refs', 'equal', 'bytes', 'seconds', 'about'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'left'],
  });
  const wrong: string[] = [];
  for (const row of rows) {
    const found = await compareRow(world, row);
    if (!found?.equal)
      wrong.push(`${row.fullName} (${found?.different.slice(0, 3).join(', ') ?? row.note ?? row.status})`);
    const { about } = repositories.find((one) => one.fullName === row.fullName) ?? { about: '' };
    const equal = found?.equal ? (found.declined.length > 0 ? `but ${found.declined.join(', ')}` : 'yes') : 'NO';
    const bytes = row.bytes === null ? '–' : megabytes(row.bytes);
    table.push([row.fullName, row.status, row.refs ?? '–', equal, bytes, row.seconds?.toFixed(1) ?? '–', about]);
  }
  say(`\n${table.toString()}`);
  return wrong;
}

/** Names of the mirrors that are not equal to their source; one that was deleted on purpose has nothing to be equal to. */
async function differing(world: World, rows: MirrorRow[], repositories: DemoRepository[]): Promise<string[]> {
  const missing = repositories.filter(({ fullName }) => !rows.some((row) => row.fullName === fullName));
  const wrong = missing.map(({ fullName }) => `${fullName} (no mirror)`);
  for (const row of rows.filter(({ status }) => status !== 'deleted')) {
    const found = await compareRow(world, row);
    if (!found?.equal) wrong.push(row.fullName);
  }
  return wrong;
}

async function compareRow(world: World, row: MirrorRow) {
  if (row.projectPath === null) return null;
  const source = { url: `${world.github.url}/${row.fullName}.git`, token: world.github.token };
  const target = { url: `${world.onedev.url}/${row.projectPath}.git`, token: world.onedev.token };
  return compare(source, target, row.declined);
}

function showAddresses({ starkeep, github, onedev }: World): void {
  say(`
Look around:
  Starkeep      ${starkeep.apiUrl}   (log in with the key ${ADMIN_KEY})
                ${starkeep.apiUrl}/health  ${starkeep.apiUrl}/metrics
                curl -H 'authorization: Bearer ${ADMIN_KEY}' ${starkeep.apiUrl}/api/v1/mirrors
  Temporal      ${starkeep.temporalUiUrl}
  GitHub        ${github.url}   (stand-in)
  OneDev        ${onedev.url}   (stand-in)
  The same by hand: git ls-remote ${github.url}/tour/pushed-to.git
                    git -c http.extraHeader='Authorization: Bearer ${onedev.token}' ls-remote ${onedev.url}/github/tour/pushed-to.git
Ctrl-C ends everything; only the Temporal server that was fetched stays, in .cache/.`);
}
