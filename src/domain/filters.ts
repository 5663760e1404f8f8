import {
  globs,
  languages,
  maxSizeKb,
  minStars,
  presence,
  topics,
  type Presence,
  type Wanted,
} from './filter-values.ts';
import { fits, WordError, wordsIn } from './filter-words.ts';
import type { SourceRepository } from './model.ts';

/**
 * Which starred repositories are kept, as a pure function with a reason. A mirror that a filter excludes is left as it is, never
 * deleted; that is its workflow's part.
 */

export const FILTER_NAMES = [
  'LANGUAGES',
  'TOPICS',
  'MIN_STARS',
  'MAX_SIZE',
  'ARCHIVED',
  'FORKS',
  'INCLUDE',
  'EXCLUDE',
] as const;

/** The part of a setting's name after `STARKEEP_FILTER_`. */
export type FilterName = (typeof FILTER_NAMES)[number];

/** What each setting means; plain JSON. Without any of them everything is kept. */
export interface Filters {
  languages: Wanted;
  topics: Wanted;
  minStars: number;
  /** In KB of 1,000 bytes, as GitHub's estimate; `null`: any size. */
  maxSizeKb: number | null;
  archived: Presence;
  forks: Presence;
  /** Globs over `owner/name`. What fits one is kept whatever the rest says. */
  include: string[];
  /** Globs over `owner/name`. */
  exclude: string[];
}

/** What the filters look at. */
export type FilterFacts = Pick<
  SourceRepository,
  'fullName' | 'archived' | 'fork' | 'language' | 'topics' | 'stars' | 'sizeKb'
>;

export type Verdict = { kept: true } | { kept: false; reason: string };

/** A filter setting that does not parse. The message is a whole sentence with setting, word and place. */
export class FilterError extends Error {
  readonly filter: FilterName;
  readonly word: string;
  /** Of the word's first character in the setting, counted from 1. */
  readonly position: number;

  constructor(filter: FilterName, { word, message }: WordError) {
    super(`${settingOf(filter)}: \`${word.text}\` at character ${word.position}: ${message}.`);
    this.name = 'FilterError';
    this.filter = filter;
    this.word = word.text;
    this.position = word.position;
  }
}

/** @throws FilterError for the first setting that does not parse; one that is empty or absent filters nothing */
export function parseFilters(settings: Partial<Record<FilterName, string | undefined>>): Filters {
  const parsed = <T>(filter: FilterName, parse: (text: string) => T): T => {
    const text = settings[filter] ?? '';
    try {
      if (text !== '' && wordsIn(text).length === 0)
        throw new WordError({ text, position: 1 }, 'there is nothing in it');
      return parse(text);
    } catch (error) {
      if (error instanceof WordError) throw new FilterError(filter, error);
      throw error;
    }
  };
  return {
    languages: parsed('LANGUAGES', languages),
    topics: parsed('TOPICS', topics),
    minStars: parsed('MIN_STARS', minStars),
    maxSizeKb: parsed('MAX_SIZE', maxSizeKb),
    archived: parsed('ARCHIVED', presence),
    forks: parsed('FORKS', presence),
    include: parsed('INCLUDE', globs),
    exclude: parsed('EXCLUDE', globs),
  };
}

/** What the filters say of a repository; the reason is one sentence. `INCLUDE` goes before everything, `EXCLUDE` before the rest. */
export function filterVerdict(filters: Filters, repository: FilterFacts): Verdict {
  const fitting = (list: string[]): string | undefined => list.find((glob) => fitsName(glob, repository.fullName));
  if (fitting(filters.include) !== undefined) return { kept: true };
  const excluded = fitting(filters.exclude);
  const reason =
    excluded === undefined
      ? (RULES.map((rule) => rule(filters, repository)).find((found) => found !== null) ?? null)
      : `${settingOf('EXCLUDE')} has \`${excluded}\`, which fits its name.`;
  return reason === null ? { kept: true } : { kept: false, reason };
}

type Rule = (filters: Filters, repository: FilterFacts) => string | null;

const RULES: Rule[] = [
  ({ archived }, repository) => presenceReason('ARCHIVED', archived, repository.archived, 'archived'),
  ({ forks }, repository) => presenceReason('FORKS', forks, repository.fork, 'a fork'),
  ({ languages }, { language }) => {
    const of = language === null ? 'It has no language that GitHub recognises' : `Its language is ${language}`;
    return wantedReason('LANGUAGES', languages, language === null ? [] : [language], of);
  },
  ({ topics }, repository) => {
    const of = repository.topics.length === 0 ? 'It has no topics' : `Its topics are ${listed(repository.topics)}`;
    return wantedReason('TOPICS', topics, repository.topics, of);
  },
  ({ minStars }, { stars }) =>
    stars >= minStars ? null : `It has ${stars} stars, and ${settingOf('MIN_STARS')} is ${minStars}.`,
  ({ maxSizeKb }, { sizeKb }) =>
    // GitHub computes sizes hourly: 0 is a new repository's, and says nothing.
    maxSizeKb === null || sizeKb <= maxSizeKb || sizeKb === 0
      ? null
      : `GitHub puts its size at ${size(sizeKb)}, and ${settingOf('MAX_SIZE')} is ${size(maxSizeKb)}.`,
];

function presenceReason(filter: FilterName, rule: Presence, is: boolean, what: string): string | null {
  if (rule === 'keep' || (rule === 'only') === is) return null;
  return `It is ${is ? '' : 'not '}${what}, and ${settingOf(filter)} is \`${rule}\`.`;
}

function wantedReason(filter: FilterName, { wanted, unwanted }: Wanted, has: string[], of: string): string | null {
  const among = (list: string[]): string | undefined => list.find((one) => has.some((own) => sameWord(own, one)));
  const refused = among(unwanted);
  if (refused !== undefined) return `${of}, and ${settingOf(filter)} refuses ${refused}.`;
  if (wanted.length === 0 || among(wanted) !== undefined) return null;
  return `${of}, and ${settingOf(filter)} keeps only ${listed(wanted)}.`;
}

/** GitHub writes a language's spaces as hyphens in its own searches, so both ways are one. */
function sameWord(one: string, other: string): boolean {
  const plain = (word: string) => word.toLowerCase().replaceAll(' ', '-');
  return plain(one) === plain(other);
}

function fitsName(glob: string, fullName: string): boolean {
  const [ownerGlob = '', nameGlob = ''] = glob.split('/');
  const [owner = '', name = ''] = fullName.split('/');
  return fits(ownerGlob, owner) && fits(nameGlob, name);
}

function settingOf(filter: FilterName): string {
  return `STARKEEP_FILTER_${filter}`;
}

/** How many entries of a list a reason names. */
const LISTED = 5;

function listed(all: string[]): string {
  const more = all.length - LISTED;
  return all.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `1.2 GB`; in units of 1,000. */
export function size(kb: number): string {
  const units = ['KB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(kb, 1)) / 3)));
  return `${Number((kb / 1000 ** unit).toPrecision(3))} ${units[unit]}`;
}
