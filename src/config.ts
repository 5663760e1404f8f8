import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { resolve } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { addRange } from './adapters/address-ranges.ts';
import { ALERT_LEVELS, type AlertLevel } from './domain/alerts.ts';
import { FILTER_NAMES, FilterError, parseFilters, type FilterName, type Filters } from './domain/filters.ts';
import { maxSizeKb } from './domain/filter-values.ts';
import { parentPathProblem } from './domain/names.ts';
import { parsePayloadKeys, type PayloadKey } from './domain/payload-keys.ts';
import { ENTERABLE, NEEDED_TO_MIRROR, SENT_TO, type EnteredSetting } from './domain/entered-settings.ts';
import type { DriftPolicy, RewritePolicy, UnstarPolicy } from './domain/model.ts';
import type { EffectiveSetting } from './domain/seen-settings.ts';

/**
 * The only reader of the environment: one table of settings → one frozen Config. The README's table, `starkeep config` and the
 * validation below all come from {@link SETTINGS}.
 */

type Parse = (text: string) => unknown;

export interface Setting {
  name: string;
  /** As it would be typed; `null`: no default. A sentence in parentheses is computed. */
  default: string | null;
  /** One sentence for the README and `starkeep config`. */
  meaning: string;
  /** Never printed, never logged; may be given as `NAME_FILE`. */
  secret?: true;
  /** Turns the text into the value, or throws an Error whose message completes "NAME must be …". */
  parse: Parse;
}

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

const CACHE_PLACES = ['memory', 'postgres', 'redis'] as const;

/** Where workers remember what they need not ask for again. */
export type CachePlace = (typeof CACHE_PLACES)[number];

const GITHUB_API_URL = 'https://api.github.com';
const GITHUB_URL = 'https://github.com';

