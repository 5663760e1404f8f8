import type { Config } from './config.ts';
import { ENTERABLE, type EnteredSetting, type ShownSetting } from './domain/entered-settings.ts';
import { createRedactor } from './domain/redaction.ts';

/** What each setting is about: the first pattern that fits its name. */
const GROUPS: [RegExp, string][] = [
  [/^GITHUB_/, 'GitHub'],
  [/^ONEDEV_/, 'OneDev'],
  [/^(?:DATABASE|TEMPORAL)_|^STARKEEP_(?:PAYLOAD_KEYS|DATA_DIR|TEMPORAL_UI_URL)$/, 'Postgres and Temporal'],
  [/^STARKEEP_FILTER_/, 'What is kept'],
  [/^STARKEEP_(?:UNSTAR|DELETE)_/, 'Deletions'],
  [/^STARKEEP_ALERT_/, 'Alerts'],
  [/^STARKEEP_(?:WEBHOOK|TRUSTED|HOST|PORT|ADMIN|SETTINGS|CA_FILE|URL$|KEY$)/, 'Access'],
  [/^STARKEEP_LOG_|^OTEL_/, 'Log and traces'],
  [/./, 'Syncs'],
];

/**
 * The settings as the API may show them. No secret is among them, nor in a value that is none.
 * @param entered by whom and when, of those that are in effect
 */
export function shownSettings(
  { origins, secrets }: Pick<Config, 'origins' | 'secrets'>,
  entered: readonly EnteredSetting[] = [],
): ShownSetting[] {
  const redact = createRedactor(secrets);
  return origins.map(({ setting: { name, meaning, default: fallback, secret = false }, shown, origin }) => {
    const by = origin === 'ui' ? entered.find((one) => one.name === name) : undefined;
    return {
      name,
      meaning,
      secret,
      isSet: origin !== 'unset' && origin !== 'default',
      value: secret || shown === '' ? null : redact(shown),
      default: fallback,
      origin,
      group: GROUPS.find(([pattern]) => pattern.test(name))?.[1] ?? '',
      enterable: ENTERABLE.has(name) && origin !== 'environment' && origin !== 'file',
      entered: by ? { by: by.by, at: by.at } : null,
    };
  });
}
