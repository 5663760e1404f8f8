import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Standing } from '../../src/api/attempts.ts';
import { createRoom } from '../../src/api/room.ts';

const MB = 1024 * 1024;
const LARGE = 25 * MB;

/** A room whose guests stay until they are told to go. */
function withGuests(standings: Record<string, Standing> = {}) {
  const room = createRoom((address) => standings[address] ?? 'unknown');
  const inside = new Map<string, () => void>();
  const came: string[] = [];
  const come = (name: string, address: string, bytes = LARGE, timeoutMs = 9_000) =>
    room.hold({ bytes, address }, timeoutMs, async (leftMs) => {
      came.push(name);
      await new Promise<void>((go) => inside.set(name, go));
      inside.delete(name);
      return leftMs;
    });
  const go = async (name: string) => {
    await vi.advanceTimersByTimeAsync(0);
    inside.get(name)?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { room, come, go, came, standings };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the room', () => {
  it('has four of the largest bodies in it at once, and the next when one has gone', async () => {
    const { come, go, came } = withGuests();
    for (const name of ['1', '2', '3', '4', '5', '6']) void come(name, name);
    await vi.advanceTimersByTimeAsync(0);
    const first = [...came];

    await go('2');

    expect([first, came]).toEqual([
      ['1', '2', '3', '4'],
      ['1', '2', '3', '4', '5'],
    ]);
  });

  it('has room of its own for small bodies', async () => {
    const { come, came } = withGuests();
    for (const name of ['1', '2', '3', '4', '5']) void come(name, name);

    void come('small', 'x', 256 * 1024);
    await vi.advanceTimersByTimeAsync(0);

    expect(came).toEqual(['1', '2', '3', '4', 'small']);
  });

  it('tells whoever waited too long that there was none, and gives the place to the next', async () => {
    const { come, go, came } = withGuests();
    for (const name of ['1', '2', '3']) void come(name, name);
    void come('4', '4', 20 * MB);
    const tooLate = come('too large for what is left', 'a', 25 * MB, 1_000);
    void come('fits', 'b', 5 * MB, 5_000);

    await vi.advanceTimersByTimeAsync(1_000);

    expect([await tooLate, came]).toEqual([null, ['1', '2', '3', '4', 'fits']]);
    await go('1');
  });

  it('says how much of the time is left after waiting', async () => {
    const { come, go } = withGuests();
    for (const name of ['1', '2', '3', '4']) void come(name, name);
    const waiting = come('5', '5', LARGE, 9_000);
    await vi.advanceTimersByTimeAsync(4_000);

    await go('1');
    await go('5');

    expect(Math.round((await waiting) ?? 0)).toBe(5_000);
  });

  it('lets in first who was genuine before, then strangers, then who has failed by then', async () => {
    const { come, go, came, standings } = withGuests({ github: 'good' });
    for (const name of ['1', '2', '3', '4']) void come(name, name);
    void come('failing', 'mallory');
    void come('stranger', 'bob');
    void come('genuine', 'github');
    standings['mallory'] = 'failing';

    for (const name of ['1', '2', '3']) await go(name);

    expect(came.slice(4)).toEqual(['genuine', 'stranger', 'failing']);
  });

  it('lets in who holds less before who holds more', async () => {
    const { come, go, came } = withGuests();
    for (const name of ['1', '2', '3', '4', '5']) void come(name, 'greedy');
    void come('modest', 'bob');

    await go('1');

    expect(came.at(-1)).toBe('modest');
  });

  it('lets nobody in whose time is over, although his timer has not come yet', async () => {
    const { come, go, came } = withGuests();
    for (const name of ['1', '2', '3', '4']) void come(name, name);
    const late = come('late', 'late', LARGE, 1_000);
    void come('patient', 'patient');
    await vi.advanceTimersByTimeAsync(0);
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2_000);

    await go('1');
    now.mockRestore();

    expect(await late).toBeNull();
    expect(came).toEqual(['1', '2', '3', '4', 'patient']);
  });

  it('is given back when the work fails', async () => {
    const { room } = withGuests();
    const fail = () => room.hold({ bytes: LARGE, address: 'a' }, 1_000, () => Promise.reject(new Error('broken')));

    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, fail));

    expect(new Set(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason)))).toEqual(
      new Set(['Error: broken']),
    );
  });
});