export const SETTINGS: readonly Setting[] = [
  row('GITHUB_TOKEN', null, "the person's token: star list, private repositories, git over HTTPS", token, 'secret'),
  row('GITHUB_LOGIN', null, 'without a token: public stars of this login; with one: checked against it', login),
  row('GITHUB_API_URL', GITHUB_API_URL, 'REST base; on GitHub Enterprise Server `https://HOST/api/v3`', url),
  row('GITHUB_URL', GITHUB_URL, 'web and git base; a clone address on any other host is refused', url),
  row('GITHUB_APP_ID', null, 'GitHub App: id or client id', text),
  row('GITHUB_APP_PRIVATE_KEY', null, 'GitHub App: private key (PEM)', privateKey, 'secret'),
  row(
    'GITHUB_WEBHOOK_SECRET',
    null,
    'HMAC secret of the webhooks; without it every delivery is refused',
    text,
    'secret',
  ),
  row('GITHUB_WEBHOOK_SECRET_PREVIOUS', null, 'also accepted, while a secret is being rotated', text, 'secret'),
  row('GITHUB_SSH_KEY', null, 'private key for reading from GitHub over SSH instead of HTTPS', privateKey, 'secret'),
  row('GITHUB_SSH_KNOWN_HOSTS', null, 'host keys of GitHub for SSH, as in `known_hosts`', text),
  row('ONEDEV_URL', null, 'root address of the OneDev server', url),
  row('ONEDEV_TOKEN', null, 'OneDev access token', token, 'secret'),
  row('ONEDEV_PARENT', 'github', 'project the mirrors live under; made when it is missing', parentPath),
  row('ONEDEV_SSH_URL', null, 'SSH base of OneDev (`ssh://HOST:PORT`), when pushes go over SSH', sshUrl),
  row('ONEDEV_SSH_KEY', null, 'private key for pushing to OneDev over SSH', privateKey, 'secret'),
  row('ONEDEV_SSH_KNOWN_HOSTS', null, 'host keys of OneDev for SSH, as in `known_hosts`', text),
  row(
    'DATABASE_URL',
    null,
    'Postgres; unset means an embedded one under the data folder (`starkeep up` only)',
    databaseUrl,
    'secret',
  ),
  row(
    'DATABASE_READ_URL',
    null,
    'a streaming standby of that Postgres, for the api: lists, numbers and pages are read from it while it has all that the api was told of',
    databaseUrl,
    'secret',
  ),
  row(
    'STARKEEP_DATABASE_POOL',
    '(10 for the api, 20 for a worker)',
    'connections to Postgres one process may have open, besides the one on which the api listens for changes',
    poolSize,
  ),
  row(
    'REDIS_URL',
    null,
    'Redis for what is remembered: `redis://USER:PASSWORD@HOST:6379/0`, or `rediss://…` with TLS',
    redisUrl,
    'secret',
  ),
  row(
    'STARKEEP_CACHE',
    '(redis with REDIS_URL, else postgres)',
    "where workers remember GitHub's answers and installation tokens: `memory` (each its own), `postgres` or `redis`",
    oneOf(...CACHE_PLACES),
  ),
  row(
    'TEMPORAL_ADDRESS',
    null,
    'Temporal server; unset means an embedded one under the data folder (`starkeep up` only)',
    hostPort,
  ),
  row('TEMPORAL_NAMESPACE', 'default', 'Temporal namespace', text),
  row(
    'TEMPORAL_API_KEY',
    null,
    "Temporal API key; `TEMPORAL_TLS…` and the rest of Temporal's own names work too",
    token,
    'secret',
  ),
  row(
    'TEMPORAL_DEPLOYMENT_NAME',
    null,
    "with TEMPORAL_WORKER_BUILD_ID: the worker takes part in Temporal's worker versioning under this name, and gets work once that version is made current",
    text,
  ),
  row('TEMPORAL_WORKER_BUILD_ID', null, 'which build of that deployment this worker is', text),
  row('TEMPORAL_CLI', null, 'path of a `temporal` binary for the embedded server', text),
  row(
    'STARKEEP_TEMPORAL_UI_URL',
    null,
    "address of Temporal's web UI, for the links to it; `starkeep up` knows its own",
    url,
  ),
  row('STARKEEP_HOST', '127.0.0.1', 'listening address', text),
  row('STARKEEP_PORT', '8000', 'listening port', port),
  row(
    'STARKEEP_WORKER_HOST',
    '127.0.0.1',
    'address at which a worker answers `/health`, `/livez`, `/readyz`, `/metrics`',
    text,
  ),
  row('STARKEEP_WORKER_PORT', null, 'port for that; unset: a worker does not listen', port),
  row(
    'STARKEEP_DRAIN_DELAY',
    '0s',
    'how long an api that is told to stop still takes requests while `/readyz` says 503: longer than the balancer in front of it takes to notice; at most `2m`',
    drainDelay,
  ),
  row(
    'STARKEEP_URL',
    null,
    'address of a running Starkeep: commands ask that one, over HTTP, in place of the one on this machine',
    url,
  ),
  row('STARKEEP_KEY', null, 'API key for STARKEEP_URL; `starkeep keys create` makes one', token, 'secret'),
  row('STARKEEP_DATA_DIR', '.starkeep', "embedded servers' files, git caches", text),
  row(
    'STARKEEP_ADMIN_KEY',
    null,
    'an admin API key, best from `openssl rand -base64 32`; unset: `starkeep up` makes one at its first start and prints it once',
    adminKey,
    'secret',
  ),
  row(
    'STARKEEP_PAYLOAD_KEYS',
    null,
    'encrypts what workflows leave with Temporal: `ID:KEY`, KEY from `openssl rand -base64 32`; several with commas, the first encrypts, all decrypt',
    parsePayloadKeys,
    'secret',
  ),
  row(
    'STARKEEP_SETTINGS_KEYS',
    null,
    'seals the settings that are entered in the web UI, written as STARKEEP_PAYLOAD_KEYS; unset: `settings.key` in the data folder, which `starkeep up` makes',
    parsePayloadKeys,
    'secret',
  ),
  row(
    'STARKEEP_CA_FILE',
    null,
    'certificates (PEM) of your own CA, trusted besides the usual ones for GitHub, OneDev and LFS, by git too',
    certificates,
  ),
  row(
    'STARKEEP_RECONCILE_EVERY',
    '(15m; 6h without a token)',
    'how often the star list is read, as `temporal schedule describe --schedule-id reconcile-stars` shows it',
    interval,
  ),
  row(
    'STARKEEP_UNSTAR_POLICY',
    'delete',
    '`delete`, `archive` (rename, keep) or `keep`',
    oneOf('delete', 'archive', 'keep'),
  ),
  row('STARKEEP_UNSTAR_GRACE', '7d', 'waiting time before a deletion; `0s` is allowed', duration),
  row(
    'STARKEEP_DELETE_BUDGET',
    '10/24h',
    'at most so many deletions in a rolling window; more than that wait for a person',
    budget,
  ),
  row(
    'STARKEEP_REWRITE_POLICY',
    'keep-old',
    'when upstream rewrites a branch: `keep-old` (archive the old tip, follow), `follow` or `hold`',
    oneOf('keep-old', 'follow', 'hold'),
  ),
  row(
    'STARKEEP_DRIFT_EVERY',
    '7d',
    'how often both sides of every mirror are compared, in case somebody changed OneDev; `never` turns it off',
    everyOrNever,
  ),
  row(
    'STARKEEP_DRIFT_POLICY',
    'repair',
    'what follows when OneDev differs although GitHub has not changed: `repair`, or `report` and leave it so',
    oneOf('repair', 'report'),
  ),
  row(
    'STARKEEP_ARCHIVE_RETENTION',
    'forever',
    'how long old tips of rewritten and removed branches are kept: `forever`, or a duration such as `365d`',
    retention,
  ),
  row(
    'STARKEEP_HISTORY_RETENTION',
    '365d',
    'how long the histories of ended workflow runs are kept in Postgres: `forever`, or a duration of at least `1d`',
    retention,
  ),
  row(
    'STARKEEP_TRANSFER',
    'auto',
    '`auto` (stream, and clone only where that is impossible), `stream` or `clone`',
    oneOf('auto', 'stream', 'clone'),
  ),
  row(
    'STARKEEP_STAGE_ABOVE',
    '1GB',
    "a first transfer above this size (`500MB`, `2GiB`), by GitHub's estimate, goes in stages of about this size; `never` turns it off",
    sizeOrNever,
  ),
  row('STARKEEP_LFS', 'auto', 'Git LFS objects: `auto` (where a repository uses them) or `off`', oneOf('auto', 'off')),
  row(
    'STARKEEP_LFS_MAX_SIZE',
    '4GiB',
    'LFS objects above this size (`500MB`, `4GiB`) are reported and not copied',
    size,
  ),
  row('STARKEEP_TRANSFER_SLOTS', '2', 'transfers one worker runs at a time', count),
  row(
    'STARKEEP_GITHUB_RATE',
    '10/s',
    "activities that ask GitHub's API, of all workers together: COUNT/s, COUNT/m, or `unlimited`",
    rate,
  ),
  row('STARKEEP_ONEDEV_RATE', 'unlimited', "activities that ask OneDev's API, of all workers together", rate),
  row('STARKEEP_TRANSFER_RATE', 'unlimited', 'transfers that begin, of all workers together', rate),
  row(
    'STARKEEP_FILTER_LANGUAGES',
    null,
    'keep only these languages (`Go, "Jupyter Notebook"`); `!PHP` keeps all but that one',
    filter('LANGUAGES'),
  ),
  row(
    'STARKEEP_FILTER_TOPICS',
    null,
    'keep only repositories with one of these topics; `!awesome` keeps those without that one',
    filter('TOPICS'),
  ),
  row('STARKEEP_FILTER_MIN_STARS', null, 'keep only repositories with at least so many stars', filter('MIN_STARS')),
  row(
    'STARKEEP_FILTER_MAX_SIZE',
    null,
    "keep only repositories up to this size (`500MB`, `2GiB`) by GitHub's estimate",
    filter('MAX_SIZE'),
  ),
  row('STARKEEP_FILTER_ARCHIVED', 'keep', 'archived repositories: `keep`, `skip` or `only`', filter('ARCHIVED')),
  row('STARKEEP_FILTER_FORKS', 'keep', 'forks: `keep`, `skip` or `only`', filter('FORKS')),
  row(
    'STARKEEP_FILTER_INCLUDE',
    null,
    'names that are kept whatever the other filters say (`torvalds/*`, `*/dotfiles`)',
    filter('INCLUDE'),
  ),
  row('STARKEEP_FILTER_EXCLUDE', null, 'names that are not kept, written the same way', filter('EXCLUDE')),
  row(
    'STARKEEP_WEBHOOK_ALLOW',
    'any',
    '`any`, `github` (ranges from `/meta`) or a list of addresses and CIDR ranges',
    allowList,
  ),
  row('STARKEEP_TRUSTED_PROXIES', null, 'addresses and CIDR ranges whose `X-Forwarded-For` is believed', cidrs),
  row(
    'STARKEEP_LOG_LEVEL',
    'info',
    '`trace`, `debug`, `info`, `warn`, `error` or `fatal`',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
  ),
  row('STARKEEP_LOG_FILE', null, 'also log to this file, rotated at 20 MB, seven kept', text),
  row(
    'STARKEEP_LOG_ELASTICSEARCH_URL',
    null,
    'also log to this Elasticsearch: its root address, such as `https://elastic.example.org:9200`',
    url,
  ),
  row('STARKEEP_LOG_ELASTICSEARCH_API_KEY', null, 'its API key, as Elasticsearch encodes it', token, 'secret'),
  row('STARKEEP_LOG_ELASTICSEARCH_INDEX', 'logs-starkeep-default', 'the data stream the lines go to', dataStream),
  row('STARKEEP_LOG_DATADOG_API_KEY', null, 'also log to Datadog, with this API key', token, 'secret'),
  row(
    'STARKEEP_LOG_DATADOG_SITE',
    'datadoghq.com',
    'the Datadog site, such as `datadoghq.eu`, or the address of a proxy that passes the lines on',
    datadogUrl,
  ),
  row(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    null,
    'logs and traces go to this OpenTelemetry receiver, over HTTP: `http://collector:4318`',
    url,
  ),
  row(
    'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
    null,
    'the whole address for logs, where it is another one (`…/v1/logs`)',
    url,
  ),
  row(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    null,
    'the whole address for traces, where it is another one (`…/v1/traces`)',
    url,
  ),
  row(
    'OTEL_EXPORTER_OTLP_HEADERS',
    null,
    'request headers for both, as `NAME=value,NAME=value`, percent-encoded',
    otelHeaders,
    'secret',
  ),
  row('OTEL_EXPORTER_OTLP_LOGS_HEADERS', null, 'request headers for logs, in place of those', otelHeaders, 'secret'),
  row(
    'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    null,
    'request headers for traces, in place of those',
    otelHeaders,
    'secret',
  ),
  row(
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'http/json',
    'the only one that is spoken; receivers take it where they take `http/protobuf`',
    oneOf('http/json'),
  ),
  row('OTEL_LOGS_EXPORTER', 'otlp', '`none`: no logs to OTEL_EXPORTER_OTLP_ENDPOINT', oneOf('otlp', 'none')),
  row('OTEL_TRACES_EXPORTER', 'otlp', '`none`: no traces to OTEL_EXPORTER_OTLP_ENDPOINT', oneOf('otlp', 'none')),
  row('OTEL_SERVICE_NAME', null, 'what OpenTelemetry calls us; unset: `starkeep-api`, `starkeep-worker`', text),
  row('OTEL_RESOURCE_ATTRIBUTES', null, 'what else is said of us there, as `NAME=value,NAME=value`', otelPairs),
  row(
    'OTEL_TRACES_SAMPLER',
    'parentbased_always_on',
    'which traces are recorded: `always_on`, `always_off`, `traceidratio`, or these with `parentbased_`',
    oneOf(...SAMPLERS),
  ),
  row('OTEL_TRACES_SAMPLER_ARG', '1', 'of the samplers with a ratio: how much, from 0 to 1', ratio),
  row('STARKEEP_ALERT_URL', null, 'where alerts go as JSON, one POST each', url),
  row(
    'STARKEEP_ALERT_SECRET',
    null,
    'signs what goes to STARKEEP_ALERT_URL: `x-starkeep-signature-256` is its HMAC-SHA256 over the body',
    text,
    'secret',
  ),
  row('STARKEEP_ALERT_SLACK_URL', null, 'where alerts go as Slack takes them (an incoming webhook)', hookUrl, 'secret'),
  row(
    'STARKEEP_ALERT_NTFY_URL',
    null,
    'where alerts go as ntfy takes them: `https://ntfy.sh/TOPIC`',
    topicUrl,
    'secret',
  ),
  row('STARKEEP_ALERT_NTFY_TOKEN', null, 'access token of ntfy, where the topic needs one', token, 'secret'),
  row(
    'STARKEEP_ALERT_SMTP_URL',
    null,
    'mail server for alerts: `smtp://USER:PASSWORD@HOST:587`, or `smtps://…:465`',
    smtpUrl,
    'secret',
  ),
  row('STARKEEP_ALERT_MAIL_FROM', null, 'the sender of these mails', mailAddress),
  row('STARKEEP_ALERT_MAIL_TO', null, 'who gets them: addresses, separated by commas', mailAddresses),
  row(
    'STARKEEP_ALERT_LEVEL',
    'info',
    'from which level on alerts are sent: `info` (all), `warning` or `error`; `starkeep alerts` shows all',
    oneOf(...ALERT_LEVELS),
  ),
];

