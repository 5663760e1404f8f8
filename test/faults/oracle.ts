import pLimit from 'p-limit';
import { compare } from '../../demo/compare.ts';
import { readMirrors, type MirrorRow } from '../../demo/mirrors.ts';
import type { Database } from '../../src/adapters/postgres/database.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { candidatePaths, markerIn, samePath } from '../../src/domain/names.ts';
import type { StandinProject } from '../standins/onedev.ts';
import type { SentDelivery } from './courier.ts';
import { fateOf, type Fate, type Kept, type Upstream } from './upstream.ts';

/** What must be so when everything is well again. Each sentence it gives is a loss. */

export interface Judged {
  upstream: Upstream;
  deliveries: readonly SentDelivery[];
  db: Database;
  github: { url: string; token: string };
  onedev: { url: string; token: string; projects: () => Promise<StandinProject[]> };
  /** Ids of the projects that people made. */
  foreign: ReadonlySet<number>;
}

const STATUS: Record<Exclude<Fate, 'never'>, readonly string[]> = {
  mirrored: ['completed'],
  frozen: ['frozen'],
  deleted: ['deleted'],
  'kept for its children': ['failed', 'permanent_failure', 'pending_deletion', 'completed'],
};

const PARENT = 'github';
const COMPARED_AT_ONCE = 4;

/** What is still on its way; none: everything has come to rest where it should. */
export async function unsettled({ upstream, deliveries, db }: Judged): Promise<string[]> {
  const rows = new Map((await readMirrors({ db })).map((row) => [row.mirrorId, row]));
  const unacknowledged = deliveries.filter(({ acknowledgedAt }) => acknowledgedAt === null);
  return [
    ...unacknowledged.map(({ event, guid }) => `the delivery ${event} ${guid} is not acknowledged`),
    ...(await undispatched(db)),
    ...upstream.all.flatMap((kept) => atRest(upstream, kept, rows.get(mirrorIdOf(kept.repository.id)))),
  ];
}

async function undispatched(db: Database): Promise<string[]> {
  const rows = await db.query(`select guid from deliveries where outcome = 'accepted' and dispatched_at is null`);
  return rows.map(({ guid }) => `the delivery ${String(guid)} waits in the inbox`);
}

function atRest(upstream: Upstream, kept: Kept, row: MirrorRow | undefined): string[] {
  const fate = fateOf(upstream, kept);
  if (fate === 'never') return [];
  if (row && STATUS[fate].includes(row.status)) return [];
  if (isTooEarly(fate, row)) return [];
  const status = row ? `${row.status}${row.note === null ? '' : `: ${row.note}`}` : 'not in the record';
  return [`${kept.repository.fullName} should be ${fate} and is ${status}`];
}

/** What vanished, or was unstarred, before it was mirrored leaves nothing to keep. */
function isTooEarly(fate: Fate, row: MirrorRow | undefined): boolean {
  if (fate !== 'frozen' && fate !== 'deleted' && fate !== 'kept for its children') return false;
  return row === undefined || (row.status === 'permanent_failure' && row.projectPath === null);
}

/** Whether a sentence of {@link unsettled} is of a mirror that is kept for want of a proof. */
export function isUnproven(sentence: string): boolean {
  return / should be deleted and is .*that is not proven, so it is kept/.test(sentence);
}

/** Everything, by `git ls-remote` on both sides too. */
export async function judge(judged: Judged): Promise<string[]> {
  const rows = new Map((await readMirrors(judged)).map((row) => [row.mirrorId, row]));
  const projects = await judged.onedev.projects();
  const limit = pLimit(COMPARED_AT_ONCE);
  const mirrors = await Promise.all(
    judged.upstream.all.map((kept) =>
      limit(() => judgeMirror(judged, kept, rows.get(mirrorIdOf(kept.repository.id)), projects)),
    ),
  );
  return [
    ...(await unsettled(judged)),
    ...(await forgotten(judged)),
    ...mirrors.flat(),
    ...strangers(judged, projects),
  ];
}

/** One that was acknowledged without the inbox went straight to Temporal, which then has its mirror's workflow. */
async function forgotten({ db, deliveries }: Judged): Promise<string[]> {
  const known = new Set((await db.query('select guid from deliveries')).map(({ guid }) => String(guid)));
  const mirrors = new Set((await db.query('select mirror_id from mirrors')).map((row) => String(row['mirror_id'])));
  return deliveries
    .filter(({ guid, acknowledgedAt }) => acknowledgedAt !== null && !known.has(guid))
    .filter(({ repoId }) => !mirrors.has(mirrorIdOf(repoId)))
    .map(({ event, guid }) => `the delivery ${event} ${guid} was acknowledged and is nowhere`);
}

async function judgeMirror(
  { upstream, github, onedev }: Judged,
  kept: Kept,
  row: MirrorRow | undefined,
  projects: StandinProject[],
): Promise<string[]> {
  const fate = fateOf(upstream, kept);
  const { id, fullName } = kept.repository;
  const own = projects.filter(({ description }) => markerIn(description) === mirrorIdOf(id));
  const [project] = own;
  if (own.length > 1) return [`${fullName} has ${own.length} projects: ${own.map(({ path }) => path).join(', ')}`];
  if (fate === 'never' || fate === 'deleted') return project ? [`${fullName} should be ${fate} and is there`] : [];
  if (!project && isTooEarly(fate, row)) return [];
  if (!project) return [`${fullName} should be ${fate} and has no project`];
  if (row?.projectPath !== project.path) return [`${fullName} is at ${project.path}, the record says otherwise`];
  if (fate !== 'mirrored') return [];

  const fits = candidatePaths(PARENT, fullName, id).some((path) => samePath(path, project.path));
  const source = { url: `${github.url}/${fullName}.git`, token: github.token };
  const target = { url: `${onedev.url}/${project.path}.git`, token: onedev.token };
  const { equal, different } = await compare(source, target, row.declined);
  const tolerated = row.declined.filter((name) => !name.includes('+'));
  return [
    ...tolerated.map((name) => `${fullName} lacks ${name}, which OneDev takes`),
    ...(fits ? [] : [`${fullName} is at ${project.path}, which does not fit its name`]),
    ...(equal ? [] : [`${fullName} differs: ${different.slice(0, 3).join(', ')}`]),
  ];
}

/** Projects that say they are ours and are of no repository. */
function strangers({ upstream, foreign }: Judged, projects: StandinProject[]): string[] {
  const ids = new Set<string>(upstream.all.map(({ repository }) => mirrorIdOf(repository.id)));
  return projects
    .filter(({ id }) => !foreign.has(id))
    .filter(({ description }) => {
      const marker = markerIn(description);
      return marker !== null && !ids.has(marker);
    })
    .map(({ path }) => `${path} is a mirror of nothing`);
}
