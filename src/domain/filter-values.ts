import { entriesIn, WordError, wordsIn, type Word } from './filter-words.ts';

/** What each filter setting's text means. All of these throw `WordError`. */

/** Something is kept if it is among the wanted (or none are named) and not among the unwanted. */
export interface Wanted {
  wanted: string[];
  unwanted: string[];
}

export type Presence = 'keep' | 'skip' | 'only';

/** Between commas, since names of languages have spaces in them. */
export function languages(text: string): Wanted {
  return split(entriesIn(text));
}

/** Between commas or spaces. */
export function topics(text: string): Wanted {
  const words = wordsIn(text);
  const wrong = words.find((word) => !/^!?[a-z0-9-]*$/i.test(word.text));
  if (wrong) throw new WordError(wrong, 'a topic has letters, digits and hyphens only');
  return split(words);
}

function split(words: Word[]): Wanted {
  const empty = words.find((word) => word.text === '!');
  if (empty) throw new WordError(empty, 'there is no name after the `!`');
  const all = words.map((word) => word.text);
  return {
    wanted: all.filter((word) => !word.startsWith('!')),
    unwanted: all.filter((word) => word.startsWith('!')).map((word) => word.slice(1)),
  };
}

/** Names with `*` and `?`, between commas or spaces. */
export function globs(text: string): string[] {
  return wordsIn(text).map((word) => {
    const problem = globProblem(word.text);
    if (problem) throw new WordError(word, problem);
    return word.text;
  });
}

function globProblem(glob: string): string | null {
  if (glob.startsWith('!')) return 'names are not negated; INCLUDE and EXCLUDE are two settings';
  const foreign = /[^\w./*?-]/.exec(glob)?.[0];
  if (foreign !== undefined) return `\`${foreign}\` is in no name on GitHub; only \`*\` and \`?\` stand for others`;
  return /^[^/]+\/[^/]+$/.test(glob) ? null : 'a name is OWNER/NAME, such as torvalds/* or */dotfiles';
}

function only(text: string, what: string): Word | null {
  const [word, second] = wordsIn(text);
  if (second) throw new WordError(second, `there is one ${what} too many`);
  return word ?? null;
}

/** 0 for an empty text. */
export function minStars(text: string): number {
  const word = only(text, 'number');
  if (word && !/^\d{1,9}$/.test(word.text))
    throw new WordError(word, 'a number of stars is a whole number, such as 50');
  return Number(word?.text ?? 0);
}

const UNIT_BYTES: Record<string, number> = {
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** @returns KB of 1,000 bytes; `null` for an empty text: any size */
export function maxSizeKb(text: string): number | null {
  const word = { text: text.trim(), position: text.length - text.trimStart().length + 1 };
  if (word.text === '') return null;
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?) *([a-z]+)$/i.exec(word.text) ?? [];
  const bytes = Number(amount) * (UNIT_BYTES[unit?.toLowerCase() ?? ''] ?? Number.NaN);
  if (Number.isNaN(bytes))
    throw new WordError(word, 'a size is a number with KB, MB, GB, KiB, MiB or GiB, such as 2GB');
  if (bytes < 1000) throw new WordError(word, 'nothing is that small; a size begins at 1KB');
  return bytes / 1000;
}

/** `keep` for an empty text. */
export function presence(text: string): Presence {
  const word = only(text, 'word');
  const given = word?.text.toLowerCase() ?? 'keep';
  if (given === 'keep' || given === 'skip' || given === 'only') return given;
  throw new WordError(word as Word, 'it is one of keep, skip and only');
}
