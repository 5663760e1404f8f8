import { UsageError } from './refusal.ts';

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What `--since` says. @returns milliseconds @throws ConfigError for what is no duration */
export function sinceMs(text: string): number {
  const ms = durationMs(text);
  if (ms === null) throw new UsageError(`--since must be a duration such as 30m, 2h or 7d, but is "${text}".`);
  return ms;
}

/** What `--since` or `--until` says: so long ago, or a time. @throws ConfigError for what is neither */
export function momentOf(option: string, text: string): Date {
  const ms = durationMs(text);
  if (ms !== null) return new Date(Date.now() - ms);
  const at = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at.getTime())) return at;
  throw new UsageError(
    `${option} must be a duration such as 30m, 2h or 7d, or a time such as 2026-11-23 or 2026-11-23T14:25:30Z, but is "${text}".`,
  );
}

function durationMs(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return count === undefined || unitMs === undefined ? null : Number(count) * unitMs;
}
