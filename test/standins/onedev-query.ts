import { OnedevError, type Principal } from './onedev-access.ts';
import type { Project, Projects } from './onedev-projects.ts';

/**
 * The part of OneDev's project query language that fits on a page: `"Field" is "v"`, `"Description" contains "v"`, `"Id" is greater|less
 * than "n"`, `children of "path"`, `owned by me`, `roots`, `leafs`, `and`, `or`, `not(…)`, parentheses, `order by`.
 * Like OneDev it compares names and paths without regard to case, with `*` as a wildcard, and `_` in a name matches any character.
 */

type Test = (project: Project) => boolean;

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[(),]|[a-z]+)/giy;

/** @throws OnedevError 406 `Invalid query`; 500 for a field or operator that does not exist */
export function queryProjects(projects: Projects, text: string, principal: Principal): Project[] {
  const words = tokens(text);
  const next = (): string => words.shift() ?? '';
  const takes = (...wanted: string[]): boolean => {
    if (!wanted.every((word, index) => words[index]?.toLowerCase() === word)) return false;
    words.splice(0, wanted.length);
    return true;
  };

  function either(): Test {
    const tests = [both()];
    while (takes('or')) tests.push(both());
    return (project) => tests.some((test) => test(project));
  }

  function both(): Test {
    const tests = [one()];
    while (takes('and')) tests.push(one());
    return (project) => tests.every((test) => test(project));
  }

  function one(): Test {
    if (takes('not', '(')) return negated(closed());
    if (takes('(')) return closed();
    if (takes('roots')) return ({ parentId }) => parentId === null;
    if (takes('leafs')) return (project) => projects.children(project).length === 0;
    if (takes('owned', 'by', 'me')) return ({ owner }) => owner === principal.name;
    if (takes('children', 'of')) {
      const matches = wildcard(literal(next()), false);
      return (project) => {
        const parent = projects.parent(project);
        return parent !== null && matches(projects.path(parent));
      };
    }
    return onField(literal(next()));
  }

  function closed(): Test {
    const test = either();
    if (!takes(')')) throw invalid();
    return test;
  }

  function onField(field: string): Test {
    if (!['Name', 'Key', 'Path', 'Label', 'Id', 'Description'].includes(field)) {
      throw new OnedevError(500, `Field not found: ${field}`);
    }
    if (field === 'Id' && takes('is', 'greater', 'than')) return above(Number(literal(next())));
    if (field === 'Id' && takes('is', 'less', 'than')) return negated(above(Number(literal(next())) - 1));
    if (field === 'Description' && takes('contains')) {
      const part = literal(next()).toLowerCase();
      return ({ description }) => (description ?? '').toLowerCase().includes(part);
    }
    const not = takes('is', 'not');
    if (!not && !takes('is')) throw invalid();
    const test = equals(field, literal(next()));
    return not ? negated(test) : test;
  }

  function equals(field: string, value: string): Test {
    if (field === 'Id') return ({ id }) => String(id) === value;
    if (field === 'Key') return ({ key }) => key === value;
    if (field === 'Path') return (project) => wildcard(value, false)(projects.path(project));
    if (field === 'Name') return ({ name }) => wildcard(value, true)(name);
    throw new OnedevError(500, `Operator 'is' is not applicable for field '${field}'`);
  }

  const test: Test = words.length === 0 || words[0] === 'order' ? () => true : either();
  const order = takes('order', 'by') ? orderBy(literal(next()), projects) : lastActiveFirst;
  const descending = takes('desc');
  if (!descending) takes('asc');
  if (words.length > 0) throw invalid();
  const found = projects.all().filter(test).sort(order);
  return descending ? found.reverse() : found;
}

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const match = TOKEN.exec(text);
    if (!match?.[1]) throw invalid();
    found.push(match[1]);
  }
  return found;
}

function literal(token: string): string {
  if (!token.startsWith('"')) throw invalid();
  return token.slice(1, -1).replace(/\\(.)/g, '$1');
}

function orderBy(field: string, projects: Projects): (a: Project, b: Project) => number {
  if (field === 'Id') return (a, b) => a.id - b.id;
  if (field === 'Path') return (a, b) => projects.path(a).localeCompare(projects.path(b));
  if (field === 'Name') return (a, b) => a.name.localeCompare(b.name);
  throw new OnedevError(500, `Field not found: ${field}`);
}

function lastActiveFirst(a: Project, b: Project): number {
  return b.lastActivity - a.lastActivity;
}

function wildcard(pattern: string, underscore: boolean): (text: string) => boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  const regex = new RegExp(`^${underscore ? escaped.replace(/_/g, '.') : escaped}$`, 'is');
  return (text) => regex.test(text);
}

function above(limit: number): Test {
  return ({ id }) => id > limit;
}

function negated(test: Test): Test {
  return (project) => !test(project);
}

function invalid(): OnedevError {
  return new OnedevError(406, 'Invalid query');
}
