import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import pLimit from 'p-limit';
import { Failure } from '../../domain/failures.ts';
import type { MirrorUnderWay } from '../../domain/overview.ts';
import type { RunningTransfers } from '../../domain/ports.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';

export interface RunningPorts {
  overview: Pick<OverviewStore, 'underWay'>;
  transfers: RunningTransfers;
}

const SHOWN = 50;

/** Questions to Temporal at once. */
const AT_ONCE = 10;

const Transfer = z
  .strictObject({
    mirrorId: z.string(),
    fullName: z.string(),
    startedAt: z.iso.datetime(),
    phase: z
      .string()
      .nullable()
      .openapi({ description: 'null: it has not got as far as the transfer, or Temporal does not answer' }),
    bytes: z.int().nullable(),
    bytesPerSecond: z.number().nullable(),
    attempt: z.int(),
  })
  .openapi('RunningTransfer');

const running = createRoute({
  method: 'get',
  path: '/running',
  summary: 'What is being synced now, and how far it is',
  ...allowed('read'),
  responses: {
    200: json(
      `At most ${SHOWN}, the oldest first`,
      z.strictObject({ transfers: z.array(Transfer) }).openapi('Running'),
    ),
    ...problems(),
  },
});

export function mountRunning(app: OpenAPIHono<Authenticated>, { overview, transfers }: RunningPorts): void {
  app.openapi(running, async (c) => {
    const found = await overview.underWay(SHOWN);
    const limit = pLimit(AT_ONCE);
    // What is said of a Temporal that is away is the same for all of them.
    let isAway = false;
    const progressOf = async (mirror: MirrorUnderWay) => {
      if (isAway) return null;
      try {
        return await transfers.progress(mirror.repoId);
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== 'TemporalUnavailable') throw error;
        isAway = true;
        return null;
      }
    };
    const shown = await Promise.all(
      found.map((mirror) => limit(async () => entryOf(mirror, await progressOf(mirror)))),
    );
    return c.json({ transfers: shown }, 200);
  });
}

function entryOf(
  { mirrorId, fullName, since }: MirrorUnderWay,
  progress: Awaited<ReturnType<RunningTransfers['progress']>>,
): z.infer<typeof Transfer> {
  const latest = progress?.latest ?? null;
  return {
    mirrorId,
    fullName,
    startedAt: progress?.startedAt ?? since,
    phase: latest?.phase ?? null,
    bytes: latest?.bytes ?? null,
    bytesPerSecond: latest?.bytesPerSecond ?? null,
    attempt: progress?.attempt ?? 1,
  };
}
