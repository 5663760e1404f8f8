import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAlertStore } from '../../src/adapters/postgres/alerts.ts';
import { withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';
import { startReceiver, type MessageReceiver } from '../support/receiver.ts';

const store = withStore();
const starkeep = (args: string[], environment: Record<string, string> = {}) =>
  run(args, { DATABASE_URL: store.database.url, ...environment });

const raise = (subject = 'github-1') =>
  createAlertStore(store.db, { channels: ['slack'], atLeast: 'info' }).raise(store.account.accountId, {
    kind: 'mirror_failed',
    subject,
    fullName: 'ada/engine',
    summary: 'ada/engine is not mirrored: every name is taken',
    advice: 'Rename one of them.',
    command: 'starkeep show ada/engine',
  });

describe('alerts', () => {
  it('says that nothing is open', async () => {
    const { code, stdout } = await starkeep(['alerts']);

    expect([code, stdout]).toEqual([0, 'No alert is open.\n']);
  });

  it('prints what happened, what to do, what to type, and which channel has not heard', async () => {
    await raise();
    const [due] = await store.alerts.due('slack', 1, null);
    await store.alerts.noteTrouble([due?.messageId ?? ''], 'https://chat answered 404');

    const { code, stdout } = await starkeep(['alerts']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^error {2}mirror_failed {2}since .* UTC$/m);
    expect(stdout).toContain('  ada/engine is not mirrored: every name is taken\n  What to do: Rename one of them.');
    expect(stdout).toContain('  See: npx starkeep show ada/engine');
    expect(stdout).toContain('  Not delivered to slack yet: https://chat answered 404');
    expect(stdout).toMatch(/1 alert open\.\n$/);
  });

  it('has history with --all, and JSON for programs', async () => {
    await raise();
    const because = 'it is mirrored again';
    await store.alerts.clear(store.account.accountId, { kind: 'mirror_failed', subject: 'github-1', because });

    const [open, all] = await Promise.all([starkeep(['alerts', '--json']), starkeep(['alerts', '--all'])]);

    expect(JSON.parse(open.stdout)).toEqual([]);
    expect(all.stdout).toMatch(/^over {2}mirror_failed .*: it is mirrored again$/m);
    expect(all.stdout).toContain('1 alert, 0 of them open.');
  });
});

describe('alerts test', () => {
  let good: MessageReceiver;
  let bad: MessageReceiver;

  beforeEach(async () => {
    [good, bad] = await Promise.all([startReceiver(), startReceiver()]);
    bad.status = 404;
  });

  afterEach(() => Promise.all([good.close(), bad.close()]));

  it('sends one message through every channel and says that it was taken', async () => {
    const { code, stdout } = await run(['alerts', 'test', '--by', 'ann'], {
      DATABASE_URL: store.database.url,
      STARKEEP_ALERT_URL: good.url,
      STARKEEP_ALERT_SECRET: 'hush-hush',
      STARKEEP_ALERT_SLACK_URL: `${good.url}/slack`,
    });

    expect([code, stdout]).toEqual([0, 'webhook  sent\nslack    sent\n']);
    expect(good.got.map(({ body }) => body)).toContainEqual(expect.stringContaining('"event":"test"') as string);
    expect(good.got).toHaveLength(2);
  });

  it('says which one did not, and why, and fails', async () => {
    const { code, stdout, stderr } = await run(['alerts', 'test', '--by', 'ann'], {
      DATABASE_URL: store.database.url,
      STARKEEP_ALERT_URL: good.url,
      STARKEEP_ALERT_SLACK_URL: `${bad.url}/secret-path`,
    });

    expect(code).toBe(1);
    expect(stdout).toMatch(/^webhook {2}sent$/m);
    expect(stdout).toMatch(/^slack {4}failed: .* answered 404/m);
    expect(stderr).toContain('Not everything was sent: slack.');
    expect(stdout + stderr).not.toContain('secret-path');
  });

  it('says that none is set up', async () => {
    const { code, stderr } = await run(['alerts', 'test'], { DATABASE_URL: store.database.url });

    expect([code, stderr]).toEqual([2, expect.stringContaining('Set STARKEEP_ALERT_URL') as string]);
  });
});
