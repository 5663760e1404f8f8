import type { AlertKind, AlertNews, AlertNotice, AlertView, Condition, DeliveryRhythm, Verdict } from './alerts.ts';
import type { AuditEntry, AuditEvent, AuditFilter, AuditVerdict } from './audit.ts';
import type { Change } from './changes.ts';
import type { EnteredChanges, EnteredSetting } from './entered-settings.ts';
import type { Figures } from './figures.ts';
import type { ApiKey, KeyScope } from './keys.ts';
import type {
  DeletionStates,
  DeletionView,
  DeliveryDetail,
  DeliveryFilter,
  DeliveryView,
  MirrorFacets,
  MirrorFilter,
  MirrorPage,
  MirrorQuery,
  MirrorUnderWay,
  MirrorView,
  SyncDay,
  SyncView,
  Totals,
} from './overview.ts';
import type { PreviewCandidate } from './filter-preview.ts';
import type { EffectiveSetting } from './seen-settings.ts';
import type { Session } from './sessions.ts';
import type { ReadingKind } from './model.ts';

/** What the service keeps about itself and whoever uses it, and what of the record they look at. All failures are `Failure`s. */

/** The keys of the API. A key's text is told once, when it is made, and kept nowhere. */
export interface KeyStore {
  /** @returns `null` when a key that is valid has the name */
  create(wanted: { name: string; scope: KeyScope }): Promise<{ key: ApiKey; text: string } | null>;
  /** Makes the first admin key, in one statement. @returns its text; `null` when there is an admin key already */
  createFirst(): Promise<string | null>;
  /**
   * Makes the key of the setting what the setting says, and revokes the one it named before.
   * @param text `undefined`: the setting is not set
   * @returns what changed; `null`: nothing
   */
  adoptSetting(text: string | undefined): Promise<'created' | 'revoked' | null>;
  /** Whose text that is, and notes that it was used. @returns `null` when it is nobody's, or was revoked */
  identify(text: string): Promise<ApiKey | null>;
  /** All there ever were, the oldest first. */
  list(): Promise<ApiKey[]>;
  /** @returns `null` when no valid key has that id */
  revoke(keyId: string): Promise<ApiKey | null>;
  hasAdmin(): Promise<boolean>;
}

export interface AuditPage extends AuditFilter {
  /** An event id: only older ones. */
  before?: string | null;
  /** An event id: only newer ones. */
  after?: string | null;
  oldestFirst?: boolean;
  limit: number;
}

/** Browsers that were let in by a key, each known by a text that only it has. */
export interface SessionStore {
  /**
   * Begins one in the name of a key. Sessions that are over are forgotten, and the oldest of a key that would have too many.
   * @returns `null` when the key was revoked
   */
  begin(keyId: string): Promise<{ session: Session; text: string } | null>;
  /** Whose session that is, and notes that it was used. @returns `null` when there is none, it is over, or its key was revoked */
  identify(text: string): Promise<{ key: ApiKey; session: Session } | null>;
  /** May be repeated. */
  end(text: string): Promise<void>;
}

/** The append-only, hash-chained log of what was asked for, and of what was done. */
export interface AuditStore {
  /** When this returns, the entry is durable. Writers wait for each other, so that the chain never forks. */
  append(entry: AuditEntry): Promise<AuditEvent>;
  /** Newest first, unless `oldestFirst`. */
  read(page: AuditPage): Promise<AuditEvent[]>;
  /** Writes the entries of webhook deliveries that have none yet, oldest first. @returns how many */
  takeInDeliveries(limit: number): Promise<number>;
  /** Computes the whole chain anew. @returns the first entry that is not as it was written, when there is one */
  verify(): Promise<AuditVerdict>;
}

/** What a person should know of, whether it still is so, and the messages about it. */
export interface AlertStore {
  /** Opens an alert with its messages in one transaction. While it is open, doing so again only brings its words up to date. */
  raise(accountId: string | null, condition: Condition): Promise<void>;
  /** Closes it where it is open, and has those told who were told of it. */
  clear(accountId: string | null, over: Verdict['clear'][number]): Promise<void>;
  /** What was raised or cleared since the last call, once. */
  takeNews(): Promise<AlertNews[]>;
  /** Channels that have messages to send. */
  channelsDue(): Promise<string[]>;
  /** The oldest first. @param after a message id: only later ones */
  due(channel: string, limit: number, after: string | null): Promise<{ messageId: string; notice: AlertNotice }[]>;
  noteSent(messageIds: string[]): Promise<void>;
  /** The channel did not take them this time. */
  noteTrouble(messageIds: string[], reason: string): Promise<void>;
  /**
   * Has the alerts say what the record says, tells new channels of what is open, drops what nobody sends any more, and forgets what is long over.
   * May be repeated.
   */
  tidy(): Promise<{ dropped: number }>;
  /** Newest first. @param page.before an alert id: only older ones */
  page(page: { before: string | null; limit: number; openOnly: boolean; kind?: AlertKind }): Promise<AlertView[]>;
  countOpen(): Promise<Record<string, number>>;
  /** ISO time at which something was looked at last; `null`: never. */
  checkedAt(name: string): Promise<string | null>;
  noteChecked(name: string): Promise<void>;
  /** ISO time of the last webhook delivery; `null`: there was none. */
  lastDeliveryAt(): Promise<string | null>;
  /** How deliveries came in the thirty days up to that time. */
  deliveryRhythm(lastAt: string): Promise<DeliveryRhythm>;
  /** Readings of a kind that had trouble, since the last that had none. */
  troublesInARow(accountId: string, kind: ReadingKind): Promise<number>;
}

