import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { DYNAMIC_SETTINGS } from '../src/local/embedded-temporal.ts';
import { findTools, type Tools } from './deploy/tools.ts';

/**
 * `npm run check:deploy`: every file of deploy/, and the Compose file, is held to the program that is going to read it, or to the nearest there is where that
 * needs a cluster or an engine. A file that nothing here looks at is an error. One line per check; what is wrong follows below it.
 */

const ROOT = resolve(import.meta.dirname, '..');
const CHART = 'deploy/helm/starkeep';

const run = promisify(execFile);

interface Check {
  /** With what. */
  by: string;
  /** A file, or a folder with all that is in it. */
  of: string;
  /** @returns what is wrong, in sentences */
  look: (path: string, tools: Tools, folder: string) => Promise<string[]>;
}

const CHECKS: Check[] = [
  { of: 'deploy/Containerfile', by: 'hadolint', look: lintContainerfile },
  { of: 'docker-compose.temporal.yml', by: "docker compose's own loader", look: loadCompose },
  { of: 'deploy/proxy/Caddyfile', by: 'caddy validate', look: validateCaddyfile },
  { of: 'deploy/proxy/nginx.conf', by: 'nginx -t', look: testNginx },
  { of: CHART, by: 'helm lint --strict, helm template, schemas of Kubernetes', look: checkChart },
  { of: 'deploy/podman/starkeep.yaml', by: 'schemas of Kubernetes', look: checkPod },
  { of: 'deploy/podman/first.example.yaml', by: 'schemas of Kubernetes', look: checkPod },
  { of: 'deploy/podman/starkeep.kube', by: 'the keys that Quadlet knows', look: checkQuadlet },
  { of: 'deploy/systemd/starkeep.service', by: 'systemd-analyze verify', look: verifyUnit },
];

/** Folders that a test of ours looks at. */
const ELSEWHERE: Record<string, string> = {
  'deploy/grafana': 'test/deploy/monitoring.test.ts',
  'deploy/prometheus': 'test/deploy/monitoring.test.ts',
};

