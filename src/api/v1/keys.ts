import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { KEY_NAME, KEY_NAME_RULE, KEY_SCOPES, keyNameProblem } from '../../domain/keys.ts';
import type { KeyStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

export interface KeyPorts extends AuditingPorts {
  keys: Pick<KeyStore, 'create' | 'list' | 'revoke'>;
}

const Time = z.iso.datetime();

const Key = z
  .strictObject({
    keyId: z.string(),
    name: z.string(),
    scope: z.enum(KEY_SCOPES),
    origin: z.enum(['setting', 'first_start', 'person']),
    shown: z
      .string()
      .nullable()
      .openapi({ description: 'Its first characters; null for one that a person thought up' }),
    createdAt: Time,
    lastUsedAt: Time.nullable().openapi({ description: 'To the minute' }),
    revokedAt: Time.nullable(),
  })
  .openapi('Key');

const list = createRoute({
  method: 'get',
  path: '/keys',
  summary: 'Every key there ever was, the oldest first; never their texts',
  ...allowed('admin'),
  responses: { 200: json('All of them', z.strictObject({ keys: z.array(Key) }).openapi('Keys')), ...problems() },
});

const create = createRoute({
  method: 'post',
  path: '/keys',
  summary: 'Make a key',
  ...allowed('admin'),
  request: {
    body: {
      ...jsonRequest(
        z
          .strictObject({
            name: z
              .string()
              .regex(KEY_NAME, `a name is ${KEY_NAME_RULE}`)
              .openapi({ description: 'What the audit log calls whoever uses it', example: 'Laptop of Ann' }),
            scope: z.enum(KEY_SCOPES),
          })
          .openapi('NewKey'),
      ),
      required: true,
    },
  },
  responses: {
    201: json(
      'It lets in from now on',
      // Not `extend`, which the document would have as two descriptions that each forbid the fields of the other.
      z
        .strictObject({
          ...Key.shape,
          key: z.string().openapi({ description: 'Its text, shown this once and kept nowhere' }),
        })
        .openapi('MadeKey'),
    ),
    ...problems(409, ...BODY_PROBLEMS),
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/keys/{id}',
  summary: 'Revoke a key, and end all its sessions',
  ...allowed('admin'),
  request: { params: z.strictObject({ id: z.string().max(100).openapi({ example: '3' }) }) },
  responses: { 204: { description: 'It lets nobody in any more' }, ...problems(404, 409) },
});

export function mountKeys(app: OpenAPIHono<Authenticated>, ports: KeyPorts): void {
  const { keys } = ports;

  app.openapi(list, async (c) => c.json({ keys: await keys.list() }, 200));

  app.openapi(create, async (c) => {
    const { name, scope } = c.req.valid('json');
    const wrong = keyNameProblem(name);
    if (wrong !== null) throw new ProblemError(409, 'Name is taken', `"${name}" ${wrong}.`);
    const work = async () => {
      const made = await keys.create({ name, scope });
      if (made !== null) return made;
      throw new ProblemError(
        409,
        'Name is taken',
        `There is a key "${name}" already; choose another name, or revoke it.`,
      );
    };
    const { key, text } = await act(ports, c, { action: 'key.created', subject: name, details: { scope }, work });
    return c.json({ ...key, key: text }, 201);
  });

  app.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param');
    const valid = (await keys.list()).filter(({ revokedAt }) => revokedAt === null);
    const key = valid.find(({ keyId }) => keyId === id);
    if (!key) throw new ProblemError(404, 'No such key', `There is no valid key ${id}.`, { keyId: id });
    if (key.origin === 'setting') {
      const detail =
        'That key is STARKEEP_ADMIN_KEY, and would be back at the next start. Change or unset it, and start the api again.';
      throw new ProblemError(409, 'Key of a setting', detail);
    }
    // At the machine itself one can be made without any.
    const isLastAdmin =
      c.get('key').keyId !== null &&
      key.scope === 'admin' &&
      valid.filter(({ scope }) => scope === 'admin').length === 1;
    if (isLastAdmin) {
      const detail =
        'That is the last admin key: without it nobody could make another one here. Make another one first.';
      throw new ProblemError(409, 'Last admin key', detail);
    }
    await act(ports, c, {
      action: 'key.revoked',
      subject: key.name,
      details: { revoked: id },
      work: () => keys.revoke(id),
    });
    return c.body(null, 204);
  });
}
