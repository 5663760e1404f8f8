import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { answerOf, ApiProblem, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { EXIT } from './exit-codes.ts';
import { Refusal } from './refusal.ts';
import { momentOf } from './since.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep audit`: who asked for what, what was done, and whether the log is as it was written. */

const LATEST = 50;

export interface AuditOptions {
  /** A duration or a time; without one the latest {@link LATEST} entries are shown. */
  since?: string;
  until?: string;
  actor?: string;
  /** With `*` at the end: every action that begins so. */
  action?: string;
  subject?: string;
  json?: boolean;
}

interface AuditQuery {
  since?: string;
  until?: string;
  actor?: string;
  action?: string;
  subject?: string;
}

type AuditEvent = Schemas['AuditEvent'];

/** Oldest first, so that the latest is at the prompt; with `json` one object a line, as they come, however long the log is. */
export async function listAudit(config: Config, options: AuditOptions, out: Output): Promise<void> {
  const query = queryOf(options);
  let count = 0;
  await withApi(config, async (api) => {
    for await (const event of query.since === undefined ? await latest(api, query) : everything(api, query)) {
      out.print(options.json ? JSON.stringify(event) : lineOf(event));
      count += 1;
    }
  });
  if (count === 0 && !options.json) out.print('The audit log has no such entry.');
}

async function latest(api: Client, query: AuditQuery): Promise<AuditEvent[]> {
  const { events } = await answerOf(api.GET('/audit', { params: { query: { ...query, limit: LATEST } } }));
  return events.reverse();
}

/** Line by line. @throws ApiProblem when it is refused */
async function* everything(api: Client, query: AuditQuery): AsyncGenerator<AuditEvent, void, undefined> {
  const { data, error, response } = await api.GET('/audit', {
    params: { query },
    headers: { accept: 'application/x-ndjson' },
    parseAs: 'stream',
  });
  if (!response.ok || !data) throw new ApiProblem(response.status, (error as Schemas['Problem'] | undefined) ?? null);
  const stream = Readable.fromWeb(data as ReadableStream);
  let broken: Error | null = null;
  stream.on('error', (error) => (broken = error));
  for await (const line of createInterface({ input: stream })) {
    // The last line of an answer that broke off may be half of one.
    if (line !== '' && broken === null) yield JSON.parse(line) as AuditEvent;
  }
  if (broken !== null) throw brokenOff(broken);
}

function brokenOff({ message }: Error): Refusal {
  return new Refusal(`The audit log broke off here (${message}); ask again, or for less of it.`, EXIT.unreachable);
}

/** @throws UsageError for what is no time */
function queryOf({ since, until, actor, action, subject }: AuditOptions): AuditQuery {
  return {
    ...(since === undefined ? {} : { since: momentOf('--since', since).toISOString() }),
    ...(until === undefined ? {} : { until: momentOf('--until', until).toISOString() }),
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(subject ? { subject } : {}),
  };
}

/** @throws Refusal that names the first entry that is not as it was written */
export async function verifyAudit(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const verdict = await withApi(config, (api) => answerOf(api.GET('/audit/chain')));
  if (options.json) printJson(out, verdict);
  if (!verdict.intact) {
    throw new Refusal(
      `The audit log is broken at entry ${verdict.eventId}: ${verdict.problem}. Somebody changed the database; compare with a backup: ${typed('audit --since 30d --json')}`,
    );
  }
  if (options.json) return;
  out.print(
    `The audit log is intact: ${counted(verdict.events, 'entry', 'entries')}, the last with hash ${verdict.head}`,
  );
  out.print('Noted elsewhere, that hash shows later that nothing up to it was written anew.');
}

function lineOf({ eventId, at, actor, action, subject, details }: AuditEvent): string {
  const more = Object.keys(details).length === 0 ? '' : `  ${JSON.stringify(details)}`;
  return `${eventId}  ${time(at)}  ${actor}  ${action}${subject === null ? '' : `  ${subject}`}${more}`;
}