async function main(): Promise<void> {
  const tools = await findTools(join(ROOT, '.cache'));
  const folder = await mkdtemp(join(tmpdir(), 'check-deploy-'));
  let failed = false;
  try {
    for (const { of, by, look } of CHECKS) {
      const problems = await look(join(ROOT, of), tools, folder);
      say(problems, of, by);
      failed ||= problems.length > 0;
    }
    const forgotten = await uncovered();
    say(forgotten, 'deploy', 'each file is looked at');
    failed ||= forgotten.length > 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (failed) process.exitCode = 1;
}

function say(problems: string[], of: string, by: string): void {
  const lines = problems.map((problem) => `  ${problem.trim().replaceAll('\n', '\n  ')}\n`);
  process.stdout.write(`${problems.length === 0 ? 'ok    ' : 'WRONG '} ${of} (${by})\n${lines.join('')}`);
}

async function uncovered(): Promise<string[]> {
  const entries = await readdir(join(ROOT, 'deploy'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  const tested = Object.entries(ELSEWHERE).filter(([, test]) => existsSync(join(ROOT, test)));
  const covered = [...CHECKS.map(({ of }) => of), ...tested.map(([folder]) => folder)];
  return files
    .filter((file) => !covered.some((path) => file === path || file.startsWith(`${path}/`)))
    .map((file) => `${file} is looked at by no check of scripts/check-deploy.ts`);
}

/** @returns nothing when the program ended with 0, and what it said otherwise */
async function complaints(program: string, args: string[], env?: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    await run(program, args, { cwd: ROOT, ...(env ? { env: { ...process.env, ...env } } : {}) });
    return [];
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    return [`${stdout}${stderr}`.trim() || message];
  }
}

/** DL3008 asks for the version of every Debian package, which Debian takes away with the next fix of a hole. */
function lintContainerfile(path: string, { hadolint }: Tools): Promise<string[]> {
  return complaints(hadolint, ['--failure-threshold', 'info', '--ignore', 'DL3008', path]);
}

/** Without the profile there is nothing of ours in it; with it, everything is. */
async function loadCompose(path: string, { composeConfig }: Tools): Promise<string[]> {
  const env = { ...process.env, POSTGRES_PASSWORD: 'a', STARKEEP_WORKERS: '3' };
  const problems: string[] = [];
  for (const [profiles, wanted] of [
    [[], []],
    [['starkeep'], ['starkeep-api', 'starkeep-migrate', 'starkeep-worker']],
  ] as [string[], string[]][]) {
    try {
      const { stdout } = await run(composeConfig, [path, ...profiles], { env });
      const services = /^services:\n((?: {2}.*\n)+)/m.exec(stdout)?.[1] ?? '';
      const ours = [...services.matchAll(/^ {2}(starkeep-[\w-]+):$/gm)].map(([, name]) => name);
      if (ours.join() !== wanted.join()) problems.push(`profiles ${profiles.join()}: ${ours.join()} would run`);
    } catch (error) {
      problems.push((error as { stderr: string }).stderr);
    }
  }
  return problems;
}

async function validateCaddyfile(path: string, { caddy }: Tools, folder: string): Promise<string[]> {
  const said = await complaints(caddy, ['validate', '--config', path], { HOME: folder });
  const { stdout: formatted } = await run(caddy, ['fmt', path]);
  const isFormatted = formatted === (await readFile(path, 'utf8'));
  return isFormatted ? said : [...said, '`caddy fmt` would write it differently'];
}

/** nginx looks for the certificate and opens its logs also when it only tests: those are the test's. */
async function testNginx(path: string, { nginx }: Tools, folder: string): Promise<string[]> {
  const at = (name: string) => join(folder, name);
  const subject = ['-subj', '/CN=starkeep.example.org', '-days', '1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', ['req', '-x509', ...key, ...subject, '-keyout', at('privkey.pem'), '-out', at('fullchain.pem')]);
  const config = (await readFile(path, 'utf8')).replaceAll(
    /\/etc\/nginx\/tls\/|\/var\/log\/nginx\/|\/run\//g,
    `${folder}/`,
  );
  await writeFile(at('nginx.conf'), config);
  return complaints(nginx, ['-t', '-q', '-e', at('error.log'), '-c', at('nginx.conf')]);
}

/** What the chart's schema and templates have to refuse, each on top of the small example. */
const REFUSED: Record<string, string> = {
  'api.replicas=0': 'minimum',
  'api.replica=2': 'replica',
  'image.digest=latest': 'pattern',
  'settings.TEMPORAL_ADDRESS=temporal': 'pattern',
  'settings.TEMPORAL_ADDRESS=': 'HOST:PORT',
  'settings.STARKEEP_PORT=80': 'the chart sets that one',
  'api.drainDelaySeconds=40': 'cut off',
  'worker.terminationGracePeriodSeconds=10': 'minimum',
};

async function checkChart(path: string, tools: Tools, folder: string): Promise<string[]> {
  // Its caches are nobody's home.
  const env = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
  const helm = (...args: string[]) => run(tools.helm, args, { cwd: ROOT, env: { ...process.env, ...env } });
  const examples = (await readdir(join(path, 'examples'))).sort().map((name) => join(path, 'examples', name));
  const problems: string[] = [];
  const documents: [string, string][] = [];
  for (const example of examples) {
    const name = example.slice(path.length + 1);
    problems.push(...(await complaints(tools.helm, ['lint', '--strict', '--quiet', path, '-f', example], env)));
    try {
      const { stdout } = await helm('template', 'kept', path, '--namespace', 'mirrors', '-f', example);
      documents.push([`chart with ${name}`, stdout]);
    } catch (error) {
      problems.push(`${name}: ${(error as { stderr: string }).stderr}`);
    }
  }
  for (const [value, why] of Object.entries(REFUSED)) {
    const said = await complaints(
      tools.helm,
      ['template', 'kept', path, '-f', examples.at(-1) ?? '', '--set', value],
      env,
    );
    if (said.length === 0) problems.push(`${value} is not refused`);
    else if (!said[0]?.includes(why)) problems.push(`${value} is refused for another reason: ${said[0]}`);
  }
  return [...problems, ...(await kubernetesProblems(documents, tools))];
}

/** `podman kube play` has no dry run; what it takes is what Kubernetes takes, less a few fields. */
async function checkPod(path: string, tools: Tools): Promise<string[]> {
  const file = await readFile(path, 'utf8');
  return [...temporalOtherwiseThanOurs(file), ...(await kubernetesProblems([['file', file]], tools))];
}

/** A Temporal server that the file starts is set as `starkeep up` sets its own. */
function temporalOtherwiseThanOurs(file: string): string[] {
  if (!/^ *- start-dev$/m.test(file)) return [];
  return DYNAMIC_SETTINGS.filter((setting) => !file.includes(`--dynamic-config-value=${setting}\n`)).map(
    (setting) =>
      `Temporal is started without --dynamic-config-value=${setting}, which src/local/embedded-temporal.ts has`,
  );
}

async function kubernetesProblems(documents: [string, string][], { python }: Tools): Promise<string[]> {
  const script = join(ROOT, 'scripts/deploy/check_kubernetes.py');
  const child = spawn(python.program, [script], { env: python.environment, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(documents));
  const lines = (await text(child.stdout)).trim().split('\n');
  const count = Number(lines.pop());
  // Also when it failed before it could count.
  return count > 0 ? lines : [...lines, 'no document was looked at'];
}

/** @see https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html */
const QUADLET_KEYS: Record<string, string[]> = {
  Unit: ['Description', 'Wants', 'After', 'Requires'],
  Kube: ['Yaml', 'ConfigMap', 'Network', 'PublishPort', 'AutoUpdate', 'KubeDownForce', 'LogDriver'],
  Service: ['Restart', 'TimeoutStartSec', 'TimeoutStopSec'],
  Install: ['WantedBy'],
};

/** Podman of Debian 12 has no Quadlet, which would say so itself (`quadlet -dryrun`). */
async function checkQuadlet(path: string): Promise<string[]> {
  const problems: string[] = [];
  let section = '';
  for (const line of (await readFile(path, 'utf8')).split('\n').filter((each) => /^[^#\s]/.test(each))) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (head !== undefined) section = head;
    else if (!QUADLET_KEYS[section]?.includes(key)) problems.push(`[${section}] ${line}: no such key`);
    if (key === 'Yaml') await readFile(join(path, '..', value));
  }
  return problems;
}

/** Of at most 20 of its 100 points of exposure: whoever takes a line of protection away hears of it. */
const MOST_EXPOSURE = 20;

/** A key that it does not know is ignored, says `verify`, and ends with 0: what it says counts. */
async function verifyUnit(path: string, { systemdAnalyze }: Tools): Promise<string[]> {
  const measured = ['security', '--offline=true', `--threshold=${MOST_EXPOSURE}`, '--no-pager', path];
  try {
    const { stderr } = await run(systemdAnalyze, ['verify', '--man=no', path]);
    return [...stderr.split('\n').filter(Boolean), ...(await complaints(systemdAnalyze, measured))];
  } catch (error) {
    return [(error as { stderr: string }).stderr];
  }
}

await main();
