/** The words of a filter setting: cut out with their places, and matched against names without regular expressions. */

export interface Word {
  text: string;
  /** Of its first character in the setting, counted from 1. */
  position: number;
}

/** A word that cannot stay. The message completes "SETTING: `word` at character N: ". */
export class WordError extends Error {
  readonly word: Word;

  constructor(word: Word, problem: string) {
    super(problem);
    this.name = 'WordError';
    this.word = word;
  }
}

/** Words between commas, spaces and line breaks. */
export function wordsIn(text: string): Word[] {
  return [...text.matchAll(/[^\s,]+/g)].map((found) => ({ text: found[0], position: found.index + 1 }));
}

/**
 * Entries between commas and line breaks, which may be in double quotes (after a `!`, too). A space outside of quotes is refused: whether `Go
 * Rust` is one language or two would be a guess, and a wrong one keeps nothing at all.
 */
export function entriesIn(text: string): Word[] {
  const entries = [...text.matchAll(/(?:"[^"]*"|[^,\n"])+|"[^,\n]*/g)].map((found) => {
    const indent = found[0].length - found[0].trimStart().length;
    return { text: found[0].trim(), position: found.index + indent + 1 };
  });
  return entries.filter((entry) => entry.text !== '').map(unquoted);
}

function unquoted(entry: Word): Word {
  const [, not = '', quoted] = /^(!?)\s*"([^"]*)"$/.exec(entry.text) ?? [];
  if (quoted !== undefined) {
    if (quoted.trim() === '') throw new WordError(entry, 'there is nothing between the quotes');
    return { ...entry, text: not + quoted.trim() };
  }
  if (entry.text.includes('"')) throw new WordError(entry, 'quotes stand around a whole name');
  if (/\s/.test(entry.text.replace(/^!\s*/, ''))) {
    throw new WordError(entry, 'put a comma between two names, or double quotes around one that has a space in it');
  }
  return { ...entry, text: entry.text.replace(/^!\s+/, '!') };
}

/**
 * Whether `name` fits `glob`, in any case of letters: `*` stands for any characters, `?` for one. Takes at most the product of the two
 * lengths in steps, whatever is in them.
 */
export function fits(glob: string, name: string): boolean {
  const pattern = glob.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern;
      inPattern += 1;
      retry = at;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      inPattern += 1;
      at += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      retry += 1;
      at = retry;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
