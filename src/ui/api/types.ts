import type { Schemas } from '../../client/client.ts';
import type { paths } from '../../client/schema.ts';

/** What the api answers with, by the names this UI has for it: the shapes are those of the api's own document. */

export type Who = Schemas['Who'];
export type Scope = Who['scope'];
export type Stats = Schemas['Stats'];
export type Day = Stats['days'][number];
export type Mirror = Schemas['Mirror'];
export type Status = Mirror['status'];
export type MirrorPage = Schemas['MirrorPage'];
export type Facets = Schemas['MirrorFacets'];
export type Sync = Schemas['Sync'];
export type Timeline = Schemas['Timeline'];
export type TimelineEntry = Timeline['entries'][number];
export type Tip = Schemas['ArchivedTip'];
export type RunningTransfer = Schemas['RunningTransfer'];
export type Delivery = Schemas['Delivery'];
export type DeliveryDetail = Schemas['DeliveryDetail'];
export type Deletion = Schemas['Deletion'];
export type Reading = Schemas['Reading'];
export type Batch = Schemas['Batch'];
export type AuditEvent = Schemas['AuditEvent'];
export type Alert = Schemas['Alert'];
export type Setting = Schemas['Setting'];
export type Settings = Schemas['Settings'];
export type SettingTest = Schemas['Probe'];
export type FilterPreview = Schemas['FilterPreview'];
export type Change = FilterPreview['changes']['newlyKept'];
export type ApiKey = Schemas['Key'];
export type Chain = Schemas['AuditChain'];
export type Places = Schemas['Places'];

/** What a list can be asked for, beside which page of it. */
type QueryOf<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Query } } }
  ? Omit<NonNullable<Query>, 'limit' | 'cursor'>
  : never;

export type MirrorQuery = QueryOf<'/mirrors'>;
export type MirrorSort = NonNullable<MirrorQuery['sort']>;
export type DeliveryFilters = QueryOf<'/deliveries'>;
export type AuditFilters = QueryOf<'/audit'>;
