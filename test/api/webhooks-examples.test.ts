import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { USED_EVENTS } from '../../src/api/github-events.ts';
import { createReceiver, OWN_ID, signed } from './receiver.ts';

/** Real payloads of github.com and of five releases of GitHub Enterprise Server, from @octokit/webhooks-examples. */
interface Example {
  server: string;
  event: string;
  payload: { action?: string; repository?: { id: number; full_name: string }; sender?: { id: number } };
}

const examples = readExamples();
const used = examples.filter(({ event }) => (USED_EVENTS as readonly string[]).includes(event));
const unused = examples.filter((example) => !used.includes(example));

describe("GitHub's own examples", () => {
  it('are there for every event we use', () => {
    const events = new Set(used.filter(({ server }) => server === 'api.github.com').map(({ event }) => event));

    expect([...events].sort()).toEqual([...USED_EVENTS].sort());
  });

  it.each(used)('$event ($payload.action, $server) is accepted, or ignored for a reason of ours', async (example) => {
    const { event, payload } = example;
    const senderId = event === 'star' ? String(payload.sender?.id) : OWN_ID;
    const account = { accountId: `github-${senderId}`, externalId: senderId, login: 'example' };
    const { app, control } = createReceiver({ accounts: { current: async () => account, save: async () => account } });

    const response = await app.request('/webhooks/github', {
      method: 'POST',
      ...signed(payload, { 'x-github-event': event }),
    });

    const informs = event === 'ping' || event === 'meta';
    expect([response.status, await response.json()]).toEqual([
      informs ? 200 : 202,
      informs
        ? { ignored: expect.any(String) as string }
        : expect.objectContaining({ delivery: expect.any(String) as string }),
    ]);
    expect(control.events.map(({ repoId, fullName }) => ({ repoId, fullName }))).toEqual(
      informs ? [] : [{ repoId: String(payload.repository?.id), fullName: payload.repository?.full_name }],
    );
  });

  it('of events we do not use are ignored, all of them', async () => {
    const { post, control, inbox } = createReceiver();

    const answers = new Set<string>();
    for (const { event, payload } of unused) {
      const response = await post(payload, { 'x-github-event': event });
      answers.add(`${response.status} ${event === (await reasonOf(response)) ? 'its event is not used' : 'else'}`);
    }

    expect(answers).toEqual(new Set(['200 its event is not used']));
    expect([inbox.rows.size, control.events]).toEqual([unused.length, []]);
  });

  it.each(USED_EVENTS)('of other events we use are refused under the header %s', async (header) => {
    const { post, control } = createReceiver();

    const statuses = new Set<number>();
    for (const { payload } of used.filter(({ event }) => event !== header)) {
      statuses.add((await post(payload, { 'x-github-event': header })).status);
    }

    expect([statuses, control.events]).toEqual([new Set([400]), []]);
  });

  it('of any event under any header we use never end in an error of ours', async () => {
    const { post } = createReceiver();

    const statuses = new Set<number>();
    for (const header of USED_EVENTS) {
      for (const { payload } of unused) statuses.add((await post(payload, { 'x-github-event': header })).status);
    }

    expect([...statuses].filter((status) => ![200, 202, 400].includes(status))).toEqual([]);
  });
});

async function reasonOf(response: Response): Promise<string | undefined> {
  const { ignored } = (await response.json()) as { ignored: string };
  return /^the event (\w+) is not used$/.exec(ignored)?.[1];
}

function readExamples(): Example[] {
  const folder = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
  const servers = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return servers.flatMap(({ name: server }) => {
    const events = JSON.parse(readFileSync(join(folder, server, 'index.json'), 'utf8')) as {
      name: string;
      examples: Example['payload'][];
    }[];
    return events.flatMap(({ name, examples }) => examples.map((payload) => ({ server, event: name, payload })));
  });
}
