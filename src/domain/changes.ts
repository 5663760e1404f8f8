/** What changed in the record, for those who look on: a hint to look again, never a fact to act on. */

export const CHANGE_KINDS = [
  'mirror',
  'sync',
  'deletion',
  'delivery',
  'batch',
  'reading',
  'alert',
  'settings',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  /** Ascending, with gaps; a later number may be told before an earlier one. */
  id: string;
  kind: ChangeKind;
  /** Of what changed, by name: `mirrorId`, `syncId` … */
  ids: Record<string, string>;
}
