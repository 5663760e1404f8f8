import { text } from 'node:stream/consumers';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import { createEnteredSettings } from '../adapters/postgres/entered-settings.ts';
import { loadConfig, type Config, type Origin, type Setting } from '../config.ts';
import { audited } from '../domain/audit.ts';
import type { EnteredChanges } from '../domain/entered-settings.ts';
import { settingsKeysOf } from '../entered-settings.ts';
import { createSettingsDesk } from '../settings-desk.ts';
import { withDatabase } from './installation.ts';
import { Refusal, UsageError } from './refusal.ts';
import { wrapped, type Output } from './wording.ts';

/** `starkeep config`: every setting, a block each; `config set` and `config unset` enter some, as the web UI does. */

const WIDEST = 100;
const WITHOUT_TERMINAL = 80;

/** @param settingsFile the file of `--settings`, and the names that were taken from it */
export function printSettings(
  config: Config,
  settingsFile: { path: string; names: ReadonlySet<string> } | null,
  out: Output,
): void {
  const width = Math.min(out.width ?? WITHOUT_TERMINAL, WIDEST);
  const source = (setting: Setting, origin: Origin) => {
    const given = origin === 'file' ? `${setting.name}_FILE` : setting.name;
    const inFile = settingsFile?.names.has(given) ? `--settings ${settingsFile.path}` : null;
    if (origin === 'environment') return inFile ?? origin;
    if (origin === 'ui') return 'entered in the web UI, or by `starkeep config set`';
    return origin === 'file' ? `${given}, ${inFile ?? 'environment'}` : origin;
  };
  const blocks = config.origins.map(({ setting, shown, origin }) => {
    return [
      `${setting.name} = ${oneLine(shown)}`,
      `  from: ${source(setting, origin)}`,
      ...wrapped(setting.meaning, width - 2).map((line) => `  ${line}`),
    ].join('\n');
  });
  out.print(blocks.join('\n\n'));
}

function oneLine(shown: string): string {
  const [first = '', ...more] = shown.trim().split(/\r?\n/);
  return more.length > 0 ? `${first} … (${more.length + 1} lines)` : first || '–';
}

type Environment = Record<string, string | undefined>;

/**
 * @param value `undefined`: it is on standard input, so that a secret stands in no list of commands
 * @throws UsageError when there is none · Refusal when it may not be entered, or does not fit
 */
export async function enterSetting(
  environment: Environment,
  name: string,
  value: string | undefined,
  by: string,
  out: Output,
): Promise<void> {
  if (value === undefined && process.stdin.isTTY) {
    throw new UsageError(`Say what ${name} should be, or send it on standard input: … | starkeep config set ${name}`);
  }
  const given = value ?? (await text(process.stdin)).replace(/\r?\n$/, '');
  if (given === '')
    throw new UsageError(`There is no value for ${name}. To take it back: starkeep config unset ${name}`);
  await change(environment, { [name]: given }, by);
  out.print(`${name} is entered. A running api and worker take it over by themselves.`);
}

/** Also where what was entered cannot be read. @throws Refusal when it is no setting, or does without it what may not be */
export async function forgetSettings(
  environment: Environment,
  names: string[],
  by: string,
  out: Output,
): Promise<void> {
  await change(environment, Object.fromEntries(names.map((name) => [name, null])), by);
  out.print(`Taken back: ${names.join(', ')}.`);
}

async function change(environment: Environment, changes: EnteredChanges, by: string): Promise<void> {
  const config = loadConfig(environment, 'none');
  await withDatabase(config, async (db) => {
    const entered = createEnteredSettings(db, await settingsKeysOf(config));
    const desk = createSettingsDesk({ environment, config, stamp: null, entered, probesOf: notAsked });
    const entering = Object.values(changes).some((value) => value !== null);
    if (entering && desk.whyClosed !== null) throw new Refusal(desk.whyClosed);
    const problems = await desk.problemsOf(changes);
    if (problems.length > 0) throw new Refusal(problems.map(({ problem }) => problem).join('\n'));
    const details = { changed: await desk.told(changes) };
    const entry = { actor: by, action: 'settings.enter', subject: null, details };
    await audited(createAuditStore(db), entry, () => desk.enter(changes, by));
  });
}

const notAsked = () => {
  throw new Error('entering a setting tries no connection');
};
