import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { type Probe as ProbeResult, type ProbeName, PROBES } from '../../domain/probes.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

/** A setting of this process as it may be shown. */
export interface ShownSetting {
  name: string;
  meaning: string;
  secret: boolean;
  isSet: boolean;
  /** Of a secret `null`, whatever it is. */
  value: string | null;
  /** `file`: of NAME_FILE · `derived`: it follows from another setting. */
  origin: 'environment' | 'file' | 'derived' | 'default' | 'unset';
  group: string;
}

export interface SettingsPorts extends AuditingPorts {
  shownSettings: ShownSetting[];
  probes: Record<ProbeName, () => Promise<ProbeResult>>;
}

const Setting = z
  .strictObject({
    name: z.string().openapi({ example: 'STARKEEP_UNSTAR_GRACE' }),
    meaning: z.string(),
    secret: z.boolean(),
    isSet: z.boolean(),
    value: z.string().nullable().openapi({ description: 'As it is in effect; of a secret null, whatever it is' }),
    origin: z.enum(['environment', 'file', 'derived', 'default', 'unset']).openapi({
      description: '`file`: of NAME_FILE · `derived`: it follows from another setting',
    }),
    group: z.string().openapi({ example: 'Deletions' }),
  })
  .openapi('Setting');

const list = createRoute({
  method: 'get',
  path: '/settings',
  summary: 'Every setting of this api, and where it comes from',
  description:
    'Workers are meant to have the same ones. They are changed where they come from; the api is started again then.',
  ...allowed('admin'),
  responses: {
    200: json('All of them', z.strictObject({ settings: z.array(Setting) }).openapi('Settings')),
    ...problems(),
  },
});

const Probe = z
  .strictObject({
    ok: z.boolean(),
    facts: z.array(z.strictObject({ name: z.string(), value: z.string() })),
    problem: z.string().nullable(),
    whatToDo: z.string().nullable(),
  })
  .openapi('Probe');

const test = createRoute({
  method: 'post',
  path: '/settings/test',
  summary: 'Try a connection with the settings as they are',
  description: 'Of alerts, each channel gets a message that says it is a test.',
  ...allowed('admin'),
  request: {
    body: { ...jsonRequest(z.strictObject({ what: z.enum(PROBES) }).openapi('ProbeRequest')), required: true },
  },
  responses: { 200: json('What was found, also where something is wrong', Probe), ...problems(...BODY_PROBLEMS) },
});

export function mountSettings(app: OpenAPIHono<Authenticated>, ports: SettingsPorts): void {
  app.openapi(list, (c) => c.json({ settings: ports.shownSettings }, 200));

  app.openapi(test, async (c) => {
    const { what } = c.req.valid('json');
    const work = () => ports.probes[what]();
    return c.json(await act(ports, c, { action: 'settings.test', subject: what, work }), 200);
  });
}
