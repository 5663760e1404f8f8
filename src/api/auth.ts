import { setTimeout as pause } from 'node:timers/promises';
import type { Context, MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { toFailure } from '../domain/failures.ts';
import { scopeAllows, type ApiKey, type KeyScope } from '../domain/keys.ts';
import type { AuditStore, KeyStore } from '../domain/ports.ts';
import { authFailuresTotal } from '../metrics.ts';
import { createAttempts } from './attempts.ts';
import { ProblemError } from './problem.ts';

/** What a route knows of whoever asks. */
export interface Authenticated {
  Variables: { key: ApiKey };
}

export interface AuthPorts {
  keys: Pick<KeyStore, 'identify'>;
  audit: Pick<AuditStore, 'append'>;
  /** Has the record agree with STARKEEP_ADMIN_KEY; called before each look at the keys, so cheap once it succeeded. */
  settleKeys: () => Promise<void>;
  clientAddress: (c: Context) => string;
  log: Logger;
}

/** Answers held back at once; beyond that they go out at once, rather than fill the memory with waiting requests. */
const MAX_HELD_BACK = 200;

/** Of the path that was asked for, so much is told. */
const SHOWN_PATH = 200;

const HOW = 'Send the header `Authorization: Bearer KEY`; `starkeep keys create --name NAME` makes a key.';

/**
 * Lets in who has a valid key: 401 otherwise, slowly for an address that has failed before, counted, and in the audit log once a minute.
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export function authenticate(ports: AuthPorts): MiddlewareHandler<Authenticated> {
  const attempts = createAttempts();
  let heldBack = 0;

  const holdBack = async (pauseMs: number) => {
    if (heldBack >= MAX_HELD_BACK) return;
    heldBack += 1;
    await pause(pauseMs);
    heldBack -= 1;
  };

  return async (c, next) => {
    const header = c.req.header('authorization');
    if (header === undefined) {
      // Nobody has tried anything yet.
      authFailuresTotal.inc({ reason: 'missing' });
      throw unauthorized(`This needs an API key. ${HOW}`);
    }
    const text = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
    await ports.settleKeys();
    const key = text === undefined ? null : await ports.keys.identify(text);
    if (key === null) {
      authFailuresTotal.inc({ reason: 'wrong' });
      const address = ports.clientAddress(c);
      const { pauseMs, isNews } = attempts.failed(address);
      if (isNews) await tell(ports, address, c.req.path.slice(0, SHOWN_PATH));
      await holdBack(pauseMs);
      throw unauthorized(`That key is not valid, or was revoked. ${HOW}`);
    }
    c.set('key', key);
    await next();
  };
}

/** 403 for a key that may not do this. */
export function needs(scope: KeyScope): MiddlewareHandler<Authenticated> {
  return async (c, next) => {
    const key = c.get('key');
    if (!scopeAllows(key.scope, scope)) {
      authFailuresTotal.inc({ reason: 'scope' });
      const detail = `This needs a key of scope ${scope}, and the key "${key.name}" has scope ${key.scope}.`;
      throw new ProblemError(403, 'Not allowed', detail, { needed: scope, scope: key.scope });
    }
    await next();
  };
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError(401, 'Not authenticated', detail);
}

/** A log that cannot be written must not become a way to learn which keys are valid: the answer stays the same. */
async function tell({ audit, log }: AuthPorts, address: string, path: string): Promise<void> {
  log.warn({ address, path }, 'api key refused');
  try {
    await audit.append({ actor: 'nobody', action: 'authentication.failed', subject: address, details: { path } });
  } catch (error) {
    log.error({ address, kind: toFailure(error).kind }, 'failed authentication could not be audited');
  }
}
