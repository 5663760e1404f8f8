import { closest } from 'fastest-levenshtein';
import type { FilterTexts } from '../domain/batches.ts';
import { FILTER_NAMES, FilterError, parseFilters, type FilterName } from '../domain/filters.ts';
import { UsageError } from './refusal.ts';

/** `--filter NAME=VALUE`, repeatable: the same words as the settings `STARKEEP_FILTER_NAME`. */

/** @throws ConfigError with the word and its place when a filter does not parse, and for a name that is none */
export function filterTexts(options: readonly string[]): FilterTexts {
  const texts: FilterTexts = {};
  for (const option of options) {
    const [, word = '', value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    const name = nameOf(word, option);
    if (texts[name] !== undefined) throw new UsageError(`--filter ${word} is given twice; put both into one.`);
    texts[name] = value;
  }
  try {
    parseFilters(texts);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const [, rest = error.message] = /^STARKEEP_FILTER_\w+(.*)$/s.exec(error.message) ?? [];
    throw new UsageError(`--filter ${error.filter.toLowerCase()}${rest}`);
  }
  return texts;
}

function nameOf(word: string, option: string): FilterName {
  const name = word.trim().toUpperCase().replaceAll('-', '_');
  const known = FILTER_NAMES.find((filter) => filter === name);
  if (known) return known;
  const words = FILTER_NAMES.map((filter) => filter.toLowerCase());
  if (word === '') {
    throw new UsageError(`--filter must be NAME=VALUE, such as languages=Go,Rust, but is "${option}".`);
  }
  throw new UsageError(
    `--filter has no "${word}". Did you mean ${closest(name.toLowerCase(), words)}? There are ${words.join(', ')}.`,
  );
}
