import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { resolve } from 'node:path';
import { certificates, passwordsIn, type DeletionBudget } from './config/parsers.ts';
import {
  incomplete,
  mayLack,
  missingServers,
  notGiven,
  problemOf,
  strayed,
  takeBack,
  unknownNames,
  unverified,
  withoutRanges,
  withoutRedis,
} from './config/problems.ts';
import {
  GITHUB_API_URL,
  GITHUB_URL,
  SETTINGS,
  type CachePlace,
  type Origin,
  type Role,
  type SamplerName,
  type Setting,
  type SettingInEffect,
} from './config/settings.ts';
import type { AlertLevel } from './domain/alerts.ts';
import { ENTERABLE, type EnteredSetting } from './domain/entered-settings.ts';
import { FILTER_NAMES, parseFilters, type Filters } from './domain/filters.ts';
import type { DriftPolicy, RewritePolicy, UnstarPolicy } from './domain/model.ts';
import type { PayloadKey } from './domain/payload-keys.ts';
import type { EffectiveSetting } from './domain/seen-settings.ts';

/**
 * The only reader of the environment: one table of settings → one frozen Config. The README's table, `starkeep config` and the
 * validation below all come from {@link SETTINGS}.
 */

/** The channels that are set up, and from which level on they are told. */
export interface AlertSettings {
  atLeast: AlertLevel;
  webhook: { url: string; secret: string | undefined } | undefined;
  slack: { url: string } | undefined;
  ntfy: { url: string; token: string | undefined } | undefined;
  mail: { smtpUrl: string; from: string; to: string[] } | undefined;
}

/** A receiver of OpenTelemetry's protocol; `url` is the whole address. */
export interface OtlpSettings {
  url: string;
  headers: Record<string, string>;
}

/** Who gets log lines besides standard output and the file, and who gets spans. */
export interface TelemetrySettings {
  elasticsearch: { url: string; apiKey: string | undefined; index: string } | undefined;
  /** `url` is that of the intake, up to `/api`. */
  datadog: { url: string; apiKey: string } | undefined;
  logs: OtlpSettings | undefined;
  traces: (OtlpSettings & { sampler: { name: SamplerName; ratio: number } }) | undefined;
  /** `undefined`: by the process. */
  serviceName: string | undefined;
  resource: Record<string, string>;
}

export interface Config {
  github: {
    token: string | undefined;
    login: string | undefined;
    apiUrl: string;
    url: string;
    app: { appId: string; privateKey: string } | undefined;
    webhookSecrets: string[];
    ssh: { privateKey: string; knownHosts: string } | undefined;
  };
  onedev: {
    url: string | undefined;
    token: string | undefined;
    parent: string;
    ssh: { url: string; privateKey: string; knownHosts: string } | undefined;
  };
  databaseUrl: string | undefined;
  /** Of a replica, for the api alone. */
  databaseReadUrl: string | undefined;
  /** `undefined`: what suits the process. */
  databasePool: number | undefined;
  cache: { place: CachePlace; redisUrl: string | undefined };
  temporal: {
    /** `undefined`: embedded. */
    address: string | undefined;
    namespace: string;
    cli: string | undefined;
    /** Of its web UI; `undefined`: not known. */
    uiUrl: string | undefined;
    /** The worker's place in Temporal's worker versioning; `undefined`: it takes part in none, and gets work at once. */
    deployment: { deploymentName: string; buildId: string } | undefined;
    /** Without any, payloads stay readable. */
    payloadKeys: PayloadKey[];
    /** Temporal's own variables without the empty ones, for `@temporalio/envconfig`. */
    environment: Record<string, string>;
  };
  /** The Starkeep that commands ask; `undefined`: the one on this machine. */
  remote: { url: string; key: string | undefined } | undefined;
  host: string;
  port: number;
  /** Where a worker answers about itself; `undefined`: nowhere. */
  workerOps: { host: string; port: number } | undefined;
  /** Between the signal to stop and the end of listening. */
  drainDelayMs: number;
  dataDir: string;
  /** PEM of the CAs that are trusted besides the usual ones. */
  ownCa: string | undefined;
  unstar: { policy: UnstarPolicy; graceMs: number };
  deleteBudget: DeletionBudget;
  reconcileEveryMs: number;
  rewritePolicy: RewritePolicy;
  /** How long archived tips are kept; `null`: for ever. */
  archiveRetentionMs: number | null;
  /** How long histories of workflow runs are kept; `null`: for ever. */
  historyRetentionMs: number | null;
  /** `everyMs` is `null` when it is turned off. */
  drift: { everyMs: number | null; policy: DriftPolicy };
  transfer: 'auto' | 'stream' | 'clone';
  /** `null`: no transfer goes in stages. */
  stageAboveBytes: number | null;
  lfs: { mode: 'auto' | 'off'; maxBytes: number };
  transferSlots: number;
  /** Activities a second, of all workers together; `null`: as many as come. */
  rates: { github: number | null; onedev: number | null; transfer: number | null };
  filters: Filters;
  webhookAllow: 'any' | 'github' | BlockList;
  trustedProxies: BlockList;
  /** `undefined`: the keys are in the record only. */
  adminKey: string | undefined;
  /** What entered settings are sealed with, when it is set. */
  settingsKeys: PayloadKey[] | undefined;
  /** What has to be set before anything can be mirrored, a sentence each; only `up` and `api` start without it. */
  lacking: string[];
  log: { level: string; file: string | undefined };
  telemetry: TelemetrySettings;
  alerts: AlertSettings;
  /** What it was read from, without what was entered: for what reads it anew with something entered. */
  environment: Record<string, string | undefined>;
  /** Every secret value, for the redaction list. */
  secrets: string[];
  /** Every setting as it is in effect, secrets included: for the comparison with the last start. */
  effective: EffectiveSetting[];
  /** For `starkeep config`. */
  origins: SettingInEffect[];
}

