import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchInbox } from '../../src/api/inbox-watch.ts';
import { Failure } from '../../src/domain/failures.ts';
import { createReceiver, createSender } from './receiver.ts';

const { model, payloads } = createSender();
const push = payloads.push(model.add({ fullName: 'ann/kept' }), { after: 'a'.repeat(40) });

/** A receiver that took a delivery while Temporal was down, and the watch over its inbox. */
async function waitingInbox() {
  const receiver = createReceiver();
  const { control, inbox } = receiver;
  control.isDown = true;
  await receiver.post(push, { 'x-github-delivery': 'guid-1' });
  receiver.logged.length = 0;
  let drained = 0;
  control.drainInbox = async () => {
    if (control.isDown) throw new Failure('TemporalUnavailable', 'Temporal: connection refused');
    drained += 1;
    await inbox.markDispatched('guid-1', 'mirror-github-1');
  };
  const watch = watchInbox(receiver.ports);
  await vi.advanceTimersByTimeAsync(0);
  return { ...receiver, watch, drained: () => drained };
}

describe('the watch over the inbox', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('drains what waits as soon as Temporal is back, and once', async () => {
    const { control, watch, drained } = await waitingInbox();
    control.isDown = false;

    await vi.advanceTimersByTimeAsync(60_000);

    expect(drained()).toBe(1);
    await watch.stop();
  });

  it('says once per outage that it cannot drain', async () => {
    const { control, watch, logged } = await waitingInbox();
    await vi.advanceTimersByTimeAsync(60_000);
    const first = logged.length;
    control.isDown = false;
    await vi.advanceTimersByTimeAsync(5_000);

    await vi.advanceTimersByTimeAsync(60_000);

    expect([first, logged]).toEqual([1, [expect.objectContaining({ msg: 'inbox cannot be drained yet' })]]);
    await watch.stop();
  });

  it('starts nothing while nothing waits', async () => {
    const { control, inbox, watch, drained } = await waitingInbox();
    await inbox.markDispatched('guid-1', 'mirror-github-1');
    control.isDown = false;

    await vi.advanceTimersByTimeAsync(60_000);

    expect(drained()).toBe(0);
    await watch.stop();
  });

  it('looks at once when it is nudged, and no more once it is stopped', async () => {
    const { control, watch, drained } = await waitingInbox();
    control.isDown = false;
    await watch.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    const whileStopped = drained();

    watch.nudge();
    await vi.advanceTimersByTimeAsync(0);

    expect([whileStopped, drained()]).toEqual([0, 1]);
  });
});
