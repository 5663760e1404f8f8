/** Settings as the audit log compares them: those of this start with those of the last one of the same role. */

/** A setting as it is in effect. */
export interface EffectiveSetting {
  name: string;
  /** As text; of a secret the secret itself, which is never kept. `null`: not set. */
  value: string | null;
  secret: boolean;
}

/** As it is kept: values as they are, secrets as fingerprints. */
export type SeenSettings = Record<string, string>;

/** Old and new value; of a secret only what became of it. */
export type SettingChange = { from: string | null; to: string | null } | 'set' | 'unset' | 'changed';

/** @returns what differs, by name; a name that only one of the two has was unset before, or is now */
export function settingChanges(
  before: SeenSettings,
  now: SeenSettings,
  isSecret: (name: string) => boolean,
): Record<string, SettingChange> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const changes = names.flatMap((name): [string, SettingChange][] => {
    const [from, to] = [before[name] ?? null, now[name] ?? null];
    if (from === to) return [];
    if (!isSecret(name)) return [[name, { from, to }]];
    return [[name, from === null ? 'set' : to === null ? 'unset' : 'changed']];
  });
  return Object.fromEntries(changes);
}
