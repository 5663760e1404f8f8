import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';

const driftOf = (environment: Record<string, string>) => loadConfig(environment, 'none').drift;

describe('drift settings', () => {
  it('repair once a week by default', () => {
    expect(driftOf({})).toEqual({ everyMs: 7 * 86_400_000, policy: 'repair' });
  });

  it.each(['never', '0s', '0d'])('%s turns the check off', (text) => {
    expect(driftOf({ STARKEEP_DRIFT_EVERY: text }).everyMs).toBeNull();
  });

  it.each(['sometimes', '0.5s', '-1d', '7'])('%s is refused with what it may be', (text) => {
    expect(() => driftOf({ STARKEEP_DRIFT_EVERY: text })).toThrow(
      `STARKEEP_DRIFT_EVERY must be never, or a duration of at least 1s, such as 7d, but is "${text}".`,
    );
  });

  it('only report when told to, and do nothing else', () => {
    expect(driftOf({ STARKEEP_DRIFT_POLICY: 'report' }).policy).toBe('report');
    expect(() => driftOf({ STARKEEP_DRIFT_POLICY: 'ignore' })).toThrow('one of repair, report');
  });
});
