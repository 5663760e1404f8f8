import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi, withApiFor, type Person } from './access.ts';
import { EXIT } from './exit-codes.ts';
import { everyEntry, PAGE } from './pages.ts';
import { paint, toneOf } from './paint.ts';
import { Refusal } from './refusal.ts';
import { counted, printJson, time, typed, wrapped, type Output } from './wording.ts';

/** `starkeep alerts`: what a person should know of, and whether the channels work. */

const LATEST = 100;
const WITHOUT_TERMINAL = 100;

export async function listAlerts(
  config: Config,
  options: { all?: boolean; json?: boolean },
  out: Output,
): Promise<void> {
  const found = await withApi(config, (api) => (options.all ? latest(api) : everyOpen(api)));
  if (options.json) return printJson(out, found);
  if (found.length === 0) return out.print(options.all ? 'There has been no alert.' : 'No alert is open.');
  // Oldest first, so that the latest is at the prompt.
  for (const alert of found.reverse()) out.print(`${blockOf(alert, out.width ?? WITHOUT_TERMINAL, out).join('\n')}\n`);
  const open = found.filter(({ clearedAt }) => clearedAt === null).length;
  out.print(
    options.all ? `${counted(found.length, 'alert')}, ${open} of them open.` : `${counted(open, 'alert')} open.`,
  );
}

async function latest(api: Client): Promise<Schemas['Alert'][]> {
  const query = { state: 'all' as const, limit: LATEST };
  return (await answerOf(api.GET('/alerts', { params: { query } }))).alerts;
}

function everyOpen(api: Client): Promise<Schemas['Alert'][]> {
  return everyEntry(async (cursor) => {
    const { alerts, next } = await answerOf(api.GET('/alerts', { params: { query: { limit: PAGE, ...cursor } } }));
    return { entries: alerts, next };
  });
}

function blockOf(alert: Schemas['Alert'], width: number, out: Output): string[] {
  const { level, kind, summary, advice, command, raisedAt, clearedAt, clearedWhy, undelivered } = alert;
  const since = `since ${time(raisedAt)}`;
  const until = clearedAt === null ? since : `${since}, over ${time(clearedAt)}: ${clearedWhy ?? ''}`;
  const lines = (label: string, text: string) =>
    wrapped(text, Math.max(40, width - label.length)).map((line, index) =>
      index === 0 ? `${label}${line}` : `${' '.repeat(label.length)}${line}`,
    );
  return [
    `${clearedAt === null ? paint(out, toneOf(level), level) : 'over'}  ${kind}  ${until}`,
    ...lines('  ', summary),
    ...(clearedAt === null
      ? [...lines('  What to do: ', advice), `  See: ${typed(command.replace(/^starkeep /, ''))}`]
      : []),
    ...undelivered.flatMap(({ channel, reason }) =>
      lines('  ', `Not delivered to ${channel} yet${reason === null ? '' : `: ${reason}`}`),
    ),
  ];
}

/** @throws Refusal when none is set up, or one did not take it */
export async function testAlerts(config: Config, options: Person & { json?: boolean }, out: Output): Promise<void> {
  const probe = await withApiFor(config, options, (api) =>
    answerOf(api.POST('/settings/test', { body: { what: 'alerts' } })),
  );
  const { ok, facts, problem, whatToDo } = probe;
  if (options.json) printJson(out, probe);
  else {
    const tone = (value: string) => (value === 'sent' ? 'good' : 'bad');
    for (const { name, value } of facts) out.print(`${name.padEnd(8)} ${paint(out, tone(value), value)}`);
  }
  if (ok) return;
  const says = [problem, whatToDo].filter((text) => text !== null).join(' ');
  throw new Refusal(says, facts.length === 0 ? EXIT.usage : EXIT.failed);
}
