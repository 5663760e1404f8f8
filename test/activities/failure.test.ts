import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { toApplicationFailure } from '../../src/activities/failure.ts';
import { Failure, FAILURE_KINDS, failureRow } from '../../src/domain/failures.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { failureOf, transferDouble, withWorld } from './world.ts';

const redact = createRedactor(['hunter2-hunter2']);

function translated(error: unknown): ApplicationFailure {
  const failure = toApplicationFailure(error, redact);
  if (!(failure instanceof ApplicationFailure)) throw failure;
  return failure;
}

describe('a failure as Temporal gets it', () => {
  it.each(FAILURE_KINDS)('has the kind as its type, and the table decides about trying again: %s', (kind) => {
    const { retry, benign } = failureRow(kind);

    const failure = translated(new Failure(kind, 'it happened'));

    expect(failure).toMatchObject({
      type: kind,
      message: 'it happened',
      nonRetryable: retry === 'never',
      details: [{ retry, retryAfterMs: null }],
      category: benign ? ApplicationFailureCategory.BENIGN : undefined,
    });
    expect(failure.nextRetryDelay).toBeUndefined();
  });

  it('is benign where waiting is expected', () => {
    expect(translated(new Failure('SourceRateLimited', 'wait')).category).toBe(ApplicationFailureCategory.BENIGN);
    expect(translated(new Failure('TargetError', 'broken')).category).not.toBe(ApplicationFailureCategory.BENIGN);
  });

  it.each([0, 1_500, 30_000])('waits as long as the other side asks: %i ms', (retryAfterMs) => {
    expect(translated(new Failure('SourceRateLimited', 'wait', { retryAfterMs }))).toMatchObject({
      nextRetryDelay: retryAfterMs,
      nonRetryable: false,
      details: [{ retryAfterMs }],
    });
  });

  it.each([30_001, 3_600_000])('hands a wait of %i ms to the workflow, where people see it', (retryAfterMs) => {
    expect(translated(new Failure('SourceRateLimited', 'wait', { retryAfterMs }))).toMatchObject({
      nonRetryable: true,
      details: [{ retry: 'later', retryAfterMs }],
    });
  });

  it.each<[string, unknown, string]>([
    ['a bug', new TypeError('x is undefined'), 'x is undefined'],
    ['something that is no error', 'a string', 'a string'],
  ])('is Unexpected, and tried again, for %s', (_, error, message) => {
    expect(translated(error)).toMatchObject({ type: 'Unexpected', message, nonRetryable: false });
  });

  it('has no secret in its words, its stack or its cause', () => {
    const cause = new Error('sent hunter2-hunter2');
    const error = new Failure('TargetError', 'OneDev said https://ann:hunter2-hunter2@onedev.test/ is wrong', {
      cause,
    });

    const failure = translated(error);

    expect(failure.message).toContain('OneDev said https://');
    expect(`${failure.message} ${failure.stack} ${JSON.stringify(failure)}`).not.toContain('hunter2');
    expect(failure.cause).toBeUndefined();
  });

  it('has no secret in its words when that secret lies across the cut', () => {
    const message = `${'x'.repeat(1_990)} hunter2-hunter2`;

    expect(translated(new Failure('TargetError', message)).message).not.toContain('hunter2');
  });

  it('is short enough for a history', () => {
    expect(translated(new Failure('TransferFailed', 'x'.repeat(100_000))).message).toHaveLength(2_000);
  });

  it('passes a cancellation, and what is translated already, as it is', () => {
    const cancelled = new CancelledFailure('stop');
    const already = ApplicationFailure.create({ type: 'TargetError', message: 'no' });

    expect(toApplicationFailure(cancelled, redact)).toBe(cancelled);
    expect(toApplicationFailure(already, redact)).toBe(already);
  });
});

describe('every activity', () => {
  const world = withWorld();
  const ids = { mirrorId: 'github-7', correlationId: 'delivery-1' } as const;
  const attempt = { trigger: 'webhook', attempt: 1, startedAt: '2026-01-01T00:00:00.000Z' } as const;
  const ask = { ...ids, repoId: '7', fullName: 'ada/engine', claims: 'nothing', requested: false } as const;

  /** A port of which every method throws. */
  function broken<T extends object>(): T {
    const boom = () => Promise.reject(new Error(`it knows ${world.github.token} and ${world.onedev.token}`));
    return new Proxy({} as T, { get: () => boom });
  }

  it.each([
    ['fetchMetadata', ask],
    ['ensureProject', ids],
    ['transfer', { ...ids, force: false }],
    ['record', { kind: 'failed', ...ids, ...attempt }],
    ['verifyUnstar', ids],
    ['deleteProject', { ...ids, deletionId: '1', approvedBy: null }],
    ['readStars', { correlationId: 'c', cursor: null }],
    ['dispatchDeliveries', undefined],
  ] as const)('%s leaves with a kind, without a token in failure or log', async (name, argument) => {
    const activities = world.activities({
      source: broken(),
      target: broken(),
      transfer: broken(),
      accounts: broken(),
      mirrors: broken(),
      record: broken(),
      deletions: broken(),
      deliveries: broken(),
      control: broken(),
    });

    const failure = await failureOf(world.run(activities[name] as (argument: unknown) => Promise<unknown>, argument));

    expect(failure).toMatchObject({ type: 'Unexpected', message: 'it knows [redacted] and [redacted]' });
    const said = `${failure.stack} ${world.logged.join()}`;
    expect(said).toContain('activity failed');
    expect(said).not.toContain(world.github.token);
    expect(said).not.toContain(world.onedev.token);
  });

  it('logs a failure with what it was about: mirror, correlation, attempt, kind', async () => {
    const repository = await world.mirror('ada/engine');
    const port = transferDouble(() => Promise.reject(new Failure('DiskFull', 'no space')));
    const { transfer } = world.activities({ transfer: port });
    const mirrorId = `github-${repository.id}` as const;

    await failureOf(world.environment(2).run(transfer, { mirrorId, correlationId: 'delivery-9', force: false }));

    const lines = world.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ message }) => message === 'activity failed')).toMatchObject({
      level: 'WARN',
      activity: 'transfer',
      mirrorId,
      correlationId: 'delivery-9',
      attempt: 2,
      kind: 'DiskFull',
      reason: 'no space',
    });
  });

  it('waits out GitHub’s secondary limit by the time GitHub names', async () => {
    world.star('ada/engine');
    world.github.switches.secondaryLimit = { status: 403, retryAfterSeconds: 12 };

    const failure = await failureOf(world.run(world.activities().fetchMetadata, ask));

    expect(failure).toMatchObject({
      type: 'SourceRateLimited',
      nonRetryable: false,
      nextRetryDelay: 12_000,
      category: ApplicationFailureCategory.BENIGN,
    });
  });

  it('hands a used-up hour to the workflow', async () => {
    world.star('ada/engine');
    world.github.switches.primaryLimitUntil = Date.now() + 1_800_000;

    const failure = await failureOf(world.run(world.activities().fetchMetadata, ask));

    expect(failure).toMatchObject({ type: 'SourceRateLimited', nonRetryable: true });
    const [details] = failure.details as [{ retry: string; retryAfterMs: number }];
    expect(details.retry).toBe('later');
    expect(details.retryAfterMs).toBeGreaterThan(1_790_000);
  });
});