/** `ui`: entered in the web UI, or by `starkeep config set` · `derived`: it follows from another setting. */
export type Origin = 'environment' | 'file' | 'ui' | 'derived' | 'default' | 'unset';

/** What a process needs to be set before it can start. */
export type Role = 'up' | 'api' | 'worker' | 'migrate' | 'none';

export interface DeletionBudget {
  max: number;
  windowMs: number;
}

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
  origins: { setting: Setting; shown: string; origin: Origin }[];
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
  const origins: Config['origins'] = [];
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

// ---------------------------------------------------------------------------------------------------------- finding values

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

/** Of a setting that was entered in the web UI. */
function takeBack(name: string): string {
  return `It was entered in the web UI; \`starkeep config unset ${name}\` takes it back.`;
}

/** A filter's error names setting, word and place by itself. */
function problemOf(setting: Setting, given: string, error: Error): string {
  if (error instanceof FilterError) return error.message;
  return `${setting.name} must be ${error.message}${setting.secret ? '' : `, but is "${withoutUserInfo(given)}"`}.`;
}

/** A misspelt variable would be ignored silently, and a mirror that is quietly configured wrong is worse than none. */
function unknownNames(environment: Record<string, string | undefined>): string[] {
  const known = SETTINGS.flatMap((setting) =>
    setting.secret ? [setting.name, `${setting.name}_FILE`] : [setting.name],
  );
  const ours = known.filter((name) => name.startsWith('STARKEEP_'));
  return Object.entries(environment)
    .filter(([name, value]) => value && /^STARKEEP_/i.test(name) && !known.includes(name))
    .map(([name]) => `${name} is not a setting of Starkeep. Did you mean ${nearest(name, ours)}?`);
}

