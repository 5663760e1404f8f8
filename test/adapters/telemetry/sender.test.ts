import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failures.ts';
import {
  createSender,
  type DropReason,
  type Parcel,
  type Receiver,
  type SenderOptions,
  TooLarge,
  type Verdict,
} from '../../../src/adapters/telemetry/sender.ts';
import { eventually } from '../../support/eventually.ts';

type Answer = (batch: readonly Parcel[], limits: { signal: AbortSignal }) => Promise<Verdict>;

const TAKEN: Answer = async () => ({});
const AWAY: Answer = () => Promise.reject(new Failure('TelemetryUnreachable', 'connection refused'));
/** Until its time is over. */
const SILENT: Answer = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

/** A sender whose receiver answers as `receiver.answer` says, and everything that it tells. */
function startSender(options: Partial<SenderOptions> = {}, limits: Partial<Omit<Receiver, 'send'>> = {}) {
  const seen = {
    answer: TAKEN,
    taken: [] as string[],
    batches: [] as number[],
    asked: 0,
    sent: 0,
    dropped: {} as Partial<Record<DropReason, number>>,
    told: [] as string[],
  };
  const sender = createSender({
    receiver: {
      maxRecords: 100,
      maxBytes: 100_000,
      maxRecordBytes: 1_000,
      ...limits,
      async send(batch, given) {
        seen.asked += 1;
        const verdict = await seen.answer(batch, given);
        const left = new Set(verdict.again ?? []);
        seen.batches.push(batch.length);
        // Which of them it refuses makes no difference here.
        const kept = batch.filter((parcel) => !left.has(parcel)).slice(verdict.refused ?? 0);
        seen.taken.push(...kept.map(({ record }) => record));
        return verdict;
      },
    },
    lingerMs: 1,
    pauseMs: { first: 1, longest: 5 },
    closeMs: 1_000,
    onSent: (count) => (seen.sent += count),
    onDropped: (count, reason) => (seen.dropped[reason] = (seen.dropped[reason] ?? 0) + count),
    onTrouble: (reason) => seen.told.push(`trouble: ${reason}`),
    onRecovered: () => seen.told.push('recovered'),
    onRefused: (reason) => seen.told.push(`refused: ${reason}`),
    ...options,
  });
  const lost = () => Object.values(seen.dropped).reduce((sum, count) => sum + count, 0);
  return { sender, seen, lost };
}

