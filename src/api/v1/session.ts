import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { KEY_SCOPES } from '../../domain/keys.ts';
import type { Authenticated, AuthPorts, Doorkeeper } from '../auth.ts';
import { askedBy, foreign } from '../foreign.ts';
import { ProblemError } from '../problem.ts';
import { giveSession, sessionText, takeSession } from '../session-cookie.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

export type SessionPorts = AuditingPorts & AuthPorts;

const Time = z.iso.datetime();

const Who = z
  .strictObject({
    name: z.string().openapi({ description: 'Of the key; what the audit log calls whoever uses it' }),
    scope: z.enum(KEY_SCOPES),
    session: z
      .strictObject({
        createdAt: Time,
        expiresAt: Time.openapi({ description: 'When it ends although it is used' }),
        idleUntil: Time.openapi({ description: 'When it ends unless it is used before' }),
      })
      .nullable()
      .openapi({ description: 'null when the key itself was sent' }),
  })
  .openapi('Who');

const begin = createRoute({
  method: 'post',
  path: '/session',
  summary: 'Exchange a key for a session of this browser',
  description:
    'The answer sets a cookie that no script reads. What it is used for is in the audit log under the name of the key, and it ends with the key.',
  security: [],
  request: {
    body: { ...jsonRequest(z.strictObject({ key: z.string().max(512) }).openapi('Login')), required: true },
  },
  responses: { 201: json('The session has begun', Who), ...problems(...BODY_PROBLEMS) },
});

const look = createRoute({
  method: 'get',
  path: '/session',
  summary: 'Who asks, and until when',
  ...allowed('read'),
  responses: { 200: json('The key, and the session if it is one', Who), ...problems() },
});

const end = createRoute({
  method: 'delete',
  path: '/session',
  summary: 'End this session',
  ...allowed('read'),
  responses: { 204: { description: 'It is over, and the cookie is gone' }, ...problems(409) },
});

/** The way in: needs no key but the one in its body. */
export function mountLogin(app: OpenAPIHono<Authenticated>, ports: SessionPorts, doorkeeper: Doorkeeper): void {
  app.openapi(begin, async (c) => {
    const origin = ports.outerOrigin(c);
    // Else another site could have a browser go on in a session of that site's making. What is no browser says nothing of a page.
    if (askedBy(c, origin) === 'another site') throw foreign();
    const key = await doorkeeper.admit(c, c.req.valid('json').key);
    c.set('key', key);
    c.set('session', null);
    const before = sessionText(c, origin);
    const details = { address: ports.clientAddress(c) };
    const begun = await act(ports, c, {
      action: 'session.created',
      subject: key.name,
      details,
      work: () => ports.sessions.begin(key.keyId),
    });
    if (begun === null) throw new ProblemError(401, 'Not authenticated', 'That key was revoked just now.');
    if (before !== undefined) await ports.sessions.end(before);
    giveSession(c, origin, begun.text);
    c.set('session', begun.session);
    return c.json(who(c), 201);
  });
}

export function mountSession(app: OpenAPIHono<Authenticated>, ports: SessionPorts): void {
  app.openapi(look, (c) => c.json(who(c), 200));

  app.openapi(end, async (c) => {
    const origin = ports.outerOrigin(c);
    const text = sessionText(c, origin);
    if (c.get('session') === null || text === undefined) {
      const detail = 'A key was sent, which is no session. `starkeep keys revoke ID` ends a key and all its sessions.';
      throw new ProblemError(409, 'No session', detail);
    }
    const work = () => ports.sessions.end(text);
    await act(ports, c, { action: 'session.ended', subject: c.get('key').name, work });
    takeSession(c, origin);
    return c.body(null, 204);
  });
}

function who(c: Context<Authenticated>): z.infer<typeof Who> {
  const { name, scope } = c.get('key');
  const session = c.get('session');
  if (session === null) return { name, scope, session };
  const { createdAt, expiresAt, idleUntil } = session;
  return { name, scope, session: { createdAt, expiresAt, idleUntil } };
}