const OURS = /^(?:STARKEEP|GITHUB|ONEDEV|TEMPORAL)_|^DATABASE_(?:READ_)?URL|^REDIS_URL/i;

/**
 * What in a settings file would pass unseen. The environment holds other programs' names too, GitHub's own among them; a settings file is ours, so
 * there every name of this kind has to be a setting.
 * @returns sentences that begin with the line
 */
export function settingsFileProblems(content: string): string[] {
  const known = SETTINGS.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
  const problems: string[] = [];
  let quote: string | null = null;
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const where = `line ${index + 1}`;
    if (quote !== null) {
      if (line.includes(quote)) quote = null;
      continue;
    }
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name = '', value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line) ?? [];
    const [opening = ''] = value;
    if (/["'`]/.test(opening) && !value.slice(1).includes(opening)) quote = opening;
    if (name === '') problems.push(`${where} is not NAME=value.`);
    else if (OURS.test(name) && !known.includes(name) && !/^(?:STARKEEP|TEMPORAL)_/.test(name)) {
      problems.push(`${where}: ${name} is not a setting of Starkeep. Did you mean ${nearest(name, known)}?`);
    }
  }
  return problems;
}

function nearest(name: string, known: string[]): string {
  const upper = name.toUpperCase();
  // What is no secret cannot come from a file.
  const withoutFile = upper.replace(/_FILE$/, '');
  return known.includes(withoutFile) ? withoutFile : closest(upper, known);
}

