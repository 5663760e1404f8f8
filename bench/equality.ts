import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { buildRepositories, type DemoRepository, findRepositories } from '../demo/repositories.ts';
import { createCloneTransfer } from '../src/adapters/git/clone.ts';
import { createStreamTransfer } from '../src/adapters/git/stream.ts';
import { createOnedev } from '../src/adapters/onedev.ts';
import type { SyncReport } from '../src/domain/model.ts';
import type { Transfer } from '../src/domain/ports.ts';
import { createRedactor } from '../src/domain/redaction.ts';
import { createGithubStandin } from '../test/standins/github.ts';
import { createOnedevStandin } from '../test/standins/onedev.ts';
import { createRepo, git, type Repo } from '../test/support/repo.ts';
import { KINDS } from './kinds.ts';

/**
 * Whether both ways of transfer leave the same: `npm run bench -- equality [--repos DIR]`. Every bare repository of DIR, which is only read, is mirrored by
 * `stream` and by `clone` into a project each of the OneDev stand-in. Heads, tags and HEAD of both are compared with each other and with the source,
 * and what `git fsck --full` says of them with what it says of the source. Ends with exit code 1 when anything differs. A ref that OneDev declined is no
 * difference where it is named in the report.
 */

const { values } = parseArgs({ options: { repos: { type: 'string' } } });
const TRANSPORTS = ['stream', 'clone'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** What one way of transfer left. */
interface Outcome {
  report: SyncReport;
  seconds: number;
  refs: Map<string, string>;
  head: string;
  fsck: string[];
}

const dir = await mkdtemp(join(tmpdir(), 'starkeep-equality-'));
const github = await createGithubStandin();
const onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
const target = createOnedev({ url: onedev.url, token: onedev.token, parent: 'bench', userAgent: 'starkeep-bench' });
const redact = createRedactor([]);
const stream = createStreamTransfer({ redact });
const transfers: Record<Transport, Transfer> = {
  stream,
  clone: createCloneTransfer({ cacheDir: join(dir, 'cache'), redact }),
};
const table = new Table({
  head: ['repository', 'refs', 'declined', 'stream s', 'clone s', 'equal'],
  style: { head: [], border: [], compact: true },
  colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
});
try {
  for (const one of await repositories()) {
    // A folder of large ones takes its time.
    process.stderr.write(`${one.fullName} …\n`);
    await compare(one);
  }
} finally {
  stream.close();
  await github.close();
  await onedev.close();
  await rm(dir, { recursive: true, force: true });
}
process.stdout.write(`${table.toString()}\n`);

async function repositories(): Promise<Pick<DemoRepository, 'fullName' | 'repo'>[]> {
  if (values.repos !== undefined) return findRepositories(values.repos, (line) => process.stderr.write(`${line}\n`));
  const made = join(dir, 'made');
  await mkdir(made);
  const kinds = Object.entries(KINDS).map(async ([name, options]) => {
    return { fullName: `bench/${name}`, repo: await createRepo(join(made, `${name}.git`), options) };
  });
  return [...(await Promise.all(kinds)), ...(await buildRepositories(made))];
}

async function compare({ fullName, repo }: Pick<DemoRepository, 'fullName' | 'repo'>): Promise<void> {
  const { id } = github.addRepository({ fullName, gitDir: repo.dir });
  const source = await refsOf(repo);
  let different: string[];
  let cells = ['', '', ''];
  try {
    const streamed = await mirrored('stream', fullName, id);
    const cloned = await mirrored('clone', fullName, id);
    const declined = streamed.report.refs.declined;
    cells = [String(declined), streamed.seconds.toFixed(2), cloned.seconds.toFixed(2)];
    different = await differencesOf({ repo, source, streamed, cloned });
  } catch (error) {
    different = [error instanceof Error ? error.message : String(error)];
  }
  if (different.length > 0) process.exitCode = 1;
  table.push([fullName, source.size, ...cells, different.length === 0 ? 'yes' : `NO: ${different.join('; ')}`]);
}

async function mirrored(transport: Transport, fullName: string, repoId: string): Promise<Outcome> {
  const mirrorId = `github-${repoId}${TRANSPORTS.indexOf(transport)}` as const;
  const project = await target.ensureProject({
    mirrorId,
    fullName: `${transport}/${fullName.replace('/', '-')}`,
    description: null,
    htmlUrl: github.url,
    known: null,
  });
  const auth = { kind: 'basic', username: 'x-access-token', password: github.token } as const;
  const began = performance.now();
  const report = await transfers[transport].run(
    {
      mirrorId,
      source: { url: `${github.url}/${fullName}.git`, auth },
      target: target.gitRemote(project),
      knownDigest: null,
      rewritePolicy: 'keep-old',
      setDefaultBranch: (branch) => target.setDefaultBranch(project.projectId, branch),
    },
    { signal: new AbortController().signal, onProgress: () => undefined },
  );
  const seconds = (performance.now() - began) / 1000;
  const kept = onedev.projects().find(({ id }) => String(id) === project.projectId);
  if (kept === undefined) throw new Error(`the stand-in has no project ${project.projectId}`);
  const repo = { dir: kept.gitDir };
  return { report, seconds, refs: await refsOf(repo), head: await headOf(repo), fsck: await fsck(repo) };
}

interface Compared {
  repo: Repo;
  source: Map<string, string>;
  streamed: Outcome;
  cloned: Outcome;
}

/** @returns a sentence for each way in which they are not the same */
async function differencesOf({ repo, source, streamed, cloned }: Compared): Promise<string[]> {
  const found: string[] = [];
  const note = (what: string, names: string[]) => {
    if (names.length > 0) found.push(`${what}: ${names.length} (${names.slice(0, 3).join(', ')})`);
  };
  note('refs of stream and clone', differing(streamed.refs, cloned.refs));
  if (streamed.head !== cloned.head) found.push(`HEAD is ${streamed.head} by stream and ${cloned.head} by clone`);
  for (const [name, { report, refs, head }] of Object.entries({ stream: streamed, clone: cloned })) {
    const declined = new Set(report.declined.map((ref) => ref.name));
    const unexplained = differing(source, refs).filter((ref) => !declined.has(ref));
    // Only the first of them are named.
    if (unexplained.length > report.refs.declined - report.declined.length) note(`refs of ${name}`, unexplained);
    const wanted = report.defaultBranch === null ? null : `refs/heads/${report.defaultBranch}`;
    if (wanted !== null && source.has(wanted) && head !== wanted) found.push(`HEAD by ${name} is ${head}`);
  }
  if (streamed.fsck.length + cloned.fsck.length > 0) {
    // What is wrong in an old history is as wrong in its mirror.
    const known = new Set(await fsck(repo));
    note(
      'complaints of fsck by stream',
      streamed.fsck.filter((line) => !known.has(line)),
    );
    note(
      'complaints of fsck by clone',
      cloned.fsck.filter((line) => !known.has(line)),
    );
  }
  return found;
}

function differing(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).sort();
}

/** Heads and tags, by name. */
async function refsOf(repo: Repo): Promise<Map<string, string>> {
  const output = await reading(repo, [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/heads/',
    'refs/tags/',
  ]);
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

function headOf(repo: Repo): Promise<string> {
  return reading(repo, ['symbolic-ref', 'HEAD']);
}

/** @returns its complaints; none when all is well */
async function fsck(repo: Repo): Promise<string[]> {
  try {
    await reading(repo, ['fsck', '--full', '--no-dangling']);
    return [];
  } catch (error) {
    const complaint = (error as Error).message.replace(/^git [^:]*: */, '').split('\n');
    // Of a broken link it speaks on standard output only.
    return ['it ends with an error', ...complaint.filter((line) => line.trim() !== '')];
  }
}

/** Whoever owns the folder: it is only read. */
function reading(repo: Repo, args: string[]): Promise<string> {
  return git(repo, ['-c', 'safe.directory=*', ...args]);
}
