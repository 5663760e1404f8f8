import { text } from 'node:stream/consumers';
import type { Config } from '../config.ts';
import type { Origin, Setting } from '../config/settings.ts';
import { answerOf } from '../client/client.ts';
import type { EnteredChanges } from '../domain/entered-settings.ts';
import { shownSettings } from '../shown-settings.ts';
import { type Person, withApiFor } from './access.ts';
import { UsageError } from './refusal.ts';
import { printJson, wrapped, type Output } from './wording.ts';

/** `starkeep config`: every setting, a block each; `config set` and `config unset` enter some, as the web UI does. */

const WIDEST = 100;
const WITHOUT_TERMINAL = 80;

/** @param settingsFile the file of `--settings`, and the names that were taken from it */
export function printSettings(
  config: Config,
  settingsFile: { path: string; names: ReadonlySet<string> } | null,
  options: { json?: boolean },
  out: Output,
): void {
  if (options.json) return printJson(out, shownSettings(config));
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

export interface SettingsOptions extends Person {
  json?: boolean;
}

/**
 * @param entered.value `undefined`: it is on standard input, so that a secret stands in no list of commands
 * @throws UsageError when there is none · Refusal when it may not be entered, or does not fit
 */
export async function enterSetting(
  config: Config,
  { name, value }: { name: string; value: string | undefined },
  options: SettingsOptions,
  out: Output,
): Promise<void> {
  if (value === undefined && process.stdin.isTTY) {
    throw new UsageError(
      `Say what ${name} should be, or send it on standard input: starkeep config set ${name} < FILE`,
    );
  }
  const given = value ?? (await text(process.stdin)).replace(/\r?\n$/, '');
  if (given === '')
    throw new UsageError(`There is no value for ${name}. To take it back: starkeep config unset ${name}`);
  await change(config, { [name]: given }, options, out, `${name} is entered.`);
}

/** Also where what was entered cannot be read. @throws Refusal when one of them is no setting, or the others do not go without it */
export async function forgetSettings(
  config: Config,
  names: string[],
  options: SettingsOptions,
  out: Output,
): Promise<void> {
  const changes = Object.fromEntries(names.map((name) => [name, null]));
  await change(config, changes, options, out, `Taken back: ${names.join(', ')}.`);
}

async function change(
  config: Config,
  settings: EnteredChanges,
  options: SettingsOptions,
  out: Output,
  said: string,
): Promise<void> {
  const answer = await withApiFor(config, options, (api) => answerOf(api.POST('/settings', { body: { settings } })));
  if (options.json) printJson(out, answer);
  else out.print(`${said} A running api and worker take it over by themselves.`);
}