/** @returns the servers that this role cannot do without, and were not named */
function missingServers(role: Role, given: ReadonlySet<string>): string[] {
  const need: Record<Role, string[]> = {
    up: [],
    worker: ['DATABASE_URL', 'TEMPORAL_ADDRESS'],
    api: ['DATABASE_URL', 'TEMPORAL_ADDRESS'],
    migrate: ['DATABASE_URL'],
    none: [],
  };
  return need[role].filter((name) => !given.has(name)).map(isNotSet);
}

/** @returns what is not set, and has to be before anything can be mirrored */
function notGiven(given: ReadonlySet<string>): string[] {
  const account =
    'Neither GITHUB_TOKEN nor GITHUB_LOGIN is set: set the token of the person whose stars are mirrored, or a login whose public stars are.';
  return [
    ...(given.has('GITHUB_TOKEN') || given.has('GITHUB_LOGIN') ? [] : [account]),
    ...['ONEDEV_URL', 'ONEDEV_TOKEN'].filter((name) => !given.has(name)).map(isNotSet),
  ];
}

/** Where nothing at all is set, the web UI leads through it. Who has set a part of it, and not the rest, has forgotten something. */
function mayLack(given: ReadonlySet<string>): boolean {
  return !NEEDED_TO_MIRROR.some((name) => given.has(name));
}

function isNotSet(name: string): string {
  return `${name} is not set: ${SETTINGS.find((setting) => setting.name === name)?.meaning}.`;
}

function incomplete(given: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const together = (names: string[]) => {
    const absent = names.filter((name) => !given.has(name));
    if (absent.length > 0 && absent.length < names.length) {
      problems.push(
        `${names.join(', ')} belong together, but ${absent.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} not set.`,
      );
    }
  };
  together(['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY']);
  together(['GITHUB_SSH_KEY', 'GITHUB_SSH_KNOWN_HOSTS']);
  together(['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID']);
  together(['ONEDEV_SSH_URL', 'ONEDEV_SSH_KEY', 'ONEDEV_SSH_KNOWN_HOSTS']);
  if (given.has('GITHUB_WEBHOOK_SECRET_PREVIOUS') && !given.has('GITHUB_WEBHOOK_SECRET')) {
    problems.push('GITHUB_WEBHOOK_SECRET_PREVIOUS is set without GITHUB_WEBHOOK_SECRET.');
  }
  together(['STARKEEP_ALERT_SMTP_URL', 'STARKEEP_ALERT_MAIL_FROM', 'STARKEEP_ALERT_MAIL_TO']);
  for (const [name, needed] of [
    ['DATABASE_READ_URL', 'DATABASE_URL'],
    ['STARKEEP_ALERT_SECRET', 'STARKEEP_ALERT_URL'],
    ['STARKEEP_ALERT_NTFY_TOKEN', 'STARKEEP_ALERT_NTFY_URL'],
    ['STARKEEP_LOG_ELASTICSEARCH_API_KEY', 'STARKEEP_LOG_ELASTICSEARCH_URL'],
    ['STARKEEP_LOG_ELASTICSEARCH_INDEX', 'STARKEEP_LOG_ELASTICSEARCH_URL'],
    ['STARKEEP_LOG_DATADOG_SITE', 'STARKEEP_LOG_DATADOG_API_KEY'],
  ] as const) {
    if (given.has(name) && !given.has(needed)) problems.push(`${name} is set without ${needed}.`);
  }
  return problems;
}

