/** Settings that a person entered in the web UI, or by `starkeep config set`. The environment wins over them. */

export interface EnteredSetting {
  name: string;
  /** As it would be typed. */
  value: string;
  /** Who entered it. */
  by: string;
  /** ISO time. */
  at: string;
}

/** What is entered from now on, by name; `null` takes it back. */
export type EnteredChanges = Record<string, string | null>;

/**
 * What may be entered. The rest stays with whoever starts the processes: where the record and Temporal are, who gets in and from where, keys that seal
 * something, and whatever names a file of this machine.
 */
export const ENTERABLE: ReadonlySet<string> = new Set([
  'GITHUB_TOKEN',
  'GITHUB_LOGIN',
  'GITHUB_API_URL',
  'GITHUB_URL',
  'GITHUB_WEBHOOK_SECRET',
  'GITHUB_WEBHOOK_SECRET_PREVIOUS',
  'ONEDEV_URL',
  'ONEDEV_TOKEN',
  'ONEDEV_PARENT',
  'STARKEEP_TEMPORAL_UI_URL',
  'STARKEEP_RECONCILE_EVERY',
  'STARKEEP_UNSTAR_POLICY',
  'STARKEEP_UNSTAR_GRACE',
  'STARKEEP_DELETE_BUDGET',
  'STARKEEP_REWRITE_POLICY',
  'STARKEEP_DRIFT_EVERY',
  'STARKEEP_DRIFT_POLICY',
  'STARKEEP_ARCHIVE_RETENTION',
  'STARKEEP_HISTORY_RETENTION',
  'STARKEEP_TRANSFER',
  'STARKEEP_STAGE_ABOVE',
  'STARKEEP_LFS',
  'STARKEEP_LFS_MAX_SIZE',
  'STARKEEP_TRANSFER_SLOTS',
  'STARKEEP_FILTER_LANGUAGES',
  'STARKEEP_FILTER_TOPICS',
  'STARKEEP_FILTER_MIN_STARS',
  'STARKEEP_FILTER_MAX_SIZE',
  'STARKEEP_FILTER_ARCHIVED',
  'STARKEEP_FILTER_FORKS',
  'STARKEEP_FILTER_INCLUDE',
  'STARKEEP_FILTER_EXCLUDE',
  'STARKEEP_LOG_LEVEL',
  'STARKEEP_ALERT_URL',
  'STARKEEP_ALERT_SECRET',
  'STARKEEP_ALERT_SLACK_URL',
  'STARKEEP_ALERT_NTFY_URL',
  'STARKEEP_ALERT_NTFY_TOKEN',
  'STARKEEP_ALERT_SMTP_URL',
  'STARKEEP_ALERT_MAIL_FROM',
  'STARKEEP_ALERT_MAIL_TO',
  'STARKEEP_ALERT_LEVEL',
]);

/** Without these nothing can be mirrored. Of GitHub's two one is enough. */
export const NEEDED_TO_MIRROR = ['GITHUB_TOKEN', 'GITHUB_LOGIN', 'ONEDEV_URL', 'ONEDEV_TOKEN'] as const;

/** Which secrets are sent to an address: whoever could change the one and keep the other would have the secret sent to himself. */
export const SENT_TO: Readonly<Record<string, readonly string[]>> = {
  GITHUB_API_URL: ['GITHUB_TOKEN', 'GITHUB_APP_PRIVATE_KEY'],
  GITHUB_URL: ['GITHUB_TOKEN', 'GITHUB_APP_PRIVATE_KEY'],
  ONEDEV_URL: ['ONEDEV_TOKEN'],
  STARKEEP_ALERT_NTFY_URL: ['STARKEEP_ALERT_NTFY_TOKEN'],
};

/** A setting of a process as it may be shown. */
export interface ShownSetting {
  name: string;
  meaning: string;
  secret: boolean;
  isSet: boolean;
  /** Of a secret `null`, whatever it is. */
  value: string | null;
  /** As it would be typed; `null`: there is none. */
  default: string | null;
  /** `file`: of NAME_FILE · `ui`: it was entered · `derived`: it follows from another setting. */
  origin: 'environment' | 'file' | 'ui' | 'derived' | 'default' | 'unset';
  group: string;
  /** It may be entered, as things are: where the environment sets it, that wins. */
  enterable: boolean;
  /** By whom and when (ISO time), where that is its origin. */
  entered: { by: string; at: string } | null;
}

/** What is wrong with one of the changes, in a sentence that says what to do. */
export interface EnteredProblem {
  /** `null`: with the settings as they would be together. */
  name: string | null;
  problem: string;
}

/**
 * What forbids these changes, whatever their values are: the name, who else has set it, and a secret that would go where it was not meant to.
 * @param inEffect every setting as it is before the change
 */
export function obstaclesToEntering(
  changes: EnteredChanges,
  inEffect: readonly Pick<ShownSetting, 'name' | 'value' | 'origin'>[],
): EnteredProblem[] {
  const settings = new Map(inEffect.map((setting) => [setting.name, setting]));
  return Object.entries(changes).flatMap(([name, value]): EnteredProblem[] => {
    const setting = settings.get(name);
    if (!setting) return [{ name, problem: `${name} is not a setting of Starkeep.` }];
    if (!ENTERABLE.has(name)) {
      return [{ name, problem: `${name} is set where Starkeep is started: in its environment or settings file.` }];
    }
    const { origin } = setting;
    if (value !== null && (origin === 'environment' || origin === 'file')) {
      return [
        {
          name,
          problem: `${name} is set in the environment of Starkeep, which wins. Change it there, or unset it there first.`,
        },
      ];
    }
    if (value === setting.value || (value === null && origin !== 'ui')) return [];
    return (SENT_TO[name] ?? []).flatMap((secret) => strayed(name, secret, changes, settings.get(secret)));
  });
}

/** An address changes; does a secret that somebody gave for the one before follow it? */
function strayed(
  name: string,
  secret: string,
  changes: EnteredChanges,
  now: Pick<ShownSetting, 'origin'> | undefined,
): EnteredProblem[] {
  if (!now || now.origin === 'unset' || now.origin === 'default' || changes[secret] !== undefined) return [];
  const problem =
    now.origin === 'ui'
      ? `${secret} would be sent to another address. Enter it again together with ${name}.`
      : `${secret} is set in the environment of Starkeep and would be sent to another address. Set ${name} there too.`;
  return [{ name, problem }];
}
