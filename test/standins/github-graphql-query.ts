/** Reads GraphQL queries: one operation with variables, arguments and selections. No fragments, directives or aliases. */

export interface Selection {
  name: string;
  arguments: Record<string, Value>;
  /** `null`: none, as for a scalar. */
  selections: Selection[] | null;
}

export type Value = string | number | boolean | null | { [name: string]: Value };

/** The message is GitHub's for what the parser cannot go on from. */
export class QueryError extends Error {}

const TOKEN = /[\s,]+|#[^\n]*|([{}()[\]:!=$@|]|\.\.\.)|([A-Za-z_]\w*)|(-?\d+)(?![\d.\w])|("(?:[^"\\\n]|\\.)*")|(.)/gy;

interface Token {
  kind: 'mark' | 'name' | 'number' | 'text';
  text: string;
}

/** @returns the fields of the query, with variables replaced by what `variables` has for them */
export function parseQuery(source: string, variables: Record<string, unknown>): Selection[] {
  const tokens = tokensOf(source);
  let at = 0;

  const unexpected = (): QueryError => {
    const token = tokens[at];
    return new QueryError(`Parse error on ${token ? `"${token.text}"` : 'end of file'}`);
  };
  const next = (text: string): boolean => {
    if (tokens[at]?.kind !== 'mark' || tokens[at]?.text !== text) return false;
    at += 1;
    return true;
  };
  const expect = (text: string): void => {
    if (!next(text)) throw unexpected();
  };
  const name = (): string => {
    const token = tokens[at];
    if (token?.kind !== 'name') throw unexpected();
    at += 1;
    return token.text;
  };

  function value(): Value {
    if (next('$')) return variable(name());
    if (next('{')) return object('}');
    const token = tokens[at];
    if (!token || token.kind === 'mark') throw unexpected();
    at += 1;
    if (token.kind === 'number') return Number(token.text);
    if (token.kind === 'text') return JSON.parse(token.text) as string;
    const literals: Record<string, Value> = { true: true, false: false, null: null };
    return Object.hasOwn(literals, token.text) ? (literals[token.text] as Value) : token.text;
  }

  function variable(called: string): Value {
    if (!declared.has(called)) throw new QueryError(`Variable $${called} is used by anonymous query but not declared`);
    return (variables[called] ?? null) as Value;
  }

  function object(end: string): Record<string, Value> {
    const fields: Record<string, Value> = {};
    while (!next(end)) {
      const field = name();
      expect(':');
      fields[field] = value();
    }
    return fields;
  }

  function selections(): Selection[] {
    const found: Selection[] = [];
    while (!next('}')) {
      const field = name();
      const given = next('(') ? object(')') : {};
      found.push({ name: field, arguments: given, selections: next('{') ? selections() : null });
    }
    if (found.length === 0) throw unexpected();
    return found;
  }

  function declarations(): Set<string> {
    const names = new Set<string>();
    if (!next('(')) return names;
    while (!next(')')) {
      expect('$');
      const called = name();
      expect(':');
      name();
      const required = next('!');
      if (required && variables[called] == null) {
        throw new QueryError(`Variable $${called} of required type was provided invalid value`);
      }
      names.add(called);
    }
    return names;
  }

  if (tokens[at]?.text === 'query') {
    at += 1;
    if (tokens[at]?.kind === 'name') at += 1;
  }
  const declared = declarations();
  expect('{');
  const fields = selections();
  if (at < tokens.length) throw unexpected();
  return fields;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  for (const [, mark, name, number, text, other] of source.matchAll(TOKEN)) {
    if (other !== undefined) throw new QueryError(`Parse error on "${other}"`);
    if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    if (text !== undefined) tokens.push({ kind: 'text', text });
  }
  return tokens;
}
