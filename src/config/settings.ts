import { ALERT_LEVELS } from '../domain/alerts.ts';
import { parsePayloadKeys } from '../domain/payload-keys.ts';
import {
  adminKey,
  allowList,
  budget,
  certificates,
  cidrs,
  count,
  dataStream,
  databaseUrl,
  datadogUrl,
  drainDelay,
  duration,
  everyOrNever,
  filter,
  hookUrl,
  hostPort,
  interval,
  login,
  mailAddress,
  mailAddresses,
  oneOf,
  otelHeaders,
  otelPairs,
  parentPath,
  poolSize,
  port,
  privateKey,
  rate,
  ratio,
  redisUrl,
  retention,
  size,
  sizeOrNever,
  smtpUrl,
  sshUrl,
  text,
  token,
  topicUrl,
  url,
  type Parse,
} from './parsers.ts';

export interface Setting {
  name: string;
  /** As it would be typed; `null`: no default. A sentence in parentheses is computed. */
  default: string | null;
  /** One sentence for the README and `starkeep config`. */
  meaning: string;
  /** Never printed, never logged; may be given as `NAME_FILE`. */
  secret?: true;
  parse: Parse;
}

/** `ui`: entered in the web UI, or by `starkeep config set` · `derived`: it follows from another setting. */
export type Origin = 'environment' | 'file' | 'ui' | 'derived' | 'default' | 'unset';

/** A setting with what is in effect: as it would be typed, a secret hidden. */
export interface SettingInEffect {
  setting: Setting;
  shown: string;
  origin: Origin;
}

/** What a process needs to be set before it can start. */
export type Role = 'up' | 'api' | 'worker' | 'migrate' | 'none';

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

/** Of github.com; both are compared with, to derive one from the other. */
export const GITHUB_API_URL = 'https://api.github.com';
export const GITHUB_URL = 'https://github.com';

/** The one table: README, `starkeep config`, every check and the Config come from it. */
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

function row(name: string, fallback: string | null, meaning: string, parse: Parse, secret?: 'secret'): Setting {
  return { name, default: fallback, meaning, parse, ...(secret ? { secret: true as const } : {}) };
}
