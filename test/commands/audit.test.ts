import { describe, expect, inject, it } from 'vitest';
import { withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';
import { devServerEnvironment } from '../support/temporal.ts';

const store = withStore();
const temporal = devServerEnvironment();

const starkeep = (...args: string[]) =>
  run(args, {
    DATABASE_URL: store.database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
  });

const pause = (subject: string) =>
  store.audit.append({ actor: 'ann', action: 'mirror.pause', subject, details: { reason: 'just so' } });

describe('audit', () => {
  it('prints the latest entries, the last at the end', async () => {
    await pause('github-1');
    const { eventId } = await pause('github-2');

    const { code, stdout } = await starkeep('audit');

    const lines = stdout.trim().split('\n').slice(-2);
    expect(code).toBe(0);
    expect(lines[0]).toContain('ann  mirror.pause  github-1  {"reason":"just so"}');
    expect(lines[1]).toMatch(new RegExp(`^${eventId}  .* UTC  ann  mirror\\.pause  github-2 `));
  });

  it('prints one JSON object a line, from a time on', async () => {
    const event = await pause('github-3');

    const { stdout } = await starkeep('audit', '--since', '1h', '--json');

    const lines = stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual(event);
  });

  it('says what is wrong with a time', async () => {
    const { code, stderr } = await starkeep('audit', '--since', 'yesterday');

    expect([code, stderr]).toEqual([2, expect.stringContaining('--since must be a duration such as') as string]);
  });

  it('verify says that the log is whole, or names the first broken entry', async () => {
    const { eventId, hash } = await pause('github-4');
    const whole = await starkeep('audit', 'verify');
    await store.db.query('alter table audit_events disable trigger audit_events_no_change');
    await store.db.query(`update audit_events set actor = 'bob' where event_id = ${eventId}`);

    const broken = await starkeep('audit', 'verify');

    await store.db.query(`update audit_events set actor = 'ann' where event_id = ${eventId}`);
    await store.db.query('alter table audit_events enable always trigger audit_events_no_change');
    expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining(`the last with hash ${hash}`) as string]);
    expect([broken.code, broken.stderr]).toEqual([
      1,
      expect.stringContaining(`broken at entry ${eventId}: it is not as it was written`) as string,
    ]);
  });

  it('has the replay of a delivery, by whom', async () => {
    await store.deliveries.take({
      guid: 'guid-9',
      hookId: null,
      bodySha256: 'x',
      event: 'push',
      action: null,
      repoId: '730001',
      fullName: 'ada/engine',
      correlationId: 'guid-9',
      repoEvent: {
        kind: 'changed',
        trigger: 'webhook',
        repoId: '730001',
        fullName: 'ada/engine',
        correlationId: 'guid-9',
        deliveryId: 'guid-9',
      },
      ignoredReason: null,
    });

    const { code } = await starkeep('replay', 'guid-9', '--by', 'ann');

    expect(code).toBe(0);
    expect(await store.audit.read({ limit: 1 })).toMatchObject([
      { actor: 'ann', action: 'delivery.replay', subject: 'guid-9', details: { fullName: 'ada/engine' } },
    ]);
  });
});
