import { randomUUID } from 'node:crypto';
import { createAlertChannels } from '../adapters/alerts/channels.ts';
import { createAlertStore } from '../adapters/postgres/alerts.ts';
import { ConfigError, type Config } from '../config.ts';
import type { AlertView } from '../domain/alerts.ts';
import { toFailure } from '../domain/failures.ts';
import { testNotice } from '../domain/probes.ts';
import { createRedactor } from '../domain/redaction.ts';
import { USER_AGENT } from '../version.ts';
import { withDatabase } from './installation.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, wrapped, type Output } from './wording.ts';

/** `starkeep alerts`: what a person should know of, and whether the channels work. */

const LATEST = 100;
const PAGE = 500;
const WITHOUT_TERMINAL = 100;

export async function listAlerts(
  config: Config,
  options: { all?: boolean; json?: boolean },
  out: Output,
): Promise<void> {
  const found = await withDatabase(config, (db) => {
    const alerts = createAlertStore(db);
    return options.all ? alerts.page({ before: null, limit: LATEST, openOnly: false }) : everyOpen(alerts);
  });
  if (options.json) return out.print(JSON.stringify(found, null, 2));
  if (found.length === 0) return out.print(options.all ? 'There has been no alert.' : 'No alert is open.');
  // Oldest first, so that the latest is at the prompt.
  for (const alert of found.reverse()) out.print(`${blockOf(alert, out.width ?? WITHOUT_TERMINAL).join('\n')}\n`);
  const open = found.filter(({ clearedAt }) => clearedAt === null).length;
  out.print(
    options.all ? `${counted(found.length, 'alert')}, ${open} of them open.` : `${counted(open, 'alert')} open.`,
  );
}

async function everyOpen(alerts: ReturnType<typeof createAlertStore>): Promise<AlertView[]> {
  const found: AlertView[] = [];
  for (;;) {
    const page = await alerts.page({ before: found.at(-1)?.alertId ?? null, limit: PAGE, openOnly: true });
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

function blockOf(alert: AlertView, width: number): string[] {
  const { level, kind, summary, advice, command, raisedAt, clearedAt, clearedWhy, undelivered } = alert;
  const since = `since ${time(new Date(raisedAt))}`;
  const until = clearedAt === null ? since : `${since}, over ${time(new Date(clearedAt))}: ${clearedWhy ?? ''}`;
  const lines = (label: string, text: string) =>
    wrapped(text, Math.max(40, width - label.length)).map((line, index) =>
      index === 0 ? `${label}${line}` : `${' '.repeat(label.length)}${line}`,
    );
  return [
    `${clearedAt === null ? level : 'over'}  ${kind}  ${until}`,
    ...lines('  ', summary),
    ...(clearedAt === null
      ? [...lines('  What to do: ', advice), `  See: ${typed(command.replace(/^starkeep /, ''))}`]
      : []),
    ...undelivered.flatMap(({ channel, reason }) =>
      lines('  ', `Not delivered to ${channel} yet${reason === null ? '' : `: ${reason}`}`),
    ),
  ];
}

/** @throws ConfigError when none is set up · Refusal when one did not take it */
export async function testAlerts(config: Config, out: Output): Promise<void> {
  const channels = createAlertChannels(config.alerts, USER_AGENT);
  if (channels.length === 0) {
    throw new ConfigError([
      'No channel for alerts is set up: set STARKEEP_ALERT_URL, STARKEEP_ALERT_SLACK_URL, STARKEEP_ALERT_NTFY_URL or STARKEEP_ALERT_SMTP_URL.',
    ]);
  }
  const redact = createRedactor(config.secrets);
  const outcomes = await Promise.all(
    channels.map(async (channel) => {
      try {
        await channel.send([testNotice(channel.name, randomUUID(), new Date().toISOString())]);
        return { name: channel.name, trouble: null };
      } catch (error) {
        const { kind, message, row } = toFailure(error);
        return { name: channel.name, trouble: redact(`${message} (${kind}). ${row.hint}`) };
      }
    }),
  );
  for (const { name, trouble } of outcomes)
    out.print(`${name.padEnd(8)} ${trouble === null ? 'sent' : `FAILED: ${trouble}`}`);
  const failed = outcomes.filter(({ trouble }) => trouble !== null).length;
  if (failed > 0) throw new Refusal(`${failed} of ${counted(channels.length, 'channel')} did not take the test.`);
}