/**
 * A secret of the environment does not go to an address that somebody entered. The api refuses that when it is entered, as far as it knows; a worker may
 * have secrets that the api was not told.
 */
function strayed(origins: Config['origins']): string[] {
  const originOf = new Map(origins.map(({ setting, origin }) => [setting.name, origin]));
  const isOurs = (name: string) => originOf.get(name) === 'environment' || originOf.get(name) === 'file';
  return Object.entries(SENT_TO)
    .filter(([address]) => originOf.get(address) === 'ui')
    .flatMap(([address, secrets]) =>
      secrets
        .filter(isOurs)
        .map(
          (secret) =>
            `${secret} is set in the environment and would be sent to another address than was meant: ${address}. ${takeBack(address)}`,
        ),
    );
}

/** With the two of them out of step it would not be clear which is meant. */
function withoutRedis(values: ReadonlyMap<string, unknown>): string[] {
  if (values.get('STARKEEP_CACHE') !== 'redis' || values.has('REDIS_URL')) return [];
  return ['STARKEEP_CACHE=redis needs REDIS_URL.'];
}

/** GitHub Enterprise Server's `/meta` has no address ranges, so there would be nothing to compare with. */
function withoutRanges(values: ReadonlyMap<string, unknown>): string[] {
  const apiUrl = values.get('GITHUB_API_URL');
  if (values.get('STARKEEP_WEBHOOK_ALLOW') !== 'github' || apiUrl === undefined || apiUrl === GITHUB_API_URL) return [];
  return ['STARKEEP_WEBHOOK_ALLOW=github works with github.com only; name the addresses of your server instead.'];
}

/** Switches by which other programs stop verifying whom they talk to. Ours would obey some and not others, and a token would go to anybody. */
function unverified(environment: Record<string, string | undefined>): string[] {
  const instead = 'Unset it; a CA of your own goes into STARKEEP_CA_FILE';
  const problems: string[] = [];
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push(`NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the verification of certificates. ${instead}.`);
  }
  if (environment['GIT_SSL_NO_VERIFY']) {
    problems.push(`GIT_SSL_NO_VERIFY turns off the verification of certificates. ${instead}.`);
  }
  if (environment['PGSSLMODE'] === 'no-verify') {
    problems.push(
      'PGSSLMODE=no-verify turns off the verification of certificates. Unset it; the CA goes into DATABASE_URL as sslrootcert=FILE.',
    );
  }
  return problems;
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
function deriveGithubUrl(values: Map<string, unknown>, origins: Config['origins']): void {
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

// -------------------------------------------------------------------------------------------------------------- parsers

function row(name: string, fallback: string | null, meaning: string, parse: Parse, secret?: 'secret'): Setting {
  return { name, default: fallback, meaning, parse, ...(secret ? { secret: true as const } : {}) };
}

function text(value: string): string {
  if (value.includes('\0')) throw new Error('text without NUL characters');
  return value;
}

/** It becomes part of a request header. */
function token(value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Error('one word without spaces or line breaks');
  return value;
}

function privateKey(value: string): string {
  if (!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(value))
    throw new Error("a private key in PEM form; a file's path goes into the setting of the same name with _FILE");
  return value;
}

/** It becomes part of a request header. */
function adminKey(value: string): string {
  if (value.length < 8) throw new Error('at least 8 characters long');
  if (value.length > 512) throw new Error('at most 512 characters long');
  return token(value);
}

function login(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(value)) throw new Error('a GitHub login');
  return value;
}

function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
    throw new Error('an address that begins with http:// or https://');
  if (parsed.username || parsed.password) throw new Error('an address without a user name or password in it');
  if (parsed.search || parsed.hash) throw new Error('an address without ? or #');
  return parsed.href.replace(/\/+$/, '');
}

/** Of a service whose address is its password: it may have a query. */
function hookUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || parsed.username || parsed.password || parsed.hash)
    throw new Error('an address that begins with http:// or https://, without a user name in it');
  return parsed.href;
}

function topicUrl(value: string): string {
  const address = url(value);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(new URL(address).pathname.slice(1)))
    throw new Error('an address like https://ntfy.sh/TOPIC, whose topic has letters, digits, - and _ only');
  return address;
}

