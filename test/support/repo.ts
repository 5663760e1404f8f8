import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';

/**
 * Builds bare repositories with real git, fast: histories go through one `git fast-import`. Used by tests and by `npm run demo`. Nothing of the
 * machine's git settings is read, and the same options give the same object ids (big random files apart).
 */

/** A bare repository on disk. */
export interface Repo {
  dir: string;
}

/** What {@link createRepo} puts into a repository; everything is optional and adds up. Without any option: three commits on `main`. */
export interface RepoOptions {
  /** HEAD's branch, short. Default `main`. */
  defaultBranch?: string;
  /** Commits on the default branch. Default 3; 0 leaves the repository empty, with HEAD pointing at nothing. */
  commits?: number;
  /** More branches, each with one commit of its own on top of the default branch. */
  branches?: string[];
  /** Lightweight tags `t-0001` …, on the commits in turn. */
  tags?: number;
  /** Annotated tags `v0.1.0` …. */
  annotatedTags?: number;
  /** A tag of a tag of a commit, `nested`. */
  nestedTag?: boolean;
  /** Tags of a tree (`tree-tag`) and of a blob (`blob-tag`). */
  treeAndBlobTags?: boolean;
  /** A branch `topic` merged into the default branch. */
  merge?: boolean;
  /** Lightweight tags of any name, such as `v1+k3s1` or `вüñ-1`. */
  namedTags?: string[];
  /** Megabytes of random, incompressible content. */
  bigFileMb?: number;
  /** `refs/pull/<n>/head`, which no mirror may contain. */
  pulls?: number;
  /** Goes into the content, so that two repositories have no objects in common. */
  seed?: string;
}

export async function createRepo(dir: string, options: RepoOptions = {}): Promise<Repo> {
  const branch = options.defaultBranch ?? 'main';
  const repo: Repo = { dir };
  await mkdir(dir, { recursive: true });
  await git(repo, ['init', '--bare', '--quiet', '--template=', `--initial-branch=${branch}`, '.']);
  // What a test may lose when the machine goes down is the test; thousands of refs would wait for the disk one by one.
  await git(repo, ['config', 'core.fsync', 'none']);
  const commits = options.commits ?? 3;
  if (commits === 0) return repo;

  const oids = await importHistory(repo, branch, commits, options);
  const at = (index: number) => oids[index % oids.length] ?? '';
  const lightweight = Array.from({ length: options.tags ?? 0 }, (_, index) => {
    return { name: `refs/tags/t-${String(index + 1).padStart(4, '0')}`, oid: at(index) };
  });
  const named = (options.namedTags ?? []).map((name) => ({ name: `refs/tags/${name}`, oid: at(0) }));
  const pulls = Array.from({ length: options.pulls ?? 0 }, (_, index) => {
    return { name: `refs/pull/${index + 1}/head`, oid: at(index) };
  });
  await setRefs(repo, [...lightweight, ...named, ...pulls]);
  for (let index = 0; index < (options.annotatedTags ?? 0); index += 1) {
    await annotatedTag(repo, `v0.${index + 1}.0`, at(index));
  }
  if (options.nestedTag) await annotatedTag(repo, 'nested', await annotatedTag(repo, 'inner', at(0)));
  if (options.treeAndBlobTags) {
    const tree = await git(repo, ['rev-parse', `${at(0)}^{tree}`]);
    const blob = await git(repo, ['rev-parse', `${at(0)}:README.md`]);
    await setRefs(repo, [
      { name: 'refs/tags/tree-tag', oid: tree },
      { name: 'refs/tags/blob-tag', oid: blob },
    ]);
  }
  return repo;
}

export interface CommitOptions {
  /** Short name; made when it does not exist. Default `main`. */
  branch?: string;
  message?: string;
  /** Path → content. Default: one file named after the message. */
  files?: Record<string, string | Buffer>;
  /** Instead of the branch's tip; `null` begins a new history. So a branch is rewritten. */
  parent?: string | null;
}

let commitsMade = 0;

/** Adds a commit. @returns its id */
export async function commit(repo: Repo, options: CommitOptions = {}): Promise<string> {
  const ref = `refs/heads/${options.branch ?? 'main'}`;
  const message = options.message ?? `change ${(commitsMade += 1)}`;
  const tip = options.parent === undefined ? await readRef(repo, ref) : options.parent;
  const files = options.files ?? { [`${message.replaceAll(/\W/g, '-')}.txt`]: message };
  await fastImport(repo, [
    // Without a reset, fast-import goes on from the tip whatever is asked for.
    `reset ${ref}\n`,
    ...(tip === null ? [] : [`from ${tip}\n`]),
    '\n',
    ...commitCommands(ref, message, 2_000 + commitsMade, tip, files),
  ]);
  return (await readRef(repo, ref)) ?? '';
}

/** Makes an annotated tag of any object. @returns the id of the tag object */
export async function annotatedTag(repo: Repo, name: string, of: string): Promise<string> {
  const type = await git(repo, ['cat-file', '-t', of]);
  const text = `object ${of}\ntype ${type}\ntag ${name}\ntagger ${PERSON} 1700000000 +0000\n\n${name}\n`;
  const oid = await git(repo, ['hash-object', '-t', 'tag', '-w', '--stdin'], text);
  await setRefs(repo, [{ name: `refs/tags/${name}`, oid }]);
  return oid;
}

