import { UsageError } from './refusal.ts';

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What `--since` says. @returns milliseconds @throws ConfigError for what is no duration */
export function sinceMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (count === undefined || unitMs === undefined) {
    throw new UsageError(`--since must be a duration such as 30m, 2h or 7d, but is "${text}".`);
  }
  return Number(count) * unitMs;
}
