import { randomUUID } from 'node:crypto';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { MirrorId } from '../../domain/model.ts';
import type { MirrorView } from '../../domain/overview.ts';
import type { MirrorControl } from '../../domain/ports.ts';
import type { MirrorStore } from '../../domain/record-stores.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { known, MirrorIdParam, Told, Why } from './mirrors.ts';

/** What a person wants to become of one mirror: that it stays for ever, or that it goes. */

export interface KeepingPorts extends AuditingPorts {
  mirrors: Pick<MirrorStore, 'pin' | 'release'>;
  overview: Pick<OverviewStore, 'mirror' | 'openDeletions'>;
  control: Pick<MirrorControl, 'decide' | 'repoEvent'>;
}

const keep = createRoute({
  method: 'post',
  path: '/mirrors/{id}/keep',
  summary: 'Keep it for ever, whatever the star list and the filters say',
  description: 'A deletion that is open is called off. May be repeated.',
  ...allowed('operate'),
  request: { params: MirrorIdParam, body: jsonRequest(Why) },
  responses: { 202: json('It is kept', Told), ...problems(404, 409, ...BODY_PROBLEMS) },
});

const remove = createRoute({
  method: 'post',
  path: '/mirrors/{id}/delete',
  summary: 'Have it deleted: at once where that waits for a person, else by the proof that it is not starred',
  description:
    'Only what is not starred goes. Where no deletion is open, GitHub is asked whether it is unstarred, and after that it waits as every deletion does.',
  ...allowed('admin'),
  request: {
    params: MirrorIdParam,
    body: {
      ...jsonRequest(
        z
          .strictObject({
            confirm: z.string().max(300).openapi({ description: 'Its full name, so that nothing else is meant' }),
            reason: z.string().max(1_000).optional(),
          })
          .openapi('DeletionRequest'),
      ),
      required: true,
    },
  },
  responses: { 202: json('The mirror was told', Told), ...problems(404, 409, ...BODY_PROBLEMS) },
});

export function mountKeeping(app: OpenAPIHono<Authenticated>, ports: KeepingPorts): void {
  const { mirrors, overview, control } = ports;

  app.openapi(keep, async (c) => {
    const { reason } = c.req.valid('json');
    const mirror = await known(ports, c.req.valid('param').id);
    if (mirror.status === 'deleted') {
      throw refused(mirror, 'was deleted; POST /mirrors with its name mirrors it again, and keeps it.');
    }
    const by = c.get('key').name;
    const { fullName, status } = mirror;
    const { mirrorId, repoId } = idsOf(mirror);
    const details = { fullName, ...(reason ? { reason } : {}) };
    // Pinned first: if we die in between, the deletion that is open is refused when its time comes, because it is.
    const work = async () => {
      await mirrors.pin(mirrorId);
      if ((await overview.openDeletions(mirrorId)).length > 0) {
        await control.decide({ repoId, fullName }, 'cancelDeletion', { by, ...(reason ? { reason } : {}) });
      } else if (status === 'excluded') {
        // What a filter left out is not there yet.
        const correlationId = `keep-${randomUUID()}`;
        await control.repoEvent({ kind: 'requested', trigger: 'manual', repoId, fullName, correlationId, by });
      }
    };
    await act(ports, c, { action: 'mirror.keep', subject: mirrorId, details, work });
    return c.json({ mirrorId, workflowId: `mirror-${mirrorId}` }, 202);
  });

  app.openapi(remove, async (c) => {
    const { confirm, reason } = c.req.valid('json');
    const mirror = await known(ports, c.req.valid('param').id);
    const { fullName } = mirror;
    if (confirm !== fullName) {
      const detail = `To delete it, \`confirm\` has to be ${fullName}, and is not. Nothing was done.`;
      throw new ProblemError(400, 'Not confirmed', detail, { fullName });
    }
    const { mirrorId, repoId } = idsOf(mirror);
    const isOpen = (await overview.openDeletions(mirrorId)).length > 0;
    const obstacle = isOpen ? null : obstacleToDeletion(mirror);
    if (obstacle !== null) throw refused(mirror, obstacle);
    const by = c.get('key').name;
    const work = async () => {
      if (isOpen) return control.decide({ repoId, fullName }, 'approveDeletion', { by, ...(reason ? { reason } : {}) });
      // If we die after this, nobody keeps it any more and nothing else has happened: whoever asks again goes on from here.
      await mirrors.release(mirrorId);
      const correlationId = `delete-${randomUUID()}`;
      return control.repoEvent({ kind: 'unstarred', trigger: 'manual', repoId, fullName, correlationId, by });
    };
    const details = { fullName, ...(reason ? { reason } : {}) };
    const { workflowId } = await act(ports, c, { action: 'mirror.delete', subject: mirrorId, details, work });
    return c.json({ mirrorId, workflowId }, 202);
  });
}

/** Why nothing would follow, or must not, completing "NAME "; `null` when something would. */
function obstacleToDeletion({ status, starred, paused }: MirrorView): string | null {
  if (status === 'deleted') return 'was deleted already.';
  if (starred)
    return 'is starred on GitHub, and what is starred is kept. Unstar it there; then it is deleted after its grace period.';
  if (status === 'frozen')
    return 'is not at GitHub any more, so this copy may be the last: Starkeep does not delete it. Its project on OneDev can be deleted there.';
  if (paused) return 'is paused. Resume it first.';
  return null;
}

function refused({ mirrorId, fullName, status }: MirrorView, obstacle: string): ProblemError {
  return new ProblemError(409, 'Not as things are', `${fullName} ${obstacle}`, { mirrorId, mirrorStatus: status });
}

function idsOf({ mirrorId }: MirrorView): { mirrorId: MirrorId; repoId: string } {
  return { mirrorId: mirrorId as MirrorId, repoId: mirrorId.replace(/^github-/, '') };
}