/** @see https://www.elastic.co/guide/en/elasticsearch/reference/current/indices-create-data-stream.html */
function dataStream(value: string): string {
  if (value.length > 255 || !/^[^-_+.A-Z\\/*?"<>| ,#:][^A-Z\\/*?"<>| ,#:]*$/.test(value))
    throw new Error('the name of a data stream, such as logs-starkeep-default');
  return value;
}

/** @returns the address of the intake */
function datadogUrl(value: string): string {
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(value)) return `https://http-intake.logs.${value}`;
  try {
    return url(value);
  } catch (error) {
    throw new Error('a site such as datadoghq.eu, or an address that begins with http:// or https://', {
      cause: error,
    });
  }
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function otelPairs(value: string): Record<string, string> {
  try {
    const pairs = value.split(',').filter((part) => part.trim() !== '');
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, name = '', text = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
        if (name === '') throw new Error('no name');
        return [decodeURIComponent(name), decodeURIComponent(text)];
      }),
    );
  } catch (error) {
    throw new Error('NAME=value pairs, separated by commas and percent-encoded', { cause: error });
  }
}

/** They become request headers. */
function otelHeaders(value: string): Record<string, string> {
  const pairs = otelPairs(value);
  for (const [name, content] of Object.entries(pairs)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(content))
      throw new Error('NAME=value pairs that can be request headers, separated by commas and percent-encoded');
  }
  return pairs;
}

function ratio(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1) throw new Error('a number from 0 to 1');
  return number;
}

function smtpUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['smtp:', 'smtps:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new Error('an address like smtp://USER:PASSWORD@HOST:587');
  try {
    passwordsIn(value);
  } catch {
    throw new Error('an address whose password has its special characters percent-encoded (% itself is %25)');
  }
  return value;
}

function mailAddress(value: string): string {
  const address = value.trim();
  if (!/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(address)) throw new Error('a mail address such as ann@example.org');
  return address;
}

function mailAddresses(value: string): string[] {
  try {
    return value.split(',').map(mailAddress);
  } catch (error) {
    throw new Error('mail addresses, separated by commas', { cause: error });
  }
}

function sshUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (parsed?.protocol !== 'ssh:' || parsed.password) throw new Error('an address like ssh://HOST:PORT');
  return parsed.href.replace(/\/+$/, '');
}

function databaseUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol))
    throw new Error('an address like postgres://USER:PASSWORD@HOST:5432/DATABASE');
  try {
    passwordsIn(value);
  } catch {
    throw new Error('an address whose password has its special characters percent-encoded (% itself is %25)');
  }
  verifyingOnly(parsed.searchParams);
  return value;
}

function redisUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  const isRedis = parsed && ['redis:', 'rediss:'].includes(parsed.protocol) && parsed.hostname !== '';
  if (!isRedis || !/^\/?\d{0,5}$/.test(parsed.pathname) || parsed.search || parsed.hash)
    throw new Error('an address like redis://USER:PASSWORD@HOST:6379/0, or rediss://… for TLS');
  try {
    passwordsIn(value);
  } catch {
    throw new Error('an address whose password has its special characters percent-encoded (% itself is %25)');
  }
  return value;
}

/** @see https://github.com/brianc/node-postgres/tree/master/packages/pg-connection-string#tcp-connections */
function verifyingOnly(parameters: URLSearchParams): void {
  const mode = parameters.get('sslmode');
  // With libpq's meaning of the words, everything between `disable` and `verify-full` leaves something out.
  const isLax = parameters.get('uselibpqcompat') === 'true' && mode !== null && !/^(?:disable|verify-full)$/.test(mode);
  if (isLax || [mode, parameters.get('ssl')].includes('no-verify')) {
    throw new Error(
      'an address that verifies the server: sslmode=verify-full, with sslrootcert=FILE for a CA of your own',
    );
  }
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = parameters.get(name);
    if (file !== null) readable(file, `an address whose ${name} is a file that can be read`);
  }
}

