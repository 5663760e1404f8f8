import { closest } from 'fastest-levenshtein';
import { NEEDED_TO_MIRROR, SENT_TO } from '../domain/entered-settings.ts';
import { FilterError } from '../domain/filters.ts';
import { withoutUserInfo } from './parsers.ts';
import { GITHUB_API_URL, SETTINGS, type Role, type Setting, type SettingInEffect } from './settings.ts';

/** What can be wrong with settings, in whole sentences that say what to do. */

/** Of a setting that was entered in the web UI. */
export function takeBack(name: string): string {
  return `It was entered in the web UI; \`starkeep config unset ${name}\` takes it back.`;
}

/** A filter's error names setting, word and place by itself. */
export function problemOf(setting: Setting, given: string, error: Error): string {
  if (error instanceof FilterError) return error.message;
  return `${setting.name} must be ${error.message}${setting.secret ? '' : `, but is "${withoutUserInfo(given)}"`}.`;
}

/** A misspelt variable would be ignored silently, and a mirror that is quietly configured wrong is worse than none. */
export function unknownNames(environment: Record<string, string | undefined>): string[] {
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
export function missingServers(role: Role, given: ReadonlySet<string>): string[] {
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
export function notGiven(given: ReadonlySet<string>): string[] {
  const account =
    'Neither GITHUB_TOKEN nor GITHUB_LOGIN is set: set the token of the person whose stars are mirrored, or a login whose public stars are.';
  return [
    ...(given.has('GITHUB_TOKEN') || given.has('GITHUB_LOGIN') ? [] : [account]),
    ...['ONEDEV_URL', 'ONEDEV_TOKEN'].filter((name) => !given.has(name)).map(isNotSet),
  ];
}

/** Where nothing at all is set, the web UI leads through it. Who has set a part of it, and not the rest, has forgotten something. */
export function mayLack(given: ReadonlySet<string>): boolean {
  return !NEEDED_TO_MIRROR.some((name) => given.has(name));
}

function isNotSet(name: string): string {
  return `${name} is not set: ${SETTINGS.find((setting) => setting.name === name)?.meaning}.`;
}

export function incomplete(given: ReadonlySet<string>): string[] {
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
export function strayed(origins: readonly SettingInEffect[]): string[] {
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
export function withoutRedis(values: ReadonlyMap<string, unknown>): string[] {
  if (values.get('STARKEEP_CACHE') !== 'redis' || values.has('REDIS_URL')) return [];
  return ['STARKEEP_CACHE=redis needs REDIS_URL.'];
}

/** GitHub Enterprise Server's `/meta` has no address ranges, so there would be nothing to compare with. */
export function withoutRanges(values: ReadonlyMap<string, unknown>): string[] {
  const apiUrl = values.get('GITHUB_API_URL');
  if (values.get('STARKEEP_WEBHOOK_ALLOW') !== 'github' || apiUrl === undefined || apiUrl === GITHUB_API_URL) return [];
  return ['STARKEEP_WEBHOOK_ALLOW=github works with github.com only; name the addresses of your server instead.'];
}

/** Switches by which other programs stop verifying whom they talk to. Ours would obey some and not others, and a token would go to anybody. */
export function unverified(environment: Record<string, string | undefined>): string[] {
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
