import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import Table from 'cli-table3';
import { findRepositories } from '../demo/repositories.ts';
import { createOnedev } from '../src/adapters/onedev.ts';
import { createGithubStandin } from '../test/standins/github.ts';
import { createOnedevStandin } from '../test/standins/onedev.ts';
import { commit, createRepo, git, type Repo, setRefs } from '../test/support/repo.ts';
import { KINDS } from './kinds.ts';
import { type RunOrder, type RunResult, type Transferred, WARM } from './transfer-order.ts';

/**
 * What a transfer costs: `npm run bench -- transfer [--repos DIR] [--runs 3] [--big]`. For each repository a first run, an unchanged one, one
 * commit, and one per cent of the refs changed; by `stream` and by `clone` (its cache stays warm), both in a process that has transferred something before, and by plain `git clone --mirror` and `git push` of heads and
 * tags, in turn and on the same stand-ins. Medians, and ratios to plain git. `floor` is what no client can save: `git pack-objects` piped into
 * `git index-pack`, without a target's hooks.
 */

const { values } = parseArgs({
  options: { repos: { type: 'string' }, runs: { type: 'string', default: '3' }, big: { type: 'boolean' } },
});
const runs = Number(values.runs);
const RUNNER = fileURLToPath(new URL('./transfer-run.ts', import.meta.url));
const TRANSPORTS = ['stream', 'clone', 'git'] as const;
type Transport = (typeof TRANSPORTS)[number];
const SCENARIOS = ['first', 'unchanged', 'one commit', '1 % of refs'] as const;
type Scenario = (typeof SCENARIOS)[number];

interface Sample {
  seconds: number;
  cpuSeconds: number;
  /** Of our own process above what it had before; of plain git, of its largest process. */
  memoryMb: number;
  bytes: number;
  diskMb: number;
  sourceRequests: number;
  targetRequests: number;
}

const kinds = {
  ...KINDS,
  ...(values.big ? { 'huge-1GB': { commits: 5, bigFileMb: 1_000, seed: 'huge' } } : {}),
};

const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
const github = await createGithubStandin();
const onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
const target = createOnedev({ url: onedev.url, token: onedev.token, parent: 'bench', userAgent: 'starkeep-bench' });
/** What a worker transfers before the clock starts, each time into another project. */
const WARM_UP = 'bench/warm-up';
let warmUps = 0;

try {
  const { dir: gitDir } = await createRepo(join(dir, 'warm-up.git'), { branches: ['next'], annotatedTags: 2 });
  github.addRepository({ fullName: WARM_UP, gitDir });
  for (const { name, repo } of await repositories()) await measure(name, repo);
} finally {
  await github.close();
  await onedev.close();
  await rm(dir, { recursive: true, force: true });
}

async function repositories(): Promise<{ name: string; repo: Repo }[]> {
  if (values.repos !== undefined) {
    const found = await findRepositories(values.repos, (line) => process.stderr.write(`${line}\n`));
    return found.map(({ fullName, repo }) => ({ name: fullName, repo }));
  }
  const made = Object.entries(kinds).map(async ([name, options]) => {
    return { name, repo: await createRepo(join(dir, 'made', `${name}.git`), options) };
  });
  return Promise.all(made);
}

