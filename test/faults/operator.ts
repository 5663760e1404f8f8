import type { Database } from '../../src/adapters/postgres/database.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { Kept } from './upstream.ts';

/** The person who pauses, resumes and approves, by API, and says it again until it was heard. */
export interface Operator {
  pause(kept: Kept): Promise<void>;
  resume(kept: Kept): Promise<void>;
  /** As soon as its deletion is pending. */
  approveDeletion(kept: Kept): Promise<void>;
  stop(): void;
}

const PAUSE_MS = 500;

export function createOperator(options: { apiUrl: string; key: string; db: Database }): Operator {
  const { apiUrl, key, db } = options;
  let stopped = false;

  async function until(holds: () => Promise<boolean>): Promise<void> {
    // Whatever is away now comes back: then it is said again.
    while (!stopped && !(await holds().catch(() => false))) await new Promise((wake) => setTimeout(wake, PAUSE_MS));
  }

  async function row({ repository }: Kept): Promise<Record<string, unknown> | undefined> {
    const [found] = await db.query('select status, paused from mirrors where mirror_id = $1', [
      mirrorIdOf(repository.id),
    ]);
    return found;
  }

  /** @returns whether it was heard: 202, or 409 when it is so already */
  async function say({ repository }: Kept, what: string): Promise<boolean> {
    const response = await fetch(`${apiUrl}/api/v1/mirrors/${mirrorIdOf(repository.id)}/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(15_000),
    });
    await response.arrayBuffer();
    return response.status === 202 || response.status === 409;
  }

  return {
    async pause(kept) {
      await until(async () => (await row(kept))?.['status'] === 'completed');
      await until(() => say(kept, 'pause'));
      // What is only on its way to being paused cannot be resumed.
      await until(async () => (await row(kept))?.['paused'] === true);
    },
    resume: (kept) => until(async () => (await say(kept, 'resume')) && (await row(kept))?.['paused'] === false),
    async approveDeletion(kept) {
      await until(async () => (await row(kept))?.['status'] === 'pending_deletion');
      kept.approved = true;
      await until(() => say(kept, 'approve-deletion'));
    },
    stop: () => void (stopped = true),
  };
}
