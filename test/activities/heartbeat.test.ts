import { msToNumber } from '@temporalio/common/lib/time.js';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createActivities, type Activities } from '../../src/activities/index.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { CALLS } from '../../src/workflows/policy.ts';

describe('a worker that is killed', () => {
  afterEach(() => vi.useRealTimers());

  it.each(Object.keys(CALLS) as (keyof typeof CALLS)[])(
    'is noticed within a minute during a call of class %s',
    (name) => {
      const call: { startToCloseTimeout: string; heartbeatTimeout?: string } = CALLS[name];

      expect(msToNumber((call.heartbeatTimeout ?? call.startToCloseTimeout) as '1m')).toBeLessThanOrEqual(60_000);
    },
  );

  it.each(['fetchMetadata', 'verifyUnstar', 'ensureProject', 'deleteProject', 'checkAlerts'] as const)(
    'is told from one that waits: %s beats while nobody answers',
    async (name) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const beats: unknown[] = [];
      const env = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
      env.on('heartbeat', () => beats.push(null));
      let answer = (): void => undefined;
      const silence = new Promise<null>((resolve) => (answer = () => resolve(null)));
      const activity = activitiesOver(silence)[name] as (argument: unknown) => Promise<unknown>;

      const ended = env.run(activity, { mirrorId: 'github-1', deletionId: '1' }).catch(() => undefined);
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      vi.advanceTimersByTime(29_000);
      const during = beats.length;
      answer();
      await ended;
      vi.advanceTimersByTime(60_000);

      expect(during).toBeGreaterThanOrEqual(5);
      expect(beats).toHaveLength(during);
    },
  );
});

/** Over a record that does not answer before `answer`. */
function activitiesOver(answer: Promise<null>): Activities {
  const silent = new Proxy({}, { get: () => () => answer });
  const ports: Partial<ActivityPorts> = { withLogFields: (_, work) => work(), redact: (text) => text };
  const all = new Proxy(ports, { get: (known, name) => known[name as keyof ActivityPorts] ?? silent });
  return createActivities(all as ActivityPorts);
}
