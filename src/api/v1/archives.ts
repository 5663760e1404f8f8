import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { chooseTip } from '../../domain/archives.ts';
import type { MirrorId } from '../../domain/model.ts';
import type { Archives, GitRemote, TargetHost } from '../../domain/ports.ts';
import type { MirrorStore } from '../../domain/record-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

export interface ArchivePorts extends AuditingPorts {
  mirrors: Pick<MirrorStore, 'get'>;
  /** `null` where this process was not told how to reach OneDev. */
  archives: (Archives & Pick<TargetHost, 'gitRemote'>) | null;
}

const MirrorIdParam = z.strictObject({ id: z.string().max(100).openapi({ example: 'github-2325298' }) });

const Tip = z
  .strictObject({
    name: z.string().openapi({ example: 'refs/starkeep/2026-11-23T142530.123Z/main' }),
    oid: z.string(),
    of: z.string().openapi({ description: 'What it was the tip of', example: 'refs/heads/main' }),
    archivedAt: z.iso.datetime().nullable(),
    restoredAs: z.string().nullable(),
  })
  .openapi('ArchivedTip');

const history = createRoute({
  method: 'get',
  path: '/mirrors/{id}/history',
  summary: 'Old tips of rewritten and removed branches and tags, oldest first',
  description: 'OneDev itself is asked.',
  ...allowed('read'),
  request: { params: MirrorIdParam },
  responses: { 200: json('All of them', z.strictObject({ tips: z.array(Tip) })), ...problems(404, 409, 502) },
});

const restore = createRoute({
  method: 'post',
  path: '/mirrors/{id}/restore',
  summary: 'Bring an old tip back as a branch that no sync removes',
  ...allowed('operate'),
  request: {
    params: MirrorIdParam,
    body: jsonRequest(
      z.strictObject({
        branch: z
          .string()
          .max(1_000)
          .optional()
          .openapi({ description: 'Needed where several were kept; `tags/NAME` for a tag' }),
        at: z.iso
          .datetime({ offset: true })
          .optional()
          .openapi({ description: 'As it was then; default: as it was last' }),
      }),
    ),
  },
  responses: {
    200: json(
      'It is there',
      z.strictObject({
        ref: z.string(),
        oid: z.string(),
        of: z.string().openapi({ description: 'What it was the tip of', example: 'refs/heads/main' }),
        archivedAt: z.iso.datetime().nullable().openapi({ description: 'Until when it was that' }),
        created: z.boolean().openapi({ description: 'false: it was there already' }),
      }),
    ),
    ...problems(404, 409, 502, ...BODY_PROBLEMS),
  },
});

export function mountArchives(app: OpenAPIHono<Authenticated>, ports: ArchivePorts): void {
  app.openapi(history, async (c) => {
    const { archives, target } = await reach(ports, c.req.valid('param').id);
    return c.json({ tips: await archives.history(target) }, 200);
  });

  app.openapi(restore, async (c) => {
    const { id } = c.req.valid('param');
    const { branch, at } = c.req.valid('json');
    const { archives, target, fullName } = await reach(ports, id);
    const tip = chooseTip(await archives.history(target), {
      ...(branch === undefined ? {} : { branch }),
      ...(at === undefined ? {} : { at }),
    });
    const details = { fullName, tip: tip.name, oid: tip.oid };
    const work = () => archives.restore(target, tip);
    const { name, created } = await act(ports, c, { action: 'archive.restore', subject: id, details, work });
    const { oid, of, archivedAt } = tip;
    return c.json({ ref: name, oid, of, archivedAt, created }, 200);
  });
}

/** @throws ProblemError 404 without such a mirror, 409 where there is nothing to ask */
async function reach(
  { mirrors, archives }: ArchivePorts,
  mirrorId: string,
): Promise<{ archives: Archives; target: GitRemote; fullName: string }> {
  const mirror = await mirrors.get(mirrorId as MirrorId);
  if (!mirror) throw new ProblemError(404, 'No such mirror', `There is no mirror ${mirrorId}.`, { mirrorId });
  const { project, fullName } = mirror;
  if (!project) throw new ProblemError(409, 'Nothing there', `${fullName} has no project on OneDev.`, { mirrorId });
  if (archives) return { archives, target: archives.gitRemote(project), fullName };
  const detail = 'This api was started without ONEDEV_URL and ONEDEV_TOKEN, so it cannot ask OneDev.';
  throw new ProblemError(409, 'OneDev is not configured', detail);
}
