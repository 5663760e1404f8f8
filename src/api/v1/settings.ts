import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { EnteredChanges, EnteredProblem } from '../../domain/entered-settings.ts';
import type { SettingsDesk } from '../../domain/ports.ts';
import { PROBES } from '../../domain/probes.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

export interface SettingsPorts extends AuditingPorts {
  settingsDesk: SettingsDesk;
}

const Setting = z
  .strictObject({
    name: z.string().openapi({ example: 'STARKEEP_UNSTAR_GRACE' }),
    meaning: z.string(),
    secret: z.boolean(),
    isSet: z.boolean(),
    value: z.string().nullable().openapi({ description: 'As it is in effect; of a secret null, whatever it is' }),
    default: z.string().nullable().openapi({ description: 'In parentheses where it is computed' }),
    origin: z.enum(['environment', 'file', 'ui', 'derived', 'default', 'unset']).openapi({
      description: '`file`: of NAME_FILE · `ui`: entered here · `derived`: it follows from another setting',
    }),
    group: z.string().openapi({ example: 'Deletions' }),
    enterable: z.boolean().openapi({ description: 'May be entered here; what the environment sets wins, and may not' }),
    entered: z.strictObject({ by: z.string(), at: z.iso.datetime() }).nullable(),
  })
  .openapi('Setting');

const Settings = z
  .strictObject({
    settings: z.array(Setting),
    lacking: z.array(z.string()).openapi({ description: 'What has to be set before anything can be mirrored' }),
    whyClosed: z.string().nullable().openapi({ description: 'Why nothing can be entered; null: it can' }),
    isBehind: z.boolean().openapi({
      description: 'Something was entered that this api does not run by yet: it is about to start again',
    }),
    unopened: z.array(z.string()).openapi({ description: 'Were entered, and cannot be read without their key' }),
  })
  .openapi('Settings');

const list = createRoute({
  method: 'get',
  path: '/settings',
  summary: 'Every setting of this api, and where it comes from',
  description: 'Workers are meant to have the same ones.',
  ...allowed('admin'),
  responses: { 200: json('All of them', Settings), ...problems() },
});

const Changes = z
  .record(z.string().max(100), z.string().max(20_000).nullable())
  .openapi('SettingChanges', { example: { STARKEEP_UNSTAR_GRACE: '3d', STARKEEP_FILTER_FORKS: null } });

const enter = createRoute({
  method: 'post',
  path: '/settings',
  summary: 'Enter settings, or take back what was entered',
  description:
    'All of them or none; null or an empty text takes back. They are kept sealed. Api and workers see it, finish what is under way and start again by them. ' +
    'A secret does not follow an address that changes: enter it again with it.',
  ...allowed('admin'),
  request: {
    body: {
      ...jsonRequest(z.strictObject({ settings: Changes }).openapi('SettingsRequest')),
      required: true,
    },
  },
  responses: {
    200: json('They are entered', z.strictObject({ entered: z.array(z.string()) }).openapi('SettingsEntered')),
    ...problems(409, 422, ...BODY_PROBLEMS),
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
  summary: 'Try a connection with the settings as they are, or as they would be',
  description: 'Nothing is entered by it. Of alerts, each channel gets a message that says it is a test.',
  ...allowed('admin'),
  request: {
    body: {
      ...jsonRequest(z.strictObject({ what: z.enum(PROBES), settings: Changes.optional() }).openapi('ProbeRequest')),
      required: true,
    },
  },
  responses: { 200: json('What was found, also where something is wrong', Probe), ...problems(422, ...BODY_PROBLEMS) },
});

export function mountSettings(app: OpenAPIHono<Authenticated>, ports: SettingsPorts): void {
  const { settingsDesk: desk } = ports;

  app.openapi(list, async (c) => {
    const { lacking, whyClosed } = desk;
    return c.json({ ...(await desk.look()), lacking, whyClosed }, 200);
  });

  app.openapi(enter, async (c) => {
    const changes = withoutEmpty(c.req.valid('json').settings);
    if (desk.whyClosed !== null) throw new ProblemError(409, 'Settings cannot be entered', desk.whyClosed);
    refuse(await desk.problemsOf(changes));
    const work = () => desk.enter(changes, c.get('key').name);
    const details = { changed: await desk.told(changes) };
    await act(ports, c, { action: 'settings.enter', subject: null, details, work });
    return c.json({ entered: Object.keys(changes) }, 200);
  });

  app.openapi(test, async (c) => {
    const { what, settings = {} } = c.req.valid('json');
    const work = () => desk.probe(what, withoutEmpty(settings));
    const tried = await act(ports, c, { action: 'settings.test', subject: what, work });
    if ('problems' in tried) throw refusalOf(tried.problems);
    return c.json(tried.probe, 200);
  });
}

/** An empty text is no value, as in the environment. */
function withoutEmpty(changes: Record<string, string | null>): EnteredChanges {
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value === '' ? null : value]));
}

/** @throws ProblemError 422 that names each setting and what is wrong with it */
function refuse(found: EnteredProblem[]): void {
  if (found.length > 0) throw refusalOf(found);
}

function refusalOf(found: EnteredProblem[]): ProblemError {
  const errors = found.map(({ name, problem }) => ({ in: 'settings', field: name ?? '', problem }));
  const title = found.length === 1 ? 'A setting does not fit' : `${found.length} settings do not fit`;
  return new ProblemError(422, title, found.map(({ problem }) => problem).join(' '), { errors });
}
