import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMailChannel } from '../../../src/adapters/alerts/mail.ts';
import { createNtfyChannel } from '../../../src/adapters/alerts/ntfy.ts';
import { createSlackChannel } from '../../../src/adapters/alerts/slack.ts';
import { createWebhookChannel } from '../../../src/adapters/alerts/webhook.ts';
import type { AlertNotice } from '../../../src/domain/alerts.ts';
import type { AlertChannel } from '../../../src/domain/ports.ts';
import { startReceiver, type MessageReceiver } from '../../support/receiver.ts';

const notice = (changes: Partial<AlertNotice['alert']> = {}, id = 'uid-1.raised'): AlertNotice => ({
  id,
  transition: 'raised',
  alert: {
    alertId: '1',
    kind: 'mirror_failed',
    level: 'error',
    subject: 'github-42',
    fullName: 'ada/engine',
    summary: 'ada/engine is not mirrored: déjà vu',
    advice: 'Mend it.',
    command: 'starkeep show ada/engine',
    raisedAt: '2026-11-25T11:00:00.000Z',
    clearedAt: null,
    clearedWhy: null,
    ...changes,
  },
});

const kindOf = (sent: Promise<void>) =>
  sent.then(
    () => 'sent',
    (error: { kind?: string }) => error.kind,
  );

let receiver: MessageReceiver;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(() => receiver.close());

const last = () => receiver.got.at(-1);

describe('the webhook', () => {
  const channel = (secret?: string) =>
    createWebhookChannel({ url: `${receiver.url}/hook`, secret, userAgent: 'starkeep-test' });

  it('gets JSON with the alert and its id, signed over the raw body', async () => {
    await channel('hush-hush').send([notice()]);

    const { path, headers, body } = receiver.got[0] ?? { path: '', headers: {}, body: '' };
    const expected = createHmac('sha256', 'hush-hush').update(body).digest('hex');
    expect(path).toBe('/hook');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-starkeep-delivery': 'uid-1.raised',
      'x-starkeep-event': 'raised',
      'x-starkeep-signature-256': `sha256=${expected}`,
    });
    expect(JSON.parse(body)).toMatchObject({
      id: 'uid-1.raised',
      event: 'raised',
      alert: { kind: 'mirror_failed', summary: 'ada/engine is not mirrored: déjà vu' },
    });
  });

  it('is not signed without a secret', async () => {
    await channel().send([notice()]);

    expect(last()?.headers).not.toHaveProperty('x-starkeep-signature-256');
  });
});

describe('Slack', () => {
  it('gets a text in which nothing of a server’s makes a link or a mention', async () => {
    const slack = createSlackChannel({ url: `${receiver.url}/services/T/B/x?y=z`, userAgent: 'starkeep-test' });

    await slack.send([notice({ summary: 'it said <!channel> & <https://evil.example|click>' })]);

    const { text: said } = JSON.parse(last()?.body ?? '') as { text: string };
    expect(last()?.path).toBe('/services/T/B/x?y=z');
    expect(said).toContain('&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;');
    expect(said).not.toMatch(/[<>]/);
  });
});

describe('ntfy', () => {
  const channel = (token?: string) =>
    createNtfyChannel({ url: `${receiver.url}/my-topic`, token, userAgent: 'starkeep-test' });

  it('gets the topic, a title in any language, and a priority by level', async () => {
    await channel('tk_secret').send([notice()]);

    expect(last()).toMatchObject({ path: '/', headers: { authorization: 'Bearer tk_secret' } });
    expect(JSON.parse(last()?.body ?? '')).toMatchObject({
      topic: 'my-topic',
      title: 'Starkeep: [error] ada/engine is not mirrored: déjà vu',
      priority: 4,
    });
  });

  it('gets no more bytes than it takes, and no half character', async () => {
    const many = Array.from({ length: 10 }, () => notice({ summary: 'ü'.repeat(600) }));

    await channel().send(many);

    const { message } = JSON.parse(last()?.body ?? '') as { message: string };
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_000);
    expect(message).toMatch(/ü…$/);
  });
});

