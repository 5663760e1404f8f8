import type { AlertNotice } from './alerts.ts';
import { toFailure } from './failures.ts';
import type { AlertChannel, SourceHost, SourceStars } from './ports.ts';
import type { Redact } from './redaction.ts';

/** Trying a connection, so that a person sees whether a setting is right before anything depends on it. */

export const PROBES = ['github', 'onedev', 'alerts'] as const;

export type ProbeName = (typeof PROBES)[number];

export interface Probe {
  ok: boolean;
  facts: { name: string; value: string }[];
  /** What is wrong, in a sentence; `null` when nothing is. */
  problem: string | null;
  whatToDo: string | null;
}

/** @returns what a failed probe says: the facts that were found before it failed, and the failure's own advice */
async function probed(redact: Redact, look: (facts: Probe['facts']) => Promise<void>): Promise<Probe> {
  const facts: Probe['facts'] = [];
  try {
    await look(facts);
    return { ok: true, facts, problem: null, whatToDo: null };
  } catch (error) {
    const { message, row } = toFailure(error);
    return { ok: false, facts, problem: redact(message), whatToDo: row.hint };
  }
}

export interface ProbedSource extends Pick<SourceHost, 'account' | 'tokenExpiresAt'>, SourceStarsProbed {
  /** What a classic token may do; `null`: it does not say, as fine-grained ones; `undefined`: nothing was answered yet. */
  tokenScopes(): string[] | null | undefined;
}

type SourceStarsProbed = Pick<SourceStars, 'canSweep' | 'sweepPage' | 'limits'>;

export function probeGithub(source: ProbedSource, redact: Redact): Promise<Probe> {
  return probed(redact, async (facts) => {
    const { login } = await source.account();
    facts.push({ name: 'login', value: login });
    const scopes = source.tokenScopes();
    if (scopes) facts.push({ name: 'scopes', value: scopes.length === 0 ? 'none' : scopes.join(', ') });
    if (source.canSweep)
      facts.push({ name: 'token ends', value: source.tokenExpiresAt() ?? 'never, as far as GitHub says' });
    else facts.push({ name: 'token', value: 'none: only public stars are seen, and nothing can be proven unstarred' });
    if (source.canSweep) facts.push({ name: 'stars', value: String((await source.sweepPage(null)).total) });
    const limits = source.limits();
    if (limits) facts.push({ name: 'requests left this hour', value: String(limits.remaining) });
  });
}

/** What a person wants to know of the target. */
export interface ProbedTarget {
  version(): Promise<string>;
  checkToken(): Promise<{ scope: 'user' | 'scoped'; name: string | null }>;
  /** Where mirrors go, and whether it is there yet. */
  parent(): Promise<{ path: string; exists: boolean }>;
}

/** @param target `null`: this process was not told how to reach it */
export async function probeOnedev(target: ProbedTarget | null, redact: Redact): Promise<Probe> {
  if (target === null) {
    const problem = 'ONEDEV_URL or ONEDEV_TOKEN is not set.';
    return { ok: false, facts: [], problem, whatToDo: 'Set both, also for the api, and start it again.' };
  }
  const probe = await probed(redact, async (facts) => {
    facts.push({ name: 'version', value: await target.version() });
    const { scope, name } = await target.checkToken();
    facts.push({ name: 'token', value: name === null ? 'has rights on some projects only' : `acts as ${name}` });
    const { path, exists } = await target.parent();
    facts.push({ name: 'project of the mirrors', value: exists ? path : `${path}, which is not there yet` });
    const may = scope === 'user' || exists;
    facts.push({ name: 'may create projects', value: may ? 'as far as OneDev lets its owner' : 'not at the root' });
  });
  const cannotBegin = probe.ok && probe.facts.some(({ value }) => value === 'not at the root');
  if (!cannotBegin) return probe;
  return {
    ...probe,
    ok: false,
    problem: 'The project the mirrors live under is not there, and this token cannot make it.',
    whatToDo: 'Make the project ONEDEV_PARENT on OneDev and give the token rights on it, or use a token of a user.',
  };
}

/** Sends each channel a notice that says it is a test. */
export async function probeAlerts(
  channels: AlertChannel[],
  redact: Redact,
  noticeFor: (channel: string) => AlertNotice,
): Promise<Probe> {
  if (channels.length === 0) {
    return {
      ok: false,
      facts: [],
      problem: 'No channel for alerts is set up.',
      whatToDo: 'Set STARKEEP_ALERT_URL, STARKEEP_ALERT_SLACK_URL, STARKEEP_ALERT_NTFY_URL or STARKEEP_ALERT_SMTP_URL.',
    };
  }
  const outcomes = await Promise.all(
    channels.map(async (channel) => ({
      name: channel.name,
      probe: await probed(redact, () => channel.send([noticeFor(channel.name)])),
    })),
  );
  const facts = outcomes.map(({ name, probe }) => ({
    name,
    value: probe.ok ? 'sent' : `failed: ${probe.problem ?? ''}`,
  }));
  const failed = outcomes.filter(({ probe }) => !probe.ok);
  const [first] = failed;
  if (!first) return { ok: true, facts, problem: null, whatToDo: null };
  const names = failed.map(({ name }) => name).join(', ');
  return { ok: false, facts, problem: `Not everything was sent: ${names}.`, whatToDo: first.probe.whatToDo };
}

/** @param id so that receivers that tell repeats apart take it */
export function testNotice(channel: string, id: string, raisedAt: string): AlertNotice {
  return {
    id: `${id}.test`,
    transition: 'test',
    alert: {
      alertId: '0',
      kind: 'mirror_failed',
      level: 'info',
      subject: 'test',
      fullName: null,
      summary: `This is a test of the channel ${channel}: nothing has happened.`,
      advice: 'Nothing. Alerts will look like this one.',
      command: 'starkeep alerts',
      raisedAt,
      clearedAt: null,
      clearedWhy: null,
    },
  };
}