function readable(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${what} (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

/** @returns the PEM */
function certificates(file: string): string {
  const pem = readable(file, 'the path of a file of certificates');
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error('the path of a file of certificates in PEM form (it has none)');
  try {
    for (const one of found) new X509Certificate(one);
  } catch (error) {
    throw new Error('the path of a file of certificates in PEM form (one of them cannot be read)', { cause: error });
  }
  return found.join('\n');
}

function hostPort(value: string): string {
  const [, portNumber] = /^(?:\[[0-9a-fA-F:]+\]|[^\s:/]+):(\d{1,5})$/.exec(value) ?? [];
  if (!(Number(portNumber) <= 65_535)) throw new Error('HOST:PORT, such as localhost:7233');
  return value;
}

function port(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error('a port from 0 (any free one) to 65535');
  return number;
}

function count(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new Error('a whole number from 1 to 9999');
  return Number(value);
}

/** One would wait for itself where something is read beside a transaction. */
function poolSize(value: string): number {
  const size = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (size < 2 || size > 1_000) throw new Error('a whole number from 2 to 1000');
  return size;
}

/** @returns how many a second; `null`: unlimited */
function rate(value: string): number | null {
  if (value.trim() === 'unlimited') return null;
  const [, count, unit] = /^(\d{1,6}(?:\.\d{1,3})?)\/([sm])$/.exec(value.trim()) ?? [];
  const perSecond = Number(count) / (unit === 'm' ? 60 : 1);
  if (!(perSecond > 0)) throw new Error('unlimited, or COUNT/s or COUNT/m, such as 10/s');
  return perSecond;
}

/** @returns bytes */
function size(value: string): number {
  try {
    return Math.round((maxSizeKb(value) ?? Number.NaN) * 1000);
  } catch (error) {
    throw new Error('a size of at least 1KB, such as 500MB or 4GiB', { cause: error });
  }
}

/** @returns bytes; `null` for never */
function sizeOrNever(value: string): number | null {
  if (value.trim() === 'never') return null;
  try {
    return size(value);
  } catch (error) {
    throw new Error('never, or a size of at least 1KB, such as 500MB or 4GiB', { cause: error });
  }
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Ten years: longer timers are typing mistakes, and JavaScript dates stay exact. */
const LONGEST_MS = 3650 * 86_400_000;

/** @returns milliseconds */
function duration(value: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(value.trim()) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (!(ms <= LONGEST_MS)) throw new Error('a duration such as 30s, 15m, 6h or 7d');
  return Math.round(ms);
}

/** @returns milliseconds */
function interval(value: string): number {
  const ms = duration(value);
  if (ms < 1_000) throw new Error('a duration of at least 1s');
  return ms;
}

/** @returns milliseconds; `null` for never */
function drainDelay(value: string): number {
  try {
    const ms = duration(value);
    if (ms <= 120_000) return ms;
  } catch {
    // Said below.
  }
  throw new Error('a duration of at most 2m, such as 8s');
}

function everyOrNever(value: string): number | null {
  try {
    if (value.trim() === 'never' || duration(value) === 0) return null;
    return interval(value);
  } catch (error) {
    throw new Error('never, or a duration of at least 1s, such as 7d', { cause: error });
  }
}

/** @returns milliseconds; `null` for ever */
function retention(value: string): number | null {
  if (value.trim() === 'forever') return null;
  try {
    const ms = duration(value);
    if (ms >= SHORTEST_RETENTION_MS) return ms;
  } catch {
    // Said below, with the other choice.
  }
  throw new Error('forever, or a duration of at least 1d, such as 365d');
}

/** Shorter than that, an old tip could be gone before anybody has seen that its branch was rewritten. */
const SHORTEST_RETENTION_MS = 86_400_000;

function budget(value: string): DeletionBudget {
  const [, max, window] = /^(\d{1,6})\/(.+)$/.exec(value.trim()) ?? [];
  try {
    const windowMs = duration(window ?? '');
    if (windowMs > 0) return { max: Number(max), windowMs };
  } catch {
    // Falls through to the message for the whole expression.
  }
  throw new Error('COUNT/WINDOW, such as 10/24h');
}

function oneOf(...choices: string[]): Parse {
  return (value) => {
    if (!choices.includes(value)) throw new Error(`one of ${choices.join(', ')}`);
    return value;
  };
}

/** Checked here, each by itself, so that every wrong one is reported; the text stays what it was. */
function filter(name: FilterName): Parse {
  return (value) => {
    parseFilters({ [name]: value });
    return value;
  };
}

function parentPath(value: string): string {
  const path = value.replace(/^\/+|\/+$/g, '');
  const problem = parentPathProblem(path);
  if (problem) throw new Error(`a project path on OneDev (${problem})`);
  return path;
}

function allowList(value: string): 'any' | 'github' | BlockList {
  if (value === 'any' || value === 'github') return value;
  try {
    return cidrs(value);
  } catch (error) {
    throw new Error(`any, github or ${(error as Error).message}`, { cause: error });
  }
}

function cidrs(value: string): BlockList {
  const list = new BlockList();
  const parts = value.split(/[\s,]+/).filter(Boolean);
  try {
    if (parts.length === 0) throw new Error('it names none');
    for (const part of parts) addRange(list, part);
  } catch (error) {
    throw new Error(`a list of addresses and CIDR ranges (${(error as Error).message})`, { cause: error });
  }
  return list;
}

/** It may stand in two places. */
function passwordsIn(value: string | undefined): string[] {
  if (value === undefined) return [];
  const { password, searchParams } = new URL(value);
  return [decodeURIComponent(password), searchParams.get('password') ?? ''].filter(Boolean);
}

/** For messages about addresses that may be anything but well formed. */
function withoutUserInfo(value: string): string {
  return value.replace(/:\/\/\S*@/, '://(hidden)@');
}
