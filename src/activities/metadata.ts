import { activityInfo } from '@temporalio/activity';
import { filterVerdict } from '../domain/filters.ts';
import { mirrorIdOf, type Mirror, type SourceRepository } from '../domain/model.ts';
import type { Metadata, MetadataRequest } from '../domain/record.ts';
import { createAccountLookup } from './account.ts';
import type { ActivityPorts } from './ports.ts';

/** Facts seen in the star list are good for this long; a queue of thousands of first syncs may take longer, and then asks again. */
const FACTS_FRESH_MS = 15 * 60_000;

export function createMetadataActivities(ports: ActivityPorts) {
  const { source, mirrors, rules } = ports;
  const account = createAccountLookup(ports);

  return {
    /**
     * What is so upstream and in the record, now. Writes the facts into the record; if we die here, the next attempt asks GitHub and writes them
     * again.
     */
    async fetchMetadata(request: MetadataRequest): Promise<Metadata> {
      const { accountId } = await account();
      const mirror = await mirrors.get(request.mirrorId);
      if (mirror?.paused && !request.requested)
        return { ...inRecord(mirror, request, rules), upstream: 'exists', paused: true };
      // GitHub may go on listing what it blocks: only an answer about the repository itself brings a frozen mirror back.
      // Nor are facts that an attempt wrote before it died the star list's: they say nothing of the star and the filters.
      const isFirst = activityInfo().attempt === 1;
      if (isFirst && mirror && mirror.status !== 'frozen' && factsAreFresh(mirror, request.observedAt)) {
        const recorded = inRecord(mirror, request, rules);
        if (recorded.wanted) await mirrors.markInProgress(mirror.mirrorId);
        return { ...recorded, upstream: 'exists' };
      }

      const lookup = await source.repository(request.repoId);
      if (lookup.found === 'gone') return { ...inRecord(mirror, request, rules), upstream: 'gone', wanted: false };
      if (lookup.found === 'blocked') {
        return { ...inRecord(mirror, request, rules), upstream: 'blocked', reason: lookup.reason, wanted: false };
      }

      const starred = await isStarred(lookup.repository, mirror, request);
      const wanted = starred === true || request.requested || mirror?.pinned === true || mirror?.keptBy != null;
      const base = {
        ...inRecord(mirror, request, rules),
        upstream: 'exists' as const,
        fullName: lookup.repository.fullName,
      };
      // A push to a repository nobody starred, or whose mirror is long deleted, leaves no trace.
      if (!base.known && !wanted) return { ...base, starred, wanted };
      // Only a proof may say "unstarred" in the record; this answer alone does not.
      await mirrors.saveUpstream(accountId, lookup.repository, starred === true ? true : null, request.requested);
      const asked = request.requested || mirror?.pinned === true;
      const verdict = asked ? { kept: true as const } : filterVerdict(rules.filters, lookup.repository);
      if (wanted && !verdict.kept) return { ...base, known: true, starred, wanted, excluded: verdict.reason };
      if (wanted) await mirrors.markInProgress(mirrorIdOf(request.repoId));
      return { ...base, known: true, starred, wanted };
    },
  };

  async function isStarred(
    repository: SourceRepository,
    mirror: Mirror | null,
    request: MetadataRequest,
  ): Promise<boolean | null> {
    if (source.canCheckStars) return source.isStarred(repository.fullName);
    if (request.claims !== 'nothing') return request.claims === 'starred';
    return mirror ? mirror.starred : null;
  }
}

function inRecord(
  mirror: Mirror | null,
  request: MetadataRequest,
  rules: ActivityPorts['rules'],
): Omit<Metadata, 'upstream'> {
  // What was deleted stays deleted until somebody wants it again: it is not unstarred a second time, and its archive is no mirror.
  const kept = mirror !== null && mirror.status !== 'deleted';
  return {
    fullName: mirror?.fullName ?? request.fullName,
    known: kept,
    mirrored: kept && mirror.project !== null,
    wanted: mirror !== null && (mirror.starred || mirror.pinned || mirror.keptBy !== null),
    starred: mirror?.starred ?? null,
    paused: false,
    unstarPolicy: rules.unstarPolicy,
    graceMs: rules.graceMs,
  };
}

function factsAreFresh(mirror: Mirror, observedAt: string | undefined): boolean {
  const readAt = mirror.upstream.readAt === null ? Number.NaN : Date.parse(mirror.upstream.readAt);
  if (observedAt === undefined || Number.isNaN(readAt) || mirror.upstream.cloneUrl === null) return false;
  return readAt >= Date.parse(observedAt) && Date.now() - readAt < FACTS_FRESH_MS;
}