/** What the settings were at the last start of each role. */
export interface SettingsStore {
  /**
   * Compares the settings with those of the last start and has the difference in the audit log, in one transaction; may be repeated. If we die
   * here, the next start compares with the same as this one.
   * @returns the names of those that differ; at the first start all that have a value
   */
  note(role: 'api' | 'worker', version: string, settings: EffectiveSetting[]): Promise<string[]>;
}

/** What was entered, as this process can read it. */
export interface EnteredSettings {
  /** Differs whenever something was entered or taken back. */
  stamp: string;
  settings: EnteredSetting[];
  /** Sealed with a key that this process does not have, or changed by somebody in the database. */
  unopened: { name: string; keyId: string; why: 'no such key' | 'changed' }[];
}

/** Settings that people entered, sealed. */
export interface EnteredSettingsStore {
  /** Without a key nothing can be entered. */
  readonly canSeal: boolean;
  /** Empty while the database is not up to date. */
  read(): Promise<EnteredSettings>;
  /** All of the changes or none; may be repeated. */
  change(changes: EnteredChanges, by: string): Promise<void>;
}

/** An answer as it is given again. `body` is `null` where it was not kept. */
export interface KeptAnswer {
  status: number;
  body: string | null;
  type: string | null;
}

/** Requests that carry a key of the sender's own making, and what they were answered. */
export interface AnswerStore {
  /**
   * In one statement, so that of two that come at once one is done.
   * @returns `mine`: do it, and {@link finish} · `answered`: it was done · `under_way`: somebody is doing it · `other`: the key was another request's
   */
  begin(request: {
    keyId: string;
    requestKey: string;
    digest: Uint8Array;
  }): Promise<{ state: 'mine' | 'under_way' | 'other' } | { state: 'answered'; answer: KeptAnswer }>;
  /** @param answer `null`: forget it, so that it can be sent again */
  finish(request: { keyId: string; requestKey: string }, answer: KeptAnswer | null): Promise<void>;
  forgetOld(): Promise<void>;
}

/** What changed in the last quarter of an hour. */
export interface ChangeStore {
  /** The last number that was given; `0`: none yet. */
  newest(): Promise<string>;
  /**
   * What changed after that number, in their order; some that came just before it too, since numbers are not told in their order.
   * @returns `null` when that is not known any more, or is more than `limit`
   */
  since(id: string, limit: number): Promise<Change[] | null>;
  forgetOld(): Promise<void>;
}

/** What people and programs look at, a page at a time. Read only. */
export interface OverviewStore {
  mirrors(query: MirrorQuery): Promise<MirrorPage>;
  countMirrors(filter: MirrorFilter): Promise<number>;
  /** By name. @param which.search part of it, in any case of letters */
  mirrorNames(which: { search: string | null; limit: number }): Promise<string[]>;
  /** @param limit of each kind */
  facets(limit: number): Promise<MirrorFacets>;
  totals(): Promise<Totals>;
  /** The last so many UTC days, the oldest first, also those on which nothing was. */
  syncDays(days: number): Promise<SyncDay[]>;
  mirror(mirrorId: string): Promise<MirrorView | null>;
  /** Newest first. @param page.before a sync id: only older ones */
  syncs(mirrorId: string, page: { before: string | null; limit: number }): Promise<SyncView[]>;
  /** Syncs that run, the oldest first. */
  underWay(limit: number): Promise<MirrorUnderWay[]>;
  /** Newest first. @param page.before a guid: only what came before that delivery; nothing when there is none */
  deliveries(page: DeliveryFilter & { before: string | null; limit: number }): Promise<DeliveryView[]>;
  delivery(guid: string): Promise<DeliveryDetail | null>;
  /**
   * Of `open` the next to be carried out first, else the newest first.
   * @param page.mirrorId only of that mirror
   * @param page.after a deletion id: only what comes after it in that order; nothing when there is none
   */
  deletions(page: {
    states: DeletionStates;
    mirrorId?: string | null;
    after: string | null;
    limit: number;
  }): Promise<DeletionView[]>;
  /** What is not over yet, the next to be carried out first. @param mirrorId only of that mirror */
  openDeletions(mirrorId?: string): Promise<DeletionView[]>;
  /** What the filters are about: everything that is starred, or was added by hand. */
  previewCandidates(): Promise<PreviewCandidate[]>;
}

/** What is watched from outside; read only, and as cheap as a look every few seconds needs it. */
export interface FiguresStore {
  read(): Promise<Figures>;
}
