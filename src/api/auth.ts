import type { Context, MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { scopeAllows, type ApiKey, type KeyScope } from '../domain/keys.ts';
import type { AuditStore, KeyStore, SessionStore } from '../domain/service-stores.ts';
import type { Session } from '../domain/sessions.ts';
import { authFailuresTotal } from '../metrics.ts';
import { createAttempts } from './attempts.ts';
import { askedBy, foreign, isWrite } from './foreign.ts';
import { ProblemError } from './problem.ts';
import { createRefusals } from './refusals.ts';
import { sessionText } from './session-cookie.ts';

/** What a route knows of whoever asks. */
export interface Authenticated {
  Variables: {
    key: Caller;
    /** `null` when the key itself was sent. */
    session: Session | null;
  };
}

/** Whoever asks, as the audit log names them. */
export interface Caller extends Pick<ApiKey, 'name' | 'scope'> {
  /** `null`: a person at the machine itself, who needs no key. */
  keyId: string | null;
}

export interface AuthPorts {
  keys: Pick<KeyStore, 'identify'>;
  sessions: SessionStore;
  audit: Pick<AuditStore, 'append'>;
  /** Has the record agree with STARKEEP_ADMIN_KEY; called before each look at the keys, so cheap once it succeeded. */
  settleKeys: () => Promise<void>;
  clientAddress: (c: Context) => string;
  /** As a browser sees it: `https://starkeep.example`. */
  outerOrigin: (c: Context) => string;
  log: Logger;
}

/** Of the path that was asked for, so much is told. */
const SHOWN_PATH = 200;

const HOW = 'Send a key as a bearer token in the header `Authorization`; `starkeep keys create --name NAME` makes one.';

/** Looks whose key a text is. Shared by all ways in, so that who fails at one is slowed at each. */
export interface Doorkeeper {
  /** @throws ProblemError 401, slowly for an address that has failed before; counted, and in the audit log once a minute */
  admit(c: Context, text: string | undefined): Promise<ApiKey>;
}

export function createDoorkeeper(ports: AuthPorts): Doorkeeper {
  const attempts = createAttempts();
  const refusals = createRefusals(ports, { message: 'api key refused', action: 'authentication.failed' });
  return {
    async admit(c, text) {
      const isKey = text !== undefined && /^[\x21-\x7e]{1,512}$/.test(text);
      await ports.settleKeys();
      const key = isKey ? await ports.keys.identify(text) : null;
      if (key !== null) return key;
      authFailuresTotal.inc({ reason: 'wrong' });
      const address = ports.clientAddress(c);
      const attempt = attempts.failed(address);
      await refusals.tell(attempt, address, { path: c.req.path.slice(0, SHOWN_PATH) });
      await refusals.holdBack(attempt);
      throw unauthorized(`That key is not valid, or was revoked. ${HOW}`);
    },
  };
}

/**
 * Lets in who has a valid key, or a browser's session that one began: 401 otherwise. What is sent counts before what a browser adds by
 * itself: beside a key the cookie is not looked at.
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export function authenticate(ports: AuthPorts, doorkeeper: Doorkeeper): MiddlewareHandler<Authenticated> {
  return async (c, next) => {
    const header = c.req.header('authorization');
    const text = header === undefined ? sessionText(c, ports.outerOrigin(c)) : undefined;
    if (header !== undefined) {
      c.set('key', await doorkeeper.admit(c, /^Bearer +(.+)$/i.exec(header)?.[1]));
      c.set('session', null);
    } else if (text !== undefined) {
      const { key, session } = await bySession(c, ports, text);
      c.set('key', key);
      c.set('session', session);
    } else {
      // Nobody has tried anything yet.
      authFailuresTotal.inc({ reason: 'missing' });
      throw unauthorized(`This needs an API key. ${HOW}`);
    }
    await next();
  };
}

/**
 * Lets everybody in, as the person at the keyboard of this machine: whoever may read the settings may do everything anyway. Only for an app that is
 * answered in its own process; one that listens is never made with it.
 */
export function asPerson(name: string): MiddlewareHandler<Authenticated> {
  return async (c, next) => {
    c.set('key', { name, scope: 'admin', keyId: null });
    c.set('session', null);
    await next();
  };
}

/** A session that is over is no attempt at anything: browsers send their cookies for as long as they have them. */
async function bySession(c: Context, ports: AuthPorts, text: string): Promise<{ key: ApiKey; session: Session }> {
  if (isWrite(c) && askedBy(c, ports.outerOrigin(c)) !== 'our own page') {
    authFailuresTotal.inc({ reason: 'foreign' });
    ports.log.warn({ address: ports.clientAddress(c), path: c.req.path.slice(0, SHOWN_PATH) }, 'foreign page refused');
    throw foreign();
  }
  await ports.settleKeys();
  const found = await ports.sessions.identify(text);
  if (found !== null) return found;
  authFailuresTotal.inc({ reason: 'session' });
  throw unauthorized('The session is over, or its key was revoked. Begin another: POST /api/v1/session with a key.');
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