describe('every channel over HTTP', () => {
  const channels = (): AlertChannel[] => [
    createWebhookChannel({ url: `${receiver.url}/private-path`, secret: undefined, userAgent: 'x' }),
    createSlackChannel({ url: `${receiver.url}/private-path`, userAgent: 'x' }),
    createNtfyChannel({ url: `${receiver.url}/private-path`, token: 'tk_private', userAgent: 'x' }),
  ];

  it.each([
    [204, 'sent'],
    [302, 'AlertRefused'],
    [404, 'AlertRefused'],
    [429, 'AlertUnreachable'],
    [503, 'AlertUnreachable'],
  ])('takes an answer of %i as %s', async (status, expected) => {
    receiver.status = status;
    receiver.headers = { location: '/elsewhere' };

    const outcomes = await Promise.all(channels().map((channel) => kindOf(channel.send([notice()]))));

    expect(outcomes).toEqual([expected, expected, expected]);
  });

  it('says when to try again, where it was told', async () => {
    receiver.status = 429;
    receiver.headers = { 'retry-after': '7' };

    for (const channel of channels()) {
      await expect(channel.send([notice()])).rejects.toMatchObject({ retryAfterMs: 7_000 });
    }
  });

  it('that does not answer is unreachable, and its address and token are not repeated', async () => {
    await receiver.down();

    for (const channel of channels()) {
      const failure = await channel.send([notice()]).catch((error: Error) => error);
      expect(failure).toMatchObject({ kind: 'AlertUnreachable' });
      expect((failure as Error).message).not.toMatch(/private/);
    }
  });
});

describe('mail', () => {
  interface Mail {
    to: string[];
    source: string;
  }

  const mails: Mail[] = [];
  let server: SMTPServer;
  let port = 0;
  let refuseRecipients: number | null = null;

  const listen = async () => {
    server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      authOptional: true,
      onAuth: ({ username, password }, _, done) =>
        password === 'right p@ss' ? done(null, { user: username }) : done(new Error('no such user')),
      onRcptTo: (_, __, done) =>
        refuseRecipients === null ? done() : done(Object.assign(new Error('no'), { responseCode: refuseRecipients })),
      onData: (stream, session, done) => {
        void text(stream).then((source) => {
          mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), source });
          done();
        });
      },
    });
    // What a client that is refused does to the connection is no error of the server's.
    server.on('error', () => undefined);
    const listening = server.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    port = (listening.address() as AddressInfo).port;
  };
  const unlisten = () => new Promise<void>((resolve) => server.close(() => resolve()));

  beforeEach(async () => {
    mails.length = 0;
    refuseRecipients = null;
    await listen();
  });

  afterEach(unlisten);

  const channel = (userInfo = '') =>
    createMailChannel({
      smtpUrl: `smtp://${userInfo}127.0.0.1:${port}`,
      from: 'starkeep@example.org',
      to: ['ann@example.org', 'bob@example.org'],
    });

  it('comes to everybody, with what happened as its subject and an id that stays the same', async () => {
    await channel('ann:right%20p%40ss@').send([notice({ summary: 'ada/engine is not mirrored' })]);

    const [mail] = mails;
    expect(mail?.to).toEqual(['ann@example.org', 'bob@example.org']);
    expect(mail?.source).toMatch(/^Subject: Starkeep: \[error\] ada\/engine is not mirrored\r$/m);
    expect(mail?.source).toMatch(/^Message-ID: <uid-1\.raised@example\.org>\r$/m);
    expect(mail?.source).toContain('What to do: Mend it.');
  });

  it('cannot be made to have another header by what a server said', async () => {
    await channel().send([notice({ summary: 'x\r\nBcc: eve@example.org' })]);

    const [headers] = mails[0]?.source.split('\r\n\r\n') ?? [];
    expect(headers).toContain('Subject: Starkeep: [error] x Bcc: eve@example.org');
    expect(headers).not.toMatch(/^Bcc:/m);
    expect(mails[0]?.to).toEqual(['ann@example.org', 'bob@example.org']);
  });

  it('that the server refuses is refused; a mailbox that is full may pass', async () => {
    refuseRecipients = 550;
    const refused = await kindOf(channel().send([notice()]));
    refuseRecipients = 452;
    const full = await kindOf(channel().send([notice()]));

    expect([refused, full]).toEqual(['AlertRefused', 'AlertUnreachable']);
  });

  it('with a wrong password fails without a word of it', async () => {
    const failure = await channel('ann:wrong-secret@')
      .send([notice()])
      .catch((error: Error) => error);

    expect(failure).toMatchObject({ kind: 'AlertUnreachable' });
    expect((failure as Error).message).not.toContain('wrong-secret');
  });

  it('waits for a server that is down, and is sent when it is up', async () => {
    await unlisten();
    const down = await kindOf(channel().send([notice()]));
    await listen();

    expect([down, await kindOf(channel().send([notice()]))]).toEqual(['AlertUnreachable', 'sent']);
  });
});
