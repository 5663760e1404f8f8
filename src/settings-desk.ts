import { ConfigError, loadConfig, type Config } from './config.ts';
import { SETTINGS } from './config/settings.ts';
import {
  type EnteredChanges,
  type EnteredProblem,
  type EnteredSetting,
  obstaclesToEntering,
  type ShownSetting,
} from './domain/entered-settings.ts';
import type { SettingsDesk } from './domain/ports.ts';
import type { EnteredSettingsStore } from './domain/service-stores.ts';
import type { Probe, ProbeName } from './domain/probes.ts';
import type { SettingChange } from './domain/seen-settings.ts';
import { shownSettings } from './shown-settings.ts';

export interface SettingsDeskOptions {
  /** As this process runs by them. */
  config: Config;
  /** Of what was entered when this process read it; `null`: it could not. */
  stamp: string | null;
  entered: EnteredSettingsStore;
  /** Tries connections by these settings. */
  probesOf: (config: Config) => Record<ProbeName, () => Promise<Probe>>;
}

/** The settings of this process, and how a person changes those that may be entered. */
export function createSettingsDesk({ config, stamp, entered, probesOf }: SettingsDeskOptions): SettingsDesk {
  const { environment } = config;
  /** @returns what it would be with these changes, or what is wrong with them */
  const considered = async (changes: EnteredChanges): Promise<{ config: Config } | { problems: EnteredProblem[] }> => {
    const { settings, unopened } = await entered.read();
    // One that cannot be opened is there all the same, and may be opened again one day.
    const closed = new Set(unopened.map(({ name }) => name));
    const now = inEffect(environment, settings).map((setting): ShownSetting => {
      return closed.has(setting.name) && setting.enterable ? { ...setting, isSet: true, origin: 'ui' } : setting;
    });
    const problems = obstaclesToEntering(changes, now);
    if (problems.length > 0) return { problems };
    try {
      return { config: loadConfig(environment, 'none', changed(settings, changes)) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { problems: error.problems.map((problem) => ({ name: nameIn(problem, changes), problem })) };
    }
  };

  return {
    lacking: config.lacking,
    whyClosed: entered.canSeal
      ? null
      : 'Settings that are entered here are sealed, and there is no key for that: set STARKEEP_SETTINGS_KEYS, the same for api and workers. `starkeep up` makes one by itself.',

    async look() {
      const { settings, stamp: newest, unopened } = await entered.read();
      return {
        settings: shownSettings(config, settings),
        isBehind: newest !== stamp,
        unopened: unopened.map(({ name }) => name),
      };
    },

    async problemsOf(changes) {
      const result = await considered(changes);
      return 'problems' in result ? result.problems : [];
    },

    async told(changes) {
      const { settings } = await entered.read();
      const now = inEffect(environment, settings);
      const of = (name: string) => now.find((one) => one.name === name);
      return Object.fromEntries(
        Object.entries(changes).map(([name, to]): [string, SettingChange] => {
          const { secret = true, isSet = false, value: from = null } = of(name) ?? {};
          if (!secret) return [name, { from, to }];
          return [name, to === null ? 'unset' : isSet ? 'changed' : 'set'];
        }),
      );
    },

    enter: (changes, by) => entered.change(changes, by),

    async probe(what, changes) {
      if (Object.keys(changes).length === 0) return { probe: await probesOf(config)[what]() };
      const result = await considered(changes);
      if ('problems' in result) return result;
      return { probe: await probesOf(result.config)[what]() };
    },
  };
}

/** The settings as they are with what was entered, whatever that is: what does not fit (any more) has to be taken back too. */
function inEffect(environment: Config['environment'], entered: readonly EnteredSetting[]): ShownSetting[] {
  return shownSettings(loadConfig(environment, 'none')).map((setting) => {
    const value = entered.find(({ name }) => name === setting.name)?.value;
    if (value === undefined || !setting.enterable) return setting;
    return { ...setting, isSet: true, origin: 'ui', value: setting.secret ? null : value };
  });
}

/** @returns what would be entered after these changes */
function changed(settings: readonly EnteredSetting[], changes: EnteredChanges): EnteredSetting[] {
  const kept = settings.filter(({ name }) => !(name in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null ? [] : [{ name, value, by: '', at: '' }],
  );
  return [...kept, ...added];
}

/** Every problem of the settings begins with the name of one, or has it in its first words. */
function nameIn(problem: string, changes: EnteredChanges): string | null {
  const named = SETTINGS.filter(({ name }) => name in changes && new RegExp(`\\b${name}\\b`).test(problem));
  const [first] = named.sort((one, other) => problem.indexOf(one.name) - problem.indexOf(other.name));
  return first?.name ?? null;
}