/** Every problem of the settings at once. `problems` are whole sentences. */
export class ConfigError extends Error {
  readonly problems: string[];
  /** Nothing is wrong but what is not set: it may have been entered, where that is not known yet. */
  readonly onlyMissing: boolean;

  constructor(problems: string[], { onlyMissing = false }: { onlyMissing?: boolean } = {}) {
    super(
      `${problems.length === 1 ? 'A setting needs' : `${problems.length} settings need`} attention:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
    this.onlyMissing = onlyMissing;
  }
}

/**
 * Reads and checks all settings.
 * @param environment usually `process.env`; an empty value counts as unset
 * @param role decides which settings must be there
 * @param entered what people entered in the web UI; the environment wins over it
 * @throws ConfigError with every problem found
 */
export function loadConfig(
  environment: Record<string, string | undefined>,
  role: Role,
  entered: readonly EnteredSetting[] = [],
): Config {
  const problems = unknownNames(environment);
  const enteredOf = new Map(entered.map(({ name, value }) => [name, value]));
  const values = new Map<string, unknown>();
  const origins: SettingInEffect[] = [];
  const secrets: string[] = [];
  const secretOf = new Map<string, string>();

  for (const setting of SETTINGS) {
    const found = rawValue(setting, environment, enteredOf, problems);
    const given = found.text ?? (setting.default?.startsWith('(') ? null : setting.default);
    if (given !== null) {
      try {
        values.set(setting.name, setting.parse(given));
      } catch (error) {
        const problem = problemOf(setting, given, error as Error);
        problems.push(found.origin === 'ui' ? `${problem} ${takeBack(setting.name)}` : problem);
      }
    }
    if (found.text !== null && setting.secret) {
      secrets.push(found.text);
      secretOf.set(setting.name, found.text);
    }
    const shown = setting.secret && found.text !== null ? '(hidden)' : (found.text ?? setting.default ?? '');
    origins.push({ setting, shown, origin: found.origin });
  }

  deriveGithubUrl(values, origins);
  // What is set wrongly has been named already, and is not missing as well.
  const isGiven = ({ origin }: { origin: Origin }) => origin !== 'unset' && origin !== 'default';
  const given = new Set(origins.filter(isGiven).map(({ setting }) => setting.name));
  const lacking = notGiven(given);
  const others = [
    ...strayed(origins),
    ...incomplete(given),
    ...withoutRedis(values),
    ...withoutRanges(values),
    ...unverified(environment),
  ];
  // Who has to change something anyway is told of all of it.
  const isFine = problems.length === 0 && others.length === 0;
  const needsAll = role === 'worker' || (role === 'up' && !(isFine && mayLack(given)));
  const missing = [...(needsAll ? lacking : []), ...missingServers(role, given)];
  problems.push(...missing, ...others);
  if (problems.length > 0) throw new ConfigError(problems, { onlyMissing: problems.length === missing.length });

  const get = <T>(name: string) => values.get(name) as T;

  for (const name of ['DATABASE_URL', 'DATABASE_READ_URL', 'REDIS_URL', 'STARKEEP_ALERT_SMTP_URL'])
    secrets.push(...passwordsIn(get(name)));
  const payloadKeys = get<PayloadKey[] | undefined>('STARKEEP_PAYLOAD_KEYS') ?? [];
  const settingsKeys = get<PayloadKey[] | undefined>('STARKEEP_SETTINGS_KEYS');
  secrets.push(...[...payloadKeys, ...(settingsKeys ?? [])].map(({ text }) => text));
  for (const signal of ['', 'LOGS_', 'TRACES_']) {
    const headers = get<Record<string, string> | undefined>(`OTEL_EXPORTER_OTLP_${signal}HEADERS`) ?? {};
    // `Bearer TOKEN`: the receiver may throw the token back at us without the word before it.
    secrets.push(...Object.values(headers).flatMap((value) => [value, value.split(' ').at(-1) ?? value]));
  }
  const redisUrlGiven = get<string | undefined>('REDIS_URL');
  const sshKey = get<string | undefined>('GITHUB_SSH_KEY');
  const appId = get<string | undefined>('GITHUB_APP_ID');
  const remoteUrl = get<string | undefined>('STARKEEP_URL');
  const deploymentName = get<string | undefined>('TEMPORAL_DEPLOYMENT_NAME');
  const buildId = get<string | undefined>('TEMPORAL_WORKER_BUILD_ID');
  const workerPort = get<number | undefined>('STARKEEP_WORKER_PORT');
  const onedevSshUrl = get<string | undefined>('ONEDEV_SSH_URL');
  return Object.freeze<Config>({
    github: {
      token: get('GITHUB_TOKEN'),
      login: get('GITHUB_LOGIN'),
      apiUrl: get('GITHUB_API_URL'),
      url: get('GITHUB_URL'),
      app: appId ? { appId, privateKey: get('GITHUB_APP_PRIVATE_KEY') } : undefined,
      webhookSecrets: [get<string>('GITHUB_WEBHOOK_SECRET'), get<string>('GITHUB_WEBHOOK_SECRET_PREVIOUS')].filter(
        Boolean,
      ),
      ssh: sshKey ? { privateKey: sshKey, knownHosts: get('GITHUB_SSH_KNOWN_HOSTS') } : undefined,
    },
    onedev: {
      url: get('ONEDEV_URL'),
      token: get('ONEDEV_TOKEN'),
      parent: get('ONEDEV_PARENT'),
      ssh: onedevSshUrl
        ? { url: onedevSshUrl, privateKey: get('ONEDEV_SSH_KEY'), knownHosts: get('ONEDEV_SSH_KNOWN_HOSTS') }
        : undefined,
    },
    databaseUrl: get('DATABASE_URL'),
    databaseReadUrl: get('DATABASE_READ_URL'),
    databasePool: get('STARKEEP_DATABASE_POOL'),
    cache: { place: get('STARKEEP_CACHE') ?? (redisUrlGiven ? 'redis' : 'postgres'), redisUrl: redisUrlGiven },
    temporal: {
      address: get('TEMPORAL_ADDRESS'),
      namespace: get('TEMPORAL_NAMESPACE'),
      cli: get('TEMPORAL_CLI'),
      uiUrl: get('STARKEEP_TEMPORAL_UI_URL'),
      deployment: deploymentName && buildId ? { deploymentName, buildId } : undefined,
      payloadKeys,
      environment: temporalVariables(environment, get('TEMPORAL_API_KEY')),
    },
    remote: remoteUrl ? { url: remoteUrl, key: get('STARKEEP_KEY') } : undefined,
    host: get('STARKEEP_HOST'),
    port: get('STARKEEP_PORT'),
    workerOps: workerPort === undefined ? undefined : { host: get('STARKEEP_WORKER_HOST'), port: workerPort },
    drainDelayMs: get('STARKEEP_DRAIN_DELAY'),
    dataDir: resolve(get('STARKEEP_DATA_DIR')),
    ownCa: withNodesOwn(get('STARKEEP_CA_FILE'), environment),
    unstar: { policy: get('STARKEEP_UNSTAR_POLICY'), graceMs: get('STARKEEP_UNSTAR_GRACE') },
    deleteBudget: get('STARKEEP_DELETE_BUDGET'),
    // Without a token there are 60 requests an hour, and a star list of 5,000 takes 50 of them.
    reconcileEveryMs:
      get<number | undefined>('STARKEEP_RECONCILE_EVERY') ?? (get('GITHUB_TOKEN') ? 15 * 60_000 : 6 * 3_600_000),
    rewritePolicy: get('STARKEEP_REWRITE_POLICY'),
    archiveRetentionMs: get('STARKEEP_ARCHIVE_RETENTION'),
    historyRetentionMs: get('STARKEEP_HISTORY_RETENTION'),
    drift: { everyMs: get('STARKEEP_DRIFT_EVERY'), policy: get('STARKEEP_DRIFT_POLICY') },
    transfer: get('STARKEEP_TRANSFER'),
    stageAboveBytes: get('STARKEEP_STAGE_ABOVE'),
    lfs: { mode: get('STARKEEP_LFS'), maxBytes: get('STARKEEP_LFS_MAX_SIZE') },
    transferSlots: get('STARKEEP_TRANSFER_SLOTS'),
    rates: {
      github: get('STARKEEP_GITHUB_RATE'),
      onedev: get('STARKEEP_ONEDEV_RATE'),
      transfer: get('STARKEEP_TRANSFER_RATE'),
    },
    filters: parseFilters(Object.fromEntries(FILTER_NAMES.map((name) => [name, get(`STARKEEP_FILTER_${name}`)]))),
    webhookAllow: get('STARKEEP_WEBHOOK_ALLOW'),
    trustedProxies: get<BlockList | undefined>('STARKEEP_TRUSTED_PROXIES') ?? new BlockList(),
    adminKey: get('STARKEEP_ADMIN_KEY'),
    settingsKeys,
    lacking,
    log: { level: get('STARKEEP_LOG_LEVEL'), file: get('STARKEEP_LOG_FILE') },
    telemetry: telemetrySettings(get),
    alerts: alertSettings(get),
    environment,
    secrets,
    effective: origins.map(({ setting: { name, secret = false }, shown }) => {
      return { name, value: secret ? (secretOf.get(name) ?? null) : shown || null, secret };
    }),
    origins,
  });
}

function telemetrySettings(get: <T>(name: string) => T): TelemetrySettings {
  const elasticUrl = get<string | undefined>('STARKEEP_LOG_ELASTICSEARCH_URL');
  const datadogKey = get<string | undefined>('STARKEEP_LOG_DATADOG_API_KEY');
  const traces = otlpSettings(get, 'TRACES');
  return {
    elasticsearch: elasticUrl
      ? {
          url: elasticUrl,
          apiKey: get('STARKEEP_LOG_ELASTICSEARCH_API_KEY'),
          index: get('STARKEEP_LOG_ELASTICSEARCH_INDEX'),
        }
      : undefined,
    datadog: datadogKey ? { url: get('STARKEEP_LOG_DATADOG_SITE'), apiKey: datadogKey } : undefined,
    logs: otlpSettings(get, 'LOGS'),
    traces: traces && {
      ...traces,
      sampler: { name: get('OTEL_TRACES_SAMPLER'), ratio: get('OTEL_TRACES_SAMPLER_ARG') },
    },
    serviceName: get('OTEL_SERVICE_NAME'),
    resource: get<Record<string, string> | undefined>('OTEL_RESOURCE_ATTRIBUTES') ?? {},
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp */
function otlpSettings(get: <T>(name: string) => T, signal: 'LOGS' | 'TRACES'): OtlpSettings | undefined {
  if (get(`OTEL_${signal}_EXPORTER`) === 'none') return undefined;
  const base = get<string | undefined>('OTEL_EXPORTER_OTLP_ENDPOINT');
  const own = get<string | undefined>(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  const address = own ?? (base && `${base}/v1/${signal.toLowerCase()}`);
  if (address === undefined) return undefined;
  const headersOf = (name: string) => get<Record<string, string> | undefined>(name);
  const headers = headersOf(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`) ?? headersOf('OTEL_EXPORTER_OTLP_HEADERS') ?? {};
  return { url: address, headers };
}

function alertSettings(get: <T>(name: string) => T): AlertSettings {
  const url = get<string | undefined>('STARKEEP_ALERT_URL');
  const slackUrl = get<string | undefined>('STARKEEP_ALERT_SLACK_URL');
  const ntfyUrl = get<string | undefined>('STARKEEP_ALERT_NTFY_URL');
  const smtpUrl = get<string | undefined>('STARKEEP_ALERT_SMTP_URL');
  return {
    atLeast: get('STARKEEP_ALERT_LEVEL'),
    webhook: url ? { url, secret: get('STARKEEP_ALERT_SECRET') } : undefined,
    slack: slackUrl ? { url: slackUrl } : undefined,
    ntfy: ntfyUrl ? { url: ntfyUrl, token: get('STARKEEP_ALERT_NTFY_TOKEN') } : undefined,
    mail: smtpUrl ? { smtpUrl, from: get('STARKEEP_ALERT_MAIL_FROM'), to: get('STARKEEP_ALERT_MAIL_TO') } : undefined,
  };
}

/** A setting that {@link loadConfig} checked for the role at hand, as present. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a required setting is missing although it was checked');
  return value;
}

/** The addresses of the dependencies as a child process of `starkeep up` has to see them. */
export function childEnvironment(
  environment: Record<string, string | undefined>,
  servers: { databaseUrl: string; temporalAddress: string; temporalUiUrl?: string | null; dataDir: string },
): Record<string, string | undefined> {
  return {
    ...environment,
    DATABASE_URL: servers.databaseUrl,
    DATABASE_URL_FILE: undefined,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    ...(servers.temporalUiUrl ? { STARKEEP_TEMPORAL_UI_URL: servers.temporalUiUrl } : {}),
    STARKEEP_DATA_DIR: servers.dataDir,
  };
}

function rawValue(
  setting: Setting,
  environment: Record<string, string | undefined>,
  entered: ReadonlyMap<string, string>,
  problems: string[],
): { text: string | null; origin: Origin } {
  const direct = environment[setting.name] || null;
  const file = setting.secret ? environment[`${setting.name}_FILE`] || null : null;
  if (direct !== null && file !== null) {
    problems.push(`${setting.name} and ${setting.name}_FILE are both set; keep one of them.`);
    return { text: null, origin: 'environment' };
  }
  if (direct !== null) return { text: direct, origin: 'environment' };
  if (file === null) {
    const text = ENTERABLE.has(setting.name) ? (entered.get(setting.name) ?? null) : null;
    if (text !== null) return { text, origin: 'ui' };
    return { text, origin: setting.default === null ? 'unset' : 'default' };
  }
  try {
    const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (content === '') problems.push(`${setting.name}_FILE names "${file}", which is empty.`);
    return { text: content || null, origin: 'file' };
  } catch (error) {
    problems.push(
      `${setting.name}_FILE names "${file}", which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
    return { text: null, origin: 'file' };
  }
}

/** Naming a CA replaces what Node would trust by itself, and before version 22 it cannot be asked what that is. */
function withNodesOwn(pem: string | undefined, environment: Record<string, string | undefined>): string | undefined {
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  if (pem === undefined || !extra) return pem;
  try {
    return `${pem}\n${certificates(extra)}`;
  } catch (error) {
    throw new ConfigError([`NODE_EXTRA_CA_CERTS must be ${(error as Error).message}, but is "${extra}".`]);
  }
}

/**
 * Each of GitHub's two addresses follows from the other when only one is given: on GitHub Enterprise Server `HOST/api/v3` and `HOST`, on
 * GitHub Enterprise Cloud with data residency `api.NAME.ghe.com` and `NAME.ghe.com`.
 */
function deriveGithubUrl(values: Map<string, unknown>, origins: SettingInEffect[]): void {
  const derive = (name: string, from: string, rule: (base: string) => string) => {
    const origin = origins.find(({ setting }) => setting.name === name);
    const base = values.get(from) as string | undefined;
    if (origin?.origin !== 'default' || base === undefined) return;
    const derived = rule(base);
    if (derived === values.get(name)) return;
    values.set(name, derived);
    Object.assign(origin, { shown: derived, origin: 'derived' });
  };
  derive('GITHUB_API_URL', 'GITHUB_URL', apiUrlOf);
  derive('GITHUB_URL', 'GITHUB_API_URL', webUrlOf);
}

function apiUrlOf(webUrl: string): string {
  if (webUrl === GITHUB_URL) return GITHUB_API_URL;
  return /^https:\/\/[^/]+\.ghe\.com$/.test(webUrl) ? webUrl.replace('://', '://api.') : `${webUrl}/api/v3`;
}

function webUrlOf(apiUrl: string): string {
  if (apiUrl === GITHUB_API_URL) return GITHUB_URL;
  return apiUrl.replace(/\/api\/v3$/, '').replace(/:\/\/api\.([^/]+\.ghe\.com)$/, '://$1');
}

function temporalVariables(
  environment: Record<string, string | undefined>,
  apiKey: string | undefined,
): Record<string, string> {
  // An empty TEMPORAL_TLS means "no TLS" to Temporal's reader even beside an API key, and an empty address is an error there.
  const set = Object.entries(environment).filter(([name, value]) => name.startsWith('TEMPORAL_') && value);
  const own = Object.fromEntries(set) as Record<string, string>;
  delete own['TEMPORAL_CLI'];
  delete own['TEMPORAL_API_KEY_FILE'];
  return apiKey ? { ...own, TEMPORAL_API_KEY: apiKey } : own;
}
