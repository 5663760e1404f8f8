import type { Config, Origin, Setting } from '../config.ts';
import { shownSettings } from '../shown-settings.ts';
import { printJson, wrapped, type Output } from './wording.ts';

/** `starkeep config`: every setting, a block each. */

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
