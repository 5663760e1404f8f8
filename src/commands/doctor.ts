import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createGithub } from '../adapters/github.ts';
import { createOnedev } from '../adapters/onedev.ts';
import { API_POOL, WORKER_POOL } from '../adapters/postgres/database.ts';
import { createEnteredSettings } from '../adapters/postgres/entered-settings.ts';
import { refuseOutdated } from '../adapters/postgres/migrate.ts';
import { markOf, PATIENCE_MS, stateOfReplica } from '../adapters/postgres/replica.ts';
import { createStore } from '../adapters/postgres/store.ts';
import { nextReadingAt } from '../adapters/schedules.ts';
import { pollersOf, serverVersion } from '../adapters/temporal.ts';
import { ConfigError, type Config, required } from '../config.ts';
import { toFailure } from '../domain/failures.ts';
import { type Probe, probeGithub, probeOnedev } from '../domain/probes.ts';
import { createRedactor } from '../domain/redaction.ts';
import { settingsKeysOf, unreadable } from '../entered-settings.ts';
import { githubOptions } from '../github-options.ts';
import { readRunFile } from '../local/run-file.ts';
import { USER_AGENT, VERSION } from '../version.ts';
import { TASK_QUEUES } from '../workflows/messages.ts';
import { withDatabase, withTemporal } from './installation.ts';
import { paint, toneOf } from './paint.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, wrapped, type Output } from './wording.ts';

/** `starkeep doctor`: looks at every setting, connection, right and version, and says how to mend what is wrong. Changes nothing. */

export interface Finding {
  what: string;
  /** `warning`: it works, and something is worth knowing. */
  state: 'ok' | 'warning' | 'problem';
  says: string;
  whatToDo: string | null;
}

type Look = () => Promise<Omit<Finding, 'what'>>;

const OLDEST_GIT = [2, 31] as const;
const LITTLE_SPACE_BYTES = 1024 ** 3;
const HEALTH_DEADLINE_MS = 5_000;

const fine = (says: string): Omit<Finding, 'what'> => ({ state: 'ok', says, whatToDo: null });
const warning = (says: string, whatToDo: string): Omit<Finding, 'what'> => ({ state: 'warning', says, whatToDo });
const problem = (says: string, whatToDo: string): Omit<Finding, 'what'> => ({ state: 'problem', says, whatToDo });

/** @throws Refusal when there is a problem: then the exit code is 1 */
export async function doctor(config: Config, { json = false }: { json?: boolean }, out: Output): Promise<void> {
  const redact = createRedactor(config.secrets);
  const findings = await Promise.all(
    Object.entries(looks(config)).map(async ([what, look]): Promise<Finding> => {
      const { state, says, whatToDo } = await look().catch(failed);
      return { what, state, says: redact(says), whatToDo: whatToDo && redact(whatToDo) };
    }),
  );
  if (json) out.print(JSON.stringify(findings, null, 2));
  else for (const finding of findings) out.print(shown(finding, out));
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const sum = `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}.`;
  if (count('problem') > 0) throw new Refusal(sum);
  if (!json) out.print(sum);
}

/** What could not be looked at is told with the advice of its failure. */
function failed(error: unknown): Omit<Finding, 'what'> {
  if (error instanceof ConfigError) {
    const [says = error.message] = error.problems;
    return problem(says, `Set it, or start everything: ${typed('up')}`);
  }
  const { message, row } = toFailure(error);
  return problem(message, row.hint);
}

function looks(config: Config): Record<string, Look> {
  return {
    version: async () => fine(`Starkeep ${VERSION}, Node ${process.versions.node}`),
    git: lookAtGit,
    'data folder': () => lookAtSpace(config),
    settings: () => lookAtEntered(config),
    Postgres: () => lookAtPostgres(config),
    ...(config.databaseReadUrl === undefined ? {} : { 'read replica': () => lookAtReplica(config) }),
    cache: () => lookAtCache(config),
    Temporal: () => lookAtTemporal(config),
    worker: () => lookAtWorker(config),
    api: () => lookAtApi(config),
    GitHub: () => lookAtGithub(config),
    OneDev: () => lookAtOnedev(config),
    'star list': () => lookAtStarList(config),
    webhooks: () => lookAtWebhooks(config),
    alerts: () => lookAtAlerts(config),
  };
}

async function lookAtGit(): Promise<Omit<Finding, 'what'>> {
  const install = 'Install git 2.31 or later where the worker runs.';
  try {
    const { stdout } = await promisify(execFile)('git', ['--version']);
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
    const isOld = Number(major) < OLDEST_GIT[0] || (Number(major) === OLDEST_GIT[0] && Number(minor) < OLDEST_GIT[1]);
    return isOld ? problem(stdout.trim(), install) : fine(stdout.trim());
  } catch {
    return problem('git was not found on this machine', install);
  }
}

