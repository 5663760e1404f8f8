import { activityInfo, Context, log } from '@temporalio/activity';
import { heldReading, troubledReadings, type AlertKind } from '../domain/alerts.ts';
import { Failure, toFailure } from '../domain/failures.ts';
import { filterVerdict } from '../domain/filters.ts';
import type { ReadingKind, SourceRepository } from '../domain/model.ts';
import type { ListedRepository, StarredChange } from '../domain/record-stores.ts';
import type {
  ReadingEnd,
  ReadingPlan,
  ReadingRequest,
  ReadingSummary,
  StarsRead,
  StarsRequest,
} from '../domain/record.ts';
import { conclude, incompleteBecause, type Conclusion } from '../domain/sweep.ts';
import { unclaimedProjects } from '../domain/unclaimed.ts';
import { createAccountLookup } from './account.ts';
import { raiseRefusal, tellOfAlerts } from './alerts.ts';
import type { ActivityPorts } from './ports.ts';
import { signalAll } from './signals.ts';

/** How old the last complete reading may be before the next one is due. */
const SWEEP_EVERY_MS = 3_600_000;

/** Of the 5,000 requests an hour a token has, so many are left to what webhooks set off. Without one there are 60, and no room for that. */
const RESERVE = 500;

/** Projects named in one log line; the count is always whole. */
const UNCLAIMED_NAMED = 5;

