import type { ShownSetting } from './api/v1/settings.ts';
import type { Config } from './config.ts';
import { createRedactor } from './domain/redaction.ts';

/** What each setting is about: the first pattern that fits its name. */
const GROUPS: [RegExp, string][] = [
  [/^GITHUB_/, 'GitHub'],
  [/^ONEDEV_/, 'OneDev'],
  [/^(?:DATABASE|TEMPORAL)_|^STARKEEP_(?:PAYLOAD_KEYS|DATA_DIR)$/, 'Postgres and Temporal'],
  [/^STARKEEP_FILTER_/, 'What is kept'],
  [/^STARKEEP_(?:UNSTAR|DELETE)_/, 'Deletions'],
  [/^STARKEEP_ALERT_/, 'Alerts'],
  [/^STARKEEP_(?:WEBHOOK|TRUSTED|HOST|PORT|ADMIN|CA_FILE|URL$|KEY$)/, 'Access'],
  [/^STARKEEP_LOG_/, 'Log'],
  [/./, 'Syncs'],
];

/** The settings as the API may show them. No secret is among them, nor in a value that is none. */
export function shownSettings({ origins, secrets }: Pick<Config, 'origins' | 'secrets'>): ShownSetting[] {
  const redact = createRedactor(secrets);
  return origins.map(({ setting: { name, meaning, secret = false }, shown, origin }) => ({
    name,
    meaning,
    secret,
    isSet: origin !== 'unset' && origin !== 'default',
    value: secret || shown === '' ? null : redact(shown),
    origin,
    group: GROUPS.find(([pattern]) => pattern.test(name))?.[1] ?? '',
  }));
}