function names(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

describe('a sender', () => {
  it('sends what it is given, in its order and in batches, and nothing twice', async () => {
    const { sender, seen } = startSender();

    for (const line of names(0, 250)) sender.write(line);
    await eventually(() => seen.sent === 250);

    expect(seen.taken).toEqual(names(0, 250));
    expect(Math.max(...seen.batches)).toBe(100);
    expect(sender.state()).toEqual({ waiting: 0, waitingBytes: 0 });
    await sender.close();
  });

  it('does nothing of its work while somebody writes: no batch is made, nothing is sent', async () => {
    const { sender, seen } = startSender();

    for (const line of names(0, 5_000)) sender.write(line);

    expect(seen.asked).toBe(0);
    expect(sender.state().waiting).toBe(5_000);
    await sender.close();
    expect(seen.sent).toBe(5_000);
  });

  it('has one batch under way at most, however slowly it is answered', async () => {
    const { sender, seen } = startSender({ closeMs: 10 });
    seen.answer = SILENT;

    for (const line of names(0, 1_000)) sender.write(line);
    await eventually(() => seen.asked === 1);
    for (const line of names(1_000, 2_000)) sender.write(line);
    await new Promise((resolve) => setImmediate(resolve));

    expect(seen.asked).toBe(1);
    expect(sender.state().waiting).toBe(2_000);
    await sender.close();
    expect(seen.dropped).toEqual({ shutdown: 2_000 });
  });

  it('keeps no more than its bound while the receiver is away, drops the oldest, and counts exactly', async () => {
    const bufferBytes = 200_000;
    const { sender, seen, lost } = startSender({ bufferBytes, pauseMs: { first: 1, longest: 1 } });
    seen.answer = AWAY;

    let highest = 0;
    for (let at = 0; at < 100_000; at += 1) {
      sender.write(`line ${at}`);
      highest = Math.max(highest, sender.state().waitingBytes);
      if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const waiting = sender.state().waiting;
    expect(seen.sent + lost() + waiting).toBe(100_000);
    expect(highest).toBeLessThanOrEqual(bufferBytes);

    seen.answer = TAKEN;
    await eventually(() => sender.state().waiting === 0);
    expect(seen.sent + lost()).toBe(100_000);
    expect(seen.dropped).toEqual({ buffer_full: 100_000 - seen.sent });
    // What came last is there.
    expect(seen.taken.at(-1)).toBe('line 99999');
    expect(seen.taken).toEqual(names(100_000 - seen.sent, 100_000));
    await sender.close();
  });

  it('says once that the receiver is away, and once that it is back', async () => {
    const { sender, seen } = startSender();
    seen.answer = AWAY;
    sender.write('one');
    await eventually(() => seen.asked > 3);
    seen.answer = TAKEN;
    await eventually(() => seen.sent === 1);
    sender.write('two');
    await eventually(() => seen.sent === 2);

    expect(seen.told).toEqual(['trouble: connection refused', 'recovered']);
    await sender.close();
  });

  it('waits as long as it is asked to', async () => {
    const { sender, seen } = startSender({ closeMs: 1_000 });
    seen.answer = () => Promise.reject(new Failure('TelemetryUnreachable', '429', { retryAfterMs: 3_600_000 }));

    sender.write('one');
    await eventually(() => seen.told.length === 1);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));

    expect(seen.asked).toBe(1);
    seen.answer = TAKEN;
    // The end of the process is a last try, whatever was asked.
    await sender.close();
    expect(seen.taken).toEqual(['one']);
  });

  it('sends again what was put off, and only that', async () => {
    const { sender, seen } = startSender();
    let first = true;
    seen.answer = async (batch) => {
      if (!first) return {};
      first = false;
      return { again: batch.filter(({ id }) => id % 2 === 0), reason: 'busy' };
    };

    for (const line of names(0, 6)) sender.write(line);
    await eventually(() => seen.sent === 6);

    expect([...seen.taken].sort()).toEqual(names(0, 6));
    expect(seen.told).toEqual(['trouble: busy', 'recovered']);
    await sender.close();
  });

  it('counts what is refused, says so once, and goes on', async () => {
    const { sender, seen } = startSender({}, { maxRecords: 2 });
    seen.answer = async () => ({ refused: 1, reason: 'mapping' });

    for (const line of names(0, 6)) sender.write(line);
    await eventually(() => sender.state().waiting === 0);

    expect(seen.dropped).toEqual({ refused: 3 });
    expect(seen.sent).toBe(3);
    expect(seen.told).toEqual(['refused: mapping']);
    await sender.close();
  });

  it('sends smaller batches to whoever finds one too large, and drops what is too large by itself', async () => {
    const { sender, seen } = startSender();
    seen.answer = async (batch) => {
      if (batch.length > 3 || batch.some(({ record }) => record === 'line 7')) throw new TooLarge('413');
      return {};
    };

    for (const line of names(0, 16)) sender.write(line);
    await eventually(() => sender.state().waiting === 0);

    expect(seen.taken).toEqual(names(0, 16).filter((line) => line !== 'line 7'));
    expect(seen.dropped).toEqual({ refused: 1 });
    expect(seen.told).toEqual(['refused: 413']);
    await sender.close();
  });

  it('drops a record that nobody would take', async () => {
    const { sender, seen } = startSender();

    sender.write('x'.repeat(1_001));
    sender.write('x'.repeat(1_000));
    await sender.close();

    expect(seen.dropped).toEqual({ too_large: 1 });
    expect(seen.sent).toBe(1);
  });

  it('sends all that waits when it is closed, and counts what comes later', async () => {
    const { sender, seen } = startSender({ lingerMs: 3_600_000 });
    for (const line of names(0, 350)) sender.write(line);

    await Promise.all([sender.close(), sender.close()]);
    sender.write('late');

    expect(seen.sent).toBe(350);
    expect(seen.dropped).toEqual({ shutdown: 1 });
  });

  it('gives up at its end what a receiver that is away does not take, after one more try', async () => {
    const { sender, seen } = startSender({ pauseMs: { first: 3_600_000, longest: 3_600_000 } });
    seen.answer = AWAY;
    for (const line of names(0, 350)) sender.write(line);
    await eventually(() => seen.asked === 1);

    await sender.close();

    expect(seen.asked).toBe(2);
    expect(seen.dropped).toEqual({ shutdown: 350 });
    expect(sender.state()).toEqual({ waiting: 0, waitingBytes: 0 });
  });

  it('works for itself, not in the name of whoever wrote', async () => {
    const whose = new AsyncLocalStorage<string>();
    const { sender, seen } = startSender();
    const seenIn: (string | undefined)[] = [];
    seen.answer = async () => (seenIn.push(whose.getStore()), {});

    whose.run('github-1', () => sender.write('one'));
    await eventually(() => seen.sent === 1);

    expect(seenIn).toEqual([undefined]);
    await sender.close();
  });
});