export function createReadingActivities(ports: ActivityPorts) {
  const { source, target, mirrors, readings, accounts, alerts, control, rules } = ports;
  const account = createAccountLookup(ports);
  /** What is kept anyway stays in the record as starred: it is asked about when it goes missing, and not at every reading after that. */
  const askOnce = rules.unstarPolicy === 'keep';
  let isUnclaimedTold = false;

  return {
    /** Decides what kind of reading is due. If we die here, the next attempt gets the same reading, of the kind that the first decided on. */
    async beginReading({ correlationId, full, kind: wanted }: ReadingRequest): Promise<ReadingPlan> {
      const { accountId } = await orRaise(account);
      const pushedUntil = await readings.pushWatermark(accountId);
      const { readingId, kind } = await readings.begin(
        accountId,
        correlationId,
        wanted ?? (await dueKind(accountId, full)),
      );
      return { readingId, kind, pushedUntil, waitAtMostMs: rules.reconcileEveryMs };
    },

    /**
     * Reads one page of one list into the record and reaches the mirrors that have something to do. If we die between the two, the next
     * attempt, or reading, finds them still unsettled in the record and reaches them then.
     */
    async readStars(request: StarsRequest): Promise<StarsRead> {
      const { accountId } = await orRaise(account);
      keepReserve();
      const observedAt = new Date().toISOString();
      const page = await (request.list === 'sweep' ? readPage(request) : orRaise(() => readPage(request)));
      const before =
        request.list === 'newest' ? await readings.starredAmong(accountId, idsOf(page.repositories)) : null;
      // Only what reads everything may say later what it has not seen.
      const everything = request.list === 'sweep' || request.list === 'list';
      const listed = page.repositories.map((repository) => withVerdict(repository));
      const changes = await mirrors.saveStarPage(accountId, listed, everything ? request.readingId : undefined);
      await signalAll(
        control,
        changes,
        ({ repoId, fullName }: StarredChange) => ({
          kind: 'starred',
          trigger: 'reconcile',
          repoId,
          fullName,
          observedAt,
          correlationId: `${request.correlationId}-${repoId}`,
        }),
        { accountId },
      );
      const seen = page.repositories.length;
      const { correlationId, list } = request;
      log.info('star page read', { correlationId, list, seen, signalled: changes.length, gap: page.gap });
      const { gap, total } = page;
      // What an attempt wrote before it died looks as if it had been known: whether there is more, the next page says.
      const goesOn = activityInfo().attempt > 1 || hasNews(page, before, request);
      return { next: goesOn ? page.next : null, seen, signalled: changes.length, total, gap };
    },

    /**
     * Concludes a reading. Only a complete sweep may say that something is absent, and even then each absence is only asked about: the mirror's
     * own workflow proves it. If we die between asking and ending, the next attempt asks again, which is harmless.
     */
    async endReading(request: ReadingEnd): Promise<ReadingSummary> {
      const { correlationId, readingId, kind } = request;
      const tally = kind === 'quick' ? request.tally : { ...request.tally, seen: await readings.seenIn(readingId) };
      const incompleteWhy = kind === 'sweep' ? incompleteBecause(tally) : `a ${kind} reading proves no absence`;
      const facts = {
        ...(await readings.absence(readingId, askOnce)),
        seen: tally.seen,
        atOnce: rules.deleteBudget.max,
      };
      const conclusion = incompleteWhy === null ? conclude(facts) : null;
      const absent = conclusion === null ? 0 : facts.absent;
      if (conclusion?.kind === 'ask') await askAbout(readingId, correlationId);
      // What a plain reading cannot prove is no trouble; what it could not read is.
      const trouble = kind === 'sweep' ? incompleteWhy : (tally.flaws[0] ?? null);
      await readings.end(readingId, {
        tally,
        signalled: request.signalled,
        absent,
        incompleteWhy,
        conclusion,
        trouble,
      });
      await settleAlerts({ readingId, kind, pages: tally.pages, trouble, conclusion });
      const fields = { correlationId, readingId, kind, seen: tally.seen, total: tally.total, absent, incompleteWhy };
      if (conclusion && 'reason' in conclusion) {
        const { kind: verdict, reason } = conclusion;
        log.error('absent stars held back', { ...fields, conclusion: verdict, reason });
      } else log.info('star list read', { ...fields, conclusion: conclusion?.kind ?? null });
      if (kind !== 'quick' && !isUnclaimedTold) await tellUnclaimed(correlationId);
      const { signalled } = request;
      return { kind, incompleteWhy, seen: tally.seen, signalled, absent, conclusion: conclusion?.kind ?? null };
    },
  };

  /** What a person has to mend is raised at once: the workflow fails with it, and leaves nothing in the record. */
  async function orRaise<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof Failure) {
        await raiseRefusal(ports, error);
        await tellOfAlerts(ports);
      }
      throw error;
    }
  }

  /** If we die here, the next attempt, or else the next reading, says the same. */
  async function settleAlerts(ended: EndedReading): Promise<void> {
    const accountId = (await accounts.current())?.accountId ?? null;
    const { readingId, kind, pages, trouble, conclusion } = ended;
    const over = (alert: AlertKind, subject: string, because: string) =>
      alerts.clear(accountId, { kind: alert, subject, because });
    if (pages > 0) {
      await over('star_list_refused', '', 'a reading got through');
      await over('token_refused', 'GitHub', 'GitHub takes the token');
    }
    const inARow = trouble === null || accountId === null ? 0 : await alerts.troublesInARow(accountId, kind);
    const incomplete = trouble === null ? null : troubledReadings(kind, trouble, inARow);
    if (incomplete) await alerts.raise(accountId, incomplete);
    // What everything was read for says it of the plain list too, which is read only in its place.
    else if (trouble === null) {
      for (const one of kind === 'sweep' ? ['sweep', 'list'] : [kind])
        await over('star_list_incomplete', one, 'a reading was whole');
    }
    if (conclusion) {
      const held = conclusion.kind === 'hold' ? heldReading(conclusion.reason, readingId) : null;
      const refused = conclusion.kind === 'refuse' ? heldReading(conclusion.reason, null) : null;
      if (held) await alerts.raise(accountId, held);
      else await over('star_list_held', 'held', 'a complete reading has what was missing, or it was asked about');
      if (refused) await alerts.raise(accountId, refused);
      else await over('star_list_held', 'refused', 'a complete reading has stars again');
    }
    await tellOfAlerts(ports);
  }

  async function dueKind(accountId: string, full: boolean): Promise<'quick' | 'sweep' | 'list'> {
    if (!source.canSweep) return 'list';
    const last = await readings.lastComplete(accountId);
    const due = last === null || Date.now() - Date.parse(last.startedAt) >= SWEEP_EVERY_MS;
    return full || due ? 'sweep' : 'quick';
  }

  async function readPage({ list, cursor }: StarsRequest): Promise<Page> {
    switch (list) {
      case 'sweep': {
        const { repositories, next, total, flaw } = await source.sweepPage(cursor);
        return { repositories, next, total, gap: flaw };
      }
      case 'pushed':
        return { ...(await source.recentlyPushed(cursor)), total: null };
      // One page for both, which its ETag makes free where nothing changed. What is new the record says, never the ETag: a reading that dies after
      // the answer and before the record would have used up a "changed" for ever.
      case 'newest':
      case 'list':
        return { ...(await source.starPage(cursor)), total: null };
    }
  }

  function withVerdict(repository: SourceRepository): ListedRepository {
    const verdict = filterVerdict(rules.filters, repository);
    return verdict.kept ? repository : { ...repository, exclusion: verdict.reason };
  }

  /** Webhooks are worth more than a reading that comes round again. */
  function keepReserve(): void {
    const budget = source.limits();
    if (!source.canCheckStars || !budget || budget.remaining > RESERVE) return;
    const retryAfterMs = budget.reset * 1000 - Date.now();
    // What the last answer said of an hour that is over says nothing: if nobody asks, nobody hears that the next one has begun.
    if (retryAfterMs <= 0) return;
    const message = `${budget.remaining} requests are left for webhooks until the hour is over`;
    throw new Failure('SourceRateLimited', message, { retryAfterMs });
  }

  /**
   * Once per process, after everything starred is in the record: what is on OneDev with our marker and no mirror is left as it is, and said. An
   * OneDev that is away is no reason to call the reading failed; the next one looks.
   */
  async function tellUnclaimed(correlationId: string): Promise<void> {
    try {
      const found = await unclaimedProjects({ target, mirrors });
      isUnclaimedTold = true;
      if (found.length === 0) return;
      const paths = found.slice(0, UNCLAIMED_NAMED).map(({ path }) => path);
      log.warn('marked projects without a mirror are left as they are', { correlationId, count: found.length, paths });
    } catch (error) {
      const { kind, message } = toFailure(error);
      log.info('marked projects could not be looked for', { correlationId, kind, reason: message });
    }
  }

  async function askAbout(readingId: string, correlationId: string): Promise<number> {
    const absent = await readings.absentOnes(readingId, askOnce);
    const known = await accounts.current();
    await signalAll(
      control,
      absent,
      ({ repoId, fullName }) => ({
        kind: 'unstarred',
        trigger: 'reconcile',
        repoId,
        fullName,
        correlationId: `${correlationId}-${repoId}`,
      }),
      known ? { accountId: known.accountId } : {},
    );
    Context.current().heartbeat();
    return absent.length;
  }
}

interface EndedReading {
  readingId: string;
  kind: ReadingKind;
  pages: number;
  trouble: string | null;
  conclusion: Conclusion | null;
}

interface Page {
  repositories: SourceRepository[];
  next: string | null;
  total: number | null;
  gap: string | null;
}

/** Newest first: a page without anything new ends it. Latest push first: a page that reaches what was known ends it. */
function hasNews(page: Page, before: Set<string> | null, { list, pushedUntil }: StarsRequest): boolean {
  if (before !== null) return page.repositories.some(({ repoId }) => !before.has(repoId));
  if (list !== 'pushed') return true;
  const until = pushedUntil === null ? 0 : Date.parse(pushedUntil);
  return page.repositories.every(({ pushedAt }) => pushedAt !== null && Date.parse(pushedAt) > until);
}

function idsOf(repositories: SourceRepository[]): string[] {
  return repositories.map(({ repoId }) => repoId);
}
