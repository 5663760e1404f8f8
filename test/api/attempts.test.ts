import { describe, expect, it } from 'vitest';
import { createAttempts } from '../../src/api/attempts.ts';

/** Failed attempts, with a clock that stands still until it is moved. */
function withClock() {
  let nowMs = 1_000_000;
  return { attempts: createAttempts(() => nowMs), pass: (ms: number) => (nowMs += ms) };
}

describe('failed attempts', () => {
  it('are answered ever more slowly, up to two seconds', () => {
    const { attempts } = withClock();

    const pauses = Array.from({ length: 8 }, () => attempts.failed('192.0.2.1').pauseMs);

    expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  });

  it('of one address do not slow another', () => {
    const { attempts } = withClock();
    attempts.failed('192.0.2.1');

    expect(attempts.failed('192.0.2.2').pauseMs).toBe(50);
  });

  it('are forgotten after a quarter of an hour', () => {
    const { attempts, pass } = withClock();
    attempts.failed('192.0.2.1');
    pass(15 * 60_000);

    expect(attempts.failed('192.0.2.1').pauseMs).toBe(50);
  });

  it('are news once a minute and address', () => {
    const { attempts, pass } = withClock();

    const told = [0, 1_000, 58_999, 1, 1_000].map((ms) => (pass(ms), attempts.failed('192.0.2.1').isNews));

    expect(told).toEqual([true, false, false, true, false]);
  });

  it('of a hundred thousand addresses are a hundred news a minute, and ten thousand are remembered', () => {
    const { attempts } = withClock();
    attempts.failed('the first');

    const news = Array.from({ length: 100_000 }, (_, n) => attempts.failed(`a-${n}`)).filter(({ isNews }) => isNews);

    expect(news).toHaveLength(99);
    expect(attempts.failed('the first').pauseMs).toBe(50);
    expect(attempts.failed('a-99999').pauseMs).toBe(100);
  });
});

describe('the standing of an address', () => {
  it('is unknown, failing for a quarter of an hour after a failure, and unknown again', () => {
    const { attempts, pass } = withClock();
    const standings = [attempts.standing('192.0.2.1')];
    attempts.failed('192.0.2.1');
    standings.push(attempts.standing('192.0.2.1'), attempts.standing('192.0.2.2'));
    pass(15 * 60_000);

    expect([...standings, attempts.standing('192.0.2.1')]).toEqual(['unknown', 'failing', 'unknown', 'unknown']);
  });

  it('is good for a day once it was let in, whatever fails from there', () => {
    const { attempts, pass } = withClock();
    attempts.succeeded('192.0.2.1');
    attempts.failed('192.0.2.1');
    const standings = [attempts.standing('192.0.2.1')];
    pass(24 * 3_600_000 - 1);
    standings.push(attempts.standing('192.0.2.1'));
    pass(1);

    expect([...standings, attempts.standing('192.0.2.1')]).toEqual(['good', 'good', 'unknown']);
  });

  it('is one for a whole /64', () => {
    const { attempts } = withClock();
    attempts.failed('2001:db8:1:2::1');

    expect([attempts.standing('2001:db8:1:2:ffff::9'), attempts.standing('2001:db8:1:3::1')]).toEqual([
      'failing',
      'unknown',
    ]);
  });
});