async function lookAtSpace({ dataDir }: Config): Promise<Omit<Finding, 'what'>> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const gb = ((bavail * bsize) / 1e9).toFixed(1);
    if (bavail * bsize > LITTLE_SPACE_BYTES) return fine(`${dataDir}, ${gb} GB free`);
    return warning(`${dataDir} has ${gb} GB left`, 'Make room: servers that cannot write stop.');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return fine(`${dataDir}, which is made at the first start`);
    throw error;
  }
}

async function lookAtEntered(config: Config): Promise<Omit<Finding, 'what'>> {
  const keys = await settingsKeysOf(config);
  const { settings, unopened } = await withDatabase(config, (db) => createEnteredSettings(db, keys).read());
  if (unopened.length > 0) return problem(unreadable(unopened).problems.join(' '), 'No worker starts until then.');
  if (config.lacking.length > 0) return problem(config.lacking.join(' '), 'Set it, or enter it in the web UI.');
  const entered = counted(settings.length, 'setting');
  return fine(settings.length === 0 ? 'all of the environment' : `${entered} entered in the web UI`);
}

function lookAtPostgres(config: Config): Promise<Omit<Finding, 'what'>> {
  return withDatabase(config, async (db) => {
    const [row] = await db.query<{ version: string; room: number; others: number }>(
      `select current_setting('server_version') as version,
              current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as room,
              (select count(*)::int from pg_stat_activity
                where backend_type = 'client backend' and application_name not like 'starkeep%') as others`,
    );
    await refuseOutdated(db);
    const { version = 'unknown', room = 0, others = 0 } = row ?? {};
    // For an api and as many workers as there is room for, beside what others have open now.
    const { databasePool: pool } = config;
    const left = room - others - (pool ?? API_POOL) - BESIDE_THE_POOLS;
    const workers = Math.max(0, Math.floor(left / (pool ?? WORKER_POOL)));
    const says = `version ${version}, its tables are up to date, ${room} connections: enough for an api and ${counted(workers, 'worker')}`;
    if (workers > 0) return fine(says);
    return warning(says, 'Raise max_connections of Postgres, or set STARKEEP_DATABASE_POOL lower.');
  });
}

/** It is never a problem: what it cannot answer the primary does. */
async function lookAtReplica(config: Config): Promise<Omit<Finding, 'what'>> {
  const mark = await withDatabase(config, markOf);
  const effect = 'until then everything is read from the primary';
  try {
    const { version, afterMs, behindBytes } = await stateOfReplica(required(config.databaseReadUrl), mark);
    if (afterMs !== null) return fine(`version ${version}, has what the primary wrote within ${afterMs} ms`);
    const lacks = `lacks ${Math.ceil(behindBytes / 1_000)} kB of what the primary wrote, and did not catch up in ${PATIENCE_MS / 1_000} s`;
    return warning(`version ${version}, ${lacks}; ${effect}`, 'Does it still stream (pg_stat_replication)?');
  } catch (error) {
    const { message } = toFailure(error);
    return warning(`${message}; ${effect}`, 'Is DATABASE_READ_URL that of a streaming standby, and is it up?');
  }
}

/** What the api listens on and holds its place with, and what commands and processes that start open for a moment. */
const BESIDE_THE_POOLS = 5;

async function lookAtCache(config: Config): Promise<Omit<Finding, 'what'>> {
  const { place, redisUrl } = config.cache;
  if (place === 'memory') return fine('each worker remembers by itself, until it ends');
  const keys = await settingsKeysOf(config);
  if (place === 'redis' && redisUrl !== undefined) {
    const { troubleOfRedis } = await import('../adapters/cache/redis.ts');
    const trouble = await troubleOfRedis(redisUrl);
    const effect = 'work goes on as if nothing were remembered, and takes more requests';
    if (trouble !== null) return warning(`Redis: ${trouble}; ${effect}`, 'Is REDIS_URL right, and Redis up?');
  }
  if (keys.length > 0) return fine(`${place}, sealed`);
  const lacks = config.github.app ? 'each worker mints its own installation tokens' : 'nothing that is there is sealed';
  if (place === 'redis' || config.github.app)
    return warning(`${place}, without a key: ${lacks}`, 'Set STARKEEP_SETTINGS_KEYS, the same for all workers.');
  return fine(place);
}

function lookAtTemporal(config: Config): Promise<Omit<Finding, 'what'>> {
  return withTemporal(config, async (temporal) =>
    fine(`server ${await serverVersion(temporal)}, namespace ${temporal.client.options.namespace}`),
  );
}

function lookAtWorker(config: Config): Promise<Omit<Finding, 'what'>> {
  return withTemporal(config, async (temporal) => {
    const counts = await Promise.all(
      Object.values(TASK_QUEUES).map(async (queue) => ({ queue, pollers: await pollersOf(temporal, queue) })),
    );
    const idle = counts.filter(({ pollers }) => pollers === 0).map(({ queue }) => queue);
    if (idle.length === 0) return fine(`works on ${counts.map(({ queue }) => queue).join(' and ')}`);
    const start = `Start one (${typed('worker')}), or everything (${typed('up')}).`;
    return problem(`no worker has asked for work on ${idle.join(' and ')} for some minutes`, start);
  });
}

