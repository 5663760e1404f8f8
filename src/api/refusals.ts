import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { toFailure } from '../domain/failures.ts';
import type { AuditStore } from '../domain/service-stores.ts';
import type { FailedAttempt } from './attempts.ts';
import { within } from '../deadline.ts';

/** What becomes known of somebody who was not let in, and how long he waits for the answer. */

export interface RefusalPorts {
  audit: Pick<AuditStore, 'append'>;
  log: Logger;
}

export interface Refusals {
  /** In the log, and, when it is news, in the audit log; `facts` go into both, so nothing that was sent may be among them. */
  tell(attempt: FailedAttempt, address: string, facts: Record<string, unknown>): Promise<void>;
  /** Waits as long as the attempt says. */
  holdBack(attempt: FailedAttempt): Promise<void>;
}

/** Answers held back at once; beyond that they go out at once, rather than fill the memory with waiting requests. */
const MAX_HELD_BACK = 200;

/** Attempts of one address that each have a line of their own in the log; of more, one a minute. */
const MAX_LINES = 30;

const AUDIT_DEADLINE_MS = 1_500;

/** @param called what it is called in the log, and as an action in the audit log */
export function createRefusals({ audit, log }: RefusalPorts, called: { message: string; action: string }): Refusals {
  let heldBack = 0;

  /** A log that cannot be written must not become a way to learn which keys are valid: the answer stays the same. */
  const record = async (address: string, details: Record<string, unknown>) => {
    const entry = { actor: 'nobody', action: called.action, subject: address, details };
    try {
      await within(AUDIT_DEADLINE_MS, 'DatabaseUnavailable', () => audit.append(entry));
    } catch (error) {
      log.error({ address, action: called.action, kind: toFailure(error).kind }, 'a refusal could not be audited');
    }
  };

  return {
    async tell({ count, isNews, untold }, address, facts) {
      const more = untold > 0 ? { ...facts, untold } : facts;
      log[isNews || count <= MAX_LINES ? 'warn' : 'debug']({ address, ...more }, called.message);
      if (isNews) await record(address, more);
    },
    async holdBack({ pauseMs }) {
      if (heldBack >= MAX_HELD_BACK) return;
      heldBack += 1;
      await pause(pauseMs);
      heldBack -= 1;
    },
  };
}