async function measure(name: string, original: Repo): Promise<void> {
  const samples = new Map<string, Sample[]>();
  const floors: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const upstream: Repo = { dir: join(dir, `source-${run}.git`) };
    await cp(original.dir, upstream.dir, { recursive: true });
    const fullName = `bench/${name.replaceAll(/[^\w.-]/g, '-')}-${run}`;
    const repository = github.addRepository({ fullName, gitDir: upstream.dir });
    floors.push(await floor(upstream, join(dir, 'floor.git')));
    // In turn, each time another one first: what the machine does meanwhile hits all alike.
    const order = TRANSPORTS.map((_, index) => TRANSPORTS[(index + run) % TRANSPORTS.length] as Transport);
    const lanes = new Map<Transport, Lane>();
    for (const transport of order) lanes.set(transport, await lane(transport, fullName, repository.id));
    for (const scenario of SCENARIOS) {
      await change(upstream, scenario);
      for (const transport of order) {
        const key = `${scenario} ${transport}`;
        const sample = await sampled(lanes.get(transport) as Lane);
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
    for (const one of lanes.values()) await rm(one.cacheDir, { recursive: true, force: true });
    await rm(upstream.dir, { recursive: true });
  }
  print(name, samples, floors);
}

/** One transport's own target and cache. */
interface Lane {
  transport: Transport;
  order: Omit<RunOrder, 'transport' | 'warmUp'>;
  cacheDir: string;
}

async function lane(transport: Transport, fullName: string, repoId: string): Promise<Lane> {
  const cacheDir = join(dir, `cache-${transport}`);
  return {
    transport,
    cacheDir,
    order: {
      ...(await ends(
        fullName,
        `${transport}/${fullName.replace('/', '-')}`,
        `${repoId}${TRANSPORTS.indexOf(transport)}`,
      )),
      onedev: { url: onedev.url, token: onedev.token },
      knownDigest: null,
      cacheDir,
    },
  };
}

/** Where one repository comes from, and a project of its own that it goes to. */
async function ends(fullName: string, as: string, repoId: string): Promise<Transferred> {
  const project = await target.ensureProject({
    mirrorId: `github-${repoId}`,
    fullName: as,
    description: null,
    htmlUrl: github.url,
    known: null,
  });
  const auth = { kind: 'basic', username: 'x-access-token', password: github.token } as const;
  return {
    source: { url: `${github.url}/${fullName}.git`, auth },
    target: target.gitRemote(project),
    projectId: project.projectId,
  };
}

async function change(upstream: Repo, scenario: Scenario): Promise<void> {
  if (scenario === 'one commit') {
    const head = await git(upstream, ['symbolic-ref', '--short', 'HEAD']);
    await commit(upstream, { branch: head });
  }
  if (scenario === '1 % of refs') {
    const names = (await git(upstream, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'])).split('\n');
    const head = await git(upstream, ['symbolic-ref', '--short', 'HEAD']);
    const oid = await commit(upstream, { branch: head });
    const count = Math.max(1, Math.round(names.length / 100));
    const fresh = Array.from({ length: count }, (_, index) => ({
      name: `refs/tags/bench-${oid.slice(0, 8)}-${index}`,
      oid,
    }));
    await setRefs(upstream, fresh);
  }
}

async function sampled(one: Lane): Promise<Sample> {
  forgetRequests();
  const { seconds, cpuSeconds, memoryMb, bytes } =
    one.transport === 'git' ? await plainGit(one) : await ours(one, one.transport);
  const diskMb = await diskUse(one.cacheDir);
  const [sourceRequests, targetRequests] = [github.log.length, onedev.requests.length];
  return { seconds, cpuSeconds, memoryMb, bytes, diskMb, sourceRequests, targetRequests };
}

async function ours(one: Lane, transport: 'stream' | 'clone') {
  warmUps += 1;
  const warmUp = await ends(WARM_UP, `${transport}/warm-up-${warmUps}`, `9${warmUps}`);
  const order: RunOrder = { ...one.order, transport, warmUp };
  const child = start(process.execPath, ['--import', 'tsx', RUNNER]);
  child.stdin.write(`${JSON.stringify(order)}\n`);
  let result: RunResult | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== WARM) result = JSON.parse(line) as RunResult;
    else {
      forgetRequests();
      child.stdin.end('go\n');
    }
  }
  if (result === null) throw new Error(`${basename(RUNNER)} ended without a result`);
  one.order.knownDigest = result.digest;
  return { ...result, memoryMb: result.peakMb - result.idleMb };
}

function forgetRequests(): void {
  github.log.splice(0);
  onedev.requests.splice(0);
}

/** What everybody has: a mirror clone, and a push of heads and tags. */
async function plainGit({ order, cacheDir }: Lane) {
  const dirOfClone = join(cacheDir, 'plain.git');
  await rm(cacheDir, { recursive: true, force: true });
  await mkdir(cacheDir, { recursive: true });
  const script = `
    set -e
    git clone --quiet --mirror "$SOURCE" "$CLONE"
    git -C "$CLONE" push --quiet --prune "$TARGET" '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' >/dev/null 2>&1
    cat /proc/$$/stat`;
  const began = performance.now();
  const stat = await spawned('bash', ['-c', script], '', {
    CLONE: dirOfClone,
    SOURCE: order.source.url,
    TARGET: order.target.url,
    ...headers([order.source, order.target]),
  });
  const seconds = (performance.now() - began) / 1000;
  const fields = stat.split(') ').at(-1)?.split(' ') ?? [];
  const cpuSeconds = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / 100;
  return { seconds, cpuSeconds, memoryMb: Number.NaN, bytes: 0 };
}

function headers(remotes: RunOrder['source'][]): Record<string, string> {
  const settings = remotes.flatMap(({ url, auth }) => {
    if (auth.kind !== 'basic') return [];
    const basic = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    return [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${basic}`]];
  });
  const pairs = settings.flatMap(([key = '', value = ''], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...(Object.fromEntries(pairs) as Record<string, string>) };
}

async function spawned(
  command: string,
  args: string[],
  input: string,
  environment: Record<string, string> = {},
): Promise<string> {
  const child = start(command, args, environment);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${basename(command)} ended with ${code}`);
  return output;
}

function start(command: string, args: string[], environment: Record<string, string> = {}) {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), GIT_CONFIG_GLOBAL: '/dev/null', ...environment },
  });
}