/** Sets refs (full names) to ids, or removes those whose id is `null`; all or none. */
export async function setRefs(repo: Repo, refs: { name: string; oid: string | null }[]): Promise<void> {
  const lines = refs.map(({ name, oid }) => (oid === null ? `delete ${name}\n` : `update ${name} ${oid}\n`));
  await git(repo, ['update-ref', '--stdin'], lines.join(''));
}

/** Points HEAD at a branch (short name), whether it exists or not. */
export async function setHead(repo: Repo, branch: string): Promise<void> {
  await git(repo, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
}

/** @returns the id, `null` when there is no such ref */
export async function readRef(repo: Repo, name: string): Promise<string | null> {
  const found = await git(repo, ['for-each-ref', '--format=%(objectname) %(refname)', name]);
  const line = found.split('\n').find((text) => text.endsWith(` ${name}`));
  return line?.split(' ')[0] ?? null;
}

/** Every ref of a repository on disk, by name. */
export async function refsOf(repo: Repo): Promise<Record<string, string>> {
  const output = await git(repo, ['for-each-ref', '--format=%(objectname)\t%(refname)']);
  return byName(output);
}

/** What `git ls-remote` lists (peeled lines and HEAD left out), by name. @param headers sent with each request, such as `Authorization: …` */
export async function lsRemote(url: string, headers: string[] = []): Promise<Record<string, string>> {
  const settings = Object.fromEntries(
    headers.flatMap((header, index) => [
      [`GIT_CONFIG_KEY_${index}`, 'http.extraHeader'],
      [`GIT_CONFIG_VALUE_${index}`, header],
    ]),
  );
  const environment = { ...settings, GIT_CONFIG_COUNT: String(headers.length) };
  return byName(await run(['ls-remote', '--refs', '--', url], '', environment));
}

/** Runs git in the repository. @returns standard output without the final newline. @throws Error with git's complaint */
export async function git(repo: Repo, args: string[], input: string | Buffer = ''): Promise<string> {
  return run(['-C', repo.dir, ...args], input, {});
}

const PERSON = 'Ann Example <ann@example.org>';

async function importHistory(repo: Repo, branch: string, commits: number, options: RepoOptions): Promise<string[]> {
  const ref = `refs/heads/${branch}`;
  const seed = options.seed ?? '';
  const script: (string | Buffer)[] = [];
  for (let index = 0; index < commits; index += 1) {
    const big = index === 0 && options.bigFileMb ? { 'big.bin': randomBytes(options.bigFileMb * 1024 * 1024) } : {};
    const files = { 'README.md': `# ${branch} ${seed}\n\nRevision ${index + 1}\n`, ...big };
    script.push(...commitCommands(ref, `commit ${index + 1}`, index, null, files));
  }
  for (const [index, name] of (options.branches ?? []).entries()) {
    const files = { [`branch-${index}.txt`]: `${name} ${seed}\n` };
    script.push(...commitCommands(`refs/heads/${name}`, `begin ${name}`, 1_000 + index, ref, files));
  }
  if (options.merge) {
    script.push(...commitCommands('refs/heads/topic', 'topic', 1_500, ref, { 'topic.txt': `topic ${seed}\n` }));
    script.push(...commitCommands(ref, 'merge topic', 1_501, null, { 'merged.txt': 'merged\n' }, 'refs/heads/topic'));
  }
  await fastImport(repo, script);
  const list = await git(repo, ['rev-list', '--first-parent', '--reverse', ref]);
  return list.split('\n');
}

function commitCommands(
  ref: string,
  message: string,
  second: number,
  from: string | null,
  files: Record<string, string | Buffer>,
  merge?: string,
): (string | Buffer)[] {
  const head = `commit ${ref}\ncommitter ${PERSON} ${1_700_000_000 + second} +0000\n`;
  const parents = `${from === null ? '' : `from ${from}\n`}${merge === undefined ? '' : `merge ${merge}\n`}`;
  const changes = Object.entries(files).flatMap(([path, content]) => [`M 100644 inline ${path}\n`, ...data(content)]);
  return [head, ...data(message), parents, ...changes, '\n'];
}

function data(content: string | Buffer): (string | Buffer)[] {
  const bytes = Buffer.from(content);
  return [`data ${bytes.length}\n`, bytes, '\n'];
}

async function fastImport(repo: Repo, script: (string | Buffer)[]): Promise<void> {
  await git(repo, ['fast-import', '--quiet', '--force'], Buffer.concat(script.map((part) => Buffer.from(part))));
}

function byName(output: string): Record<string, string> {
  const lines = output.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split('\t').reverse() as [string, string]));
}

async function run(args: string[], input: string | Buffer, environment: Record<string, string>): Promise<string> {
  const child = spawn('git', args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      ...environment,
    },
  });
  const output: Buffer[] = [];
  const complaint: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  // A git that left early says why in its exit code.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${Buffer.concat(complaint).toString('utf8').trim()}`);
  return Buffer.concat(output).toString('utf8').replace(/\n$/, '');
}
