import type { Credential } from './github-credentials.ts';

/** The hourly budgets: requests of REST (`core`) and points of GraphQL, counted apart for everybody who asks. */

export type Resource = 'core' | 'graphql';

interface Standing {
  limit: number;
  used: number;
  /** Epoch seconds. */
  reset: number;
}

export interface StandinQuota {
  spend(who: string, resource: Resource, cost: number): void;
  /** @param exhaustedUntil epoch milliseconds until which everything counts as used up */
  standing(who: string, credential: Credential, resource: Resource, exhaustedUntil: number | null): Standing;
}

const HOUR_MS = 3_600_000;

export function createStandinQuota(): StandinQuota {
  const startedAt = Date.now();
  const used = new Map<string, number>();
  const key = (who: string, resource: Resource): string => `${resource} ${who}`;

  return {
    spend: (who, resource, cost) => void used.set(key(who, resource), (used.get(key(who, resource)) ?? 0) + cost),
    standing(who, credential, resource, exhaustedUntil) {
      const limit = credential.kind === 'anonymous' ? 60 : 5000;
      const exhausted = exhaustedUntil !== null && exhaustedUntil > Date.now();
      const hourEnd = startedAt + Math.ceil((Date.now() - startedAt + 1) / HOUR_MS) * HOUR_MS;
      return {
        limit,
        used: exhausted ? limit : Math.min(limit, used.get(key(who, resource)) ?? 0),
        reset: Math.ceil((exhausted ? exhaustedUntil : hourEnd) / 1000),
      };
    },
  };
}

export function rateHeaders(resource: Resource, { limit, used, reset }: Standing): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(limit - used),
    'x-ratelimit-used': String(used),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': resource,
  };
}

/** As `GET /rate_limit` shows it. */
export function rateObject({ limit, used, reset }: Standing): Record<string, number> {
  return { limit, used, remaining: limit - used, reset };
}