/** Packs everything once and indexes it once: nobody who moves a repository can do less. */
async function floor(source: Repo, scratch: string): Promise<number> {
  await rm(scratch, { recursive: true, force: true });
  await createRepo(scratch, { commits: 0 });
  const script = `
    git -C "$SOURCE" for-each-ref --format='%(objectname)' refs/heads refs/tags |
    git -C "$SOURCE" pack-objects --quiet --revs --stdout --delta-base-offset |
    git -C "$SCRATCH" index-pack --stdin >/dev/null`;
  const began = performance.now();
  await spawned('bash', ['-c', script], '', { SOURCE: source.dir, SCRATCH: scratch });
  return (performance.now() - began) / 1000;
}

async function diskUse(path: string): Promise<number> {
  try {
    await readdir(path);
  } catch {
    return 0;
  }
  const { stdout } = await promisify(execFile)('du', ['-sb', path]);
  return Number(stdout.split('\t')[0]) / 1e6;
}

function print(name: string, samples: Map<string, Sample[]>, floors: number[]): void {
  const table = new Table({
    head: ['', '', 'seconds', 'CPU s', 'memory MB', 'disk MB', 'requests', 'wall ×git', 'CPU ×git', 'wall ×floor'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  const floorSeconds = median(floors);
  for (const scenario of SCENARIOS) {
    const of = (transport: Transport, pick: (sample: Sample) => number) =>
      median((samples.get(`${scenario} ${transport}`) ?? []).map(pick));
    for (const transport of TRANSPORTS) {
      const seconds = of(transport, (sample) => sample.seconds);
      const cpu = of(transport, (sample) => sample.cpuSeconds);
      const memory = of(transport, (sample) => sample.memoryMb);
      table.push([
        transport === 'stream' ? scenario : '',
        transport,
        seconds.toFixed(2),
        cpu.toFixed(2),
        Number.isNaN(memory) ? '–' : memory.toFixed(0),
        of(transport, (sample) => sample.diskMb).toFixed(1),
        `${of(transport, (sample) => sample.sourceRequests)} + ${of(transport, (sample) => sample.targetRequests)}`,
        (seconds / of('git', (sample) => sample.seconds)).toFixed(2),
        (cpu / of('git', (sample) => sample.cpuSeconds)).toFixed(2),
        scenario === 'first' ? (seconds / floorSeconds).toFixed(2) : '',
      ]);
    }
  }
  process.stdout.write(
    `\n${name}   (floor ${floorSeconds.toFixed(2)} s, ${runs} runs, requests: source + target)\n${table.toString()}\n`,
  );
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