async function lookAtApi(config: Config): Promise<Omit<Finding, 'what'>> {
  const url = (await readRunFile(config.dataDir))?.apiUrl ?? `http://${config.host}:${config.port}`;
  const start = `Start it (${typed('api')}), or everything (${typed('up')}).`;
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_DEADLINE_MS) });
    if (response.ok) return fine(`${url} is healthy`);
    return problem(`${url}/health answers ${response.status}: ${(await response.text()).slice(0, 300)}`, start);
  } catch (error) {
    return problem(`${url} does not answer (${toFailure(error).message})`, start);
  }
}

async function lookAtGithub({ github, secrets }: Config): Promise<Omit<Finding, 'what'>> {
  if (github.token === undefined && github.login === undefined && github.app === undefined)
    return problem('neither GITHUB_TOKEN nor GITHUB_LOGIN is set', 'Set GITHUB_TOKEN: whose stars are to be kept?');
  return foundBy(await probeGithub(createGithub(githubOptions(github)), createRedactor(secrets)));
}

async function lookAtOnedev({ onedev: { url, token, parent }, secrets }: Config): Promise<Omit<Finding, 'what'>> {
  const target = url && token ? createOnedev({ url, token, parent, userAgent: USER_AGENT }) : null;
  return foundBy(await probeOnedev(target, createRedactor(secrets)));
}

function foundBy({ ok, facts, problem: says, whatToDo }: Probe): Omit<Finding, 'what'> {
  const known = facts.map(({ name, value }) => `${name}: ${value}`).join(', ');
  return ok ? fine(known) : problem(says ?? known, whatToDo ?? '');
}

function lookAtStarList(config: Config): Promise<Omit<Finding, 'what'>> {
  return withDatabase(config, async (db) => {
    const { lastSweep, lastFullAt, stale } = await createStore(db).overview.totals();
    if (lastSweep === null) return warning('it has not been read yet', `Read it now: ${typed('reconcile')}`);
    const next = await withTemporal(config, nextReadingAt);
    const read = `read ${time(new Date(lastSweep.at))} (${lastSweep.outcome}), whole ${time(lastFullAt === null ? null : new Date(lastFullAt))}`;
    if (next === null) return problem(`${read}; nothing reads it again`, 'A worker that starts sets that up.');
    if (stale === 0) return fine(`${read}, next ${time(new Date(next))}`);
    const mirrors = counted(stale, 'mirror has', 'mirrors have');
    return warning(`${read}; ${mirrors} not been looked at for a day`, `Which ones: ${typed('list')}`);
  });
}

function lookAtWebhooks(config: Config): Promise<Omit<Finding, 'what'>> {
  return withDatabase(config, async (db) => {
    const { alerts, deliveries } = createStore(db);
    const { count, oldestSeconds } = await deliveries.backlog();
    const last = await alerts.lastDeliveryAt();
    const waiting = `${counted(count, 'delivery', 'deliveries')} ${count === 1 ? 'waits' : 'wait'}`;
    if (count > 0 && oldestSeconds > 60)
      return problem(`${waiting} to be dispatched, the oldest for ${Math.round(oldestSeconds)} s`, 'Is Temporal up?');
    if (config.github.webhookSecrets.length === 0 && last === null)
      return fine('not set up: pushes are found by reading the star list');
    if (config.github.webhookSecrets.length === 0)
      return problem('GITHUB_WEBHOOK_SECRET is not set here, so every delivery is refused', 'Set it for the api.');
    return fine(last === null ? 'none has arrived yet' : `the last one arrived ${time(new Date(last))}`);
  });
}

function lookAtAlerts(config: Config): Promise<Omit<Finding, 'what'>> {
  const { webhook, slack, ntfy, mail } = config.alerts;
  const channels = Object.entries({ webhook, slack, ntfy, mail }).flatMap(([name, set]) => (set ? [name] : []));
  return withDatabase(config, async (db) => {
    const open = Object.values(await createStore(db).alerts.countOpen()).reduce((sum, count) => sum + count, 0);
    const told = channels.length === 0 ? 'nobody is told of them' : `told by ${channels.join(', ')}`;
    if (open > 0) return warning(`${counted(open, 'alert')} open, ${told}`, `What they are: ${typed('alerts')}`);
    return fine(`none open, ${told}`);
  });
}

const SIGNS: Record<Finding['state'], string> = { ok: '✓', warning: '!', problem: '✗' };
const WHAT_WIDTH = 12;
const WITHOUT_TERMINAL = 100;

function shown({ what, state, says, whatToDo }: Finding, out: Output): string {
  const room = Math.max(20, (out.width ?? WITHOUT_TERMINAL) - WHAT_WIDTH - 3);
  const rest = [...wrapped(says, room), ...(whatToDo === null ? [] : wrapped(`→ ${whatToDo}`, room))];
  const [first = '', ...more] = rest;
  const indent = ' '.repeat(WHAT_WIDTH + 3);
  return [
    `${paint(out, toneOf(state), SIGNS[state])} ${what.padEnd(WHAT_WIDTH)} ${first}`,
    ...more.map((line) => indent + line),
  ].join('\n');
}
