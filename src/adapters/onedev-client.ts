import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import type { OnExchange } from '../domain/meter.ts';
import { createRedactor } from '../domain/redaction.ts';
import { exchange, type HttpAnswer } from './http.ts';
import { failureOf, saysMissing, saysNameTaken } from './onedev-answers.ts';
import { onedevRoute } from './routes.ts';
import { asProject, type OnedevProject, parse, projectShape, projectsShape } from './onedev-shapes.ts';

/**
 * OneDev's REST calls, one method each: every path and payload shape of OneDev is here, checked against the source of 16.5.6. What its
 * error answers mean is in `onedev-answers.ts`.
 */

/** What an update or a create sends; OneDev fills in nothing else than its own defaults. */
export interface ProjectFields {
  name: string;
  parentId: number | null;
  description: string | null;
  codeManagement?: boolean;
  issueManagement?: boolean;
  packManagement?: boolean;
}

/** What is known of the access token. */
export interface TokenCheck {
  /** `user`: acts as its owner. `scoped`: has rights on some projects only, and can never create a root project. */
  scope: 'user' | 'scoped';
  /** The login of the owner; a scoped token may not ask for it. */
  name: string | null;
}

export interface OnedevClientOptions {
  /** OneDev's root address as this machine reaches it. */
  url: string;
  token: string;
  userAgent: string;
  /** Told of every request that has ended. */
  onExchange?: OnExchange | undefined;
}

export type OnedevClient = ReturnType<typeof createOnedevClient>;

/** What a project says of itself but an update cannot set. */
const READ_ONLY = new Set(['id', 'path', 'createDate']);

/** Writes may create a repository or remove a tree of projects before they answer. */
const WRITE_TIMEOUT_MS = 120_000;

/** More than this per page is for site administrators only. */
const PAGE = 100;

interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  /** Ends the sentence "OneDev did not …". */
  doing: string;
  /** Answers besides 200 and 204 that the caller reads itself. */
  expects?: (answer: HttpAnswer) => boolean;
}

export function createOnedevClient(options: OnedevClientOptions) {
  const root = options.url.replace(/\/+$/, '');
  const redact = createRedactor([options.token]);

  function request(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    return exchange({
      method,
      url: `${root}${path}`,
      headers: {
        authorization: `Bearer ${options.token}`,
        accept: 'application/json',
        'user-agent': options.userAgent,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...(method === 'GET' ? {} : { timeoutMs: WRITE_TIMEOUT_MS }),
      unreachable: 'TargetUnreachable',
      onEnd: (ended) => options.onExchange?.({ host: 'onedev', method, route: onedevRoute(path), ...ended }),
    });
  }

  const refusal = (answer: HttpAnswer, doing: string): Failure => failureOf(answer, doing, redact);

  async function call({ method, path, body, doing, expects }: Call): Promise<HttpAnswer> {
    const answer = await request(method, `/~api${path}`, body);
    if (answer.status === 200 || answer.status === 204 || expects?.(answer)) return answer;
    if (answer.status === 404) await ready();
    throw refusal(answer, doing);
  }

  async function ready(): Promise<void> {
    const probe = await request('GET', '/readyz');
    if (probe.status === 200 && probe.text.trim() === 'ok') return;
    if (probe.status === 503) throw new Failure('TargetStarting', 'OneDev says it is not ready yet');
    // Before 16.5.1 there is no such address; what an older server makes of it does not matter.
    const version = await request('GET', '/~api/version/server');
    if (version.status === 200) return;
    if (version.status === 404) {
      throw new Failure(
        'TargetStarting',
        `OneDev's API does not answer at ${root} (404): it is starting, or this is not its root address`,
      );
    }
    throw refusal(version, 'tell its version');
  }

  /** Reads a row of an id. Only a server that is plainly up, and says it itself, can say that there is none. */
  async function row(path: string, doing: string): Promise<HttpAnswer | null> {
    const answer = await call({ method: 'GET', path, doing, expects: (answer) => answer.status === 404 });
    if (answer.status !== 404) return answer;
    if (saysMissing(answer)) return null;
    await ready();
    // Hibernate's wording may change; a page of HTML or a missing route is somebody else speaking.
    if (/^\s*(?:<|HTTP 404|$)/.test(answer.text)) throw refusal(answer, doing);
    return null;
  }

  async function query(criteria: string, offset: number, doing: string): Promise<OnedevProject[]> {
    // The default order is "last active first", which shifts between pages while pushes run.
    const parameters = new URLSearchParams({
      query: `${criteria} order by "Id" asc`,
      offset: `${offset}`,
      count: `${PAGE}`,
    });
    const answer = await call({ method: 'GET', path: `/projects?${parameters}`, doing });
    return parse(projectsShape, answer, doing).map(asProject);
  }

  return {
    /** @throws Failure `TargetStarting`, `TargetUnreachable`, `TargetUnauthorized` */
    ready,

    /** @returns the server's version, such as `16.5.6` */
    async version(): Promise<string> {
      return (await call({ method: 'GET', path: '/version/server', doing: 'tell its version' })).text.trim();
    },

    /** @throws Failure `TargetUnauthorized` when the token is wrong, expired, or its owner disabled */
    async checkToken(): Promise<TokenCheck> {
      const doing = 'tell whose token this is';
      const answer = await call({ method: 'GET', path: '/users/me', doing, expects: ({ status }) => status === 403 });
      if (answer.status === 403) return { scope: 'scoped', name: null };
      return { scope: 'user', name: parse(z.looseObject({ name: z.string() }), answer, doing).name };
    },

    /** The id of the project at a path, whatever the case of its letters; `null` also when this token may not see it. */
    async projectIdAt(path: string): Promise<number | null> {
      const doing = `look up the project "${path}"`;
      const segments = path.split('/').map(encodeURIComponent).join('/');
      const answer = await call({ method: 'GET', path: `/projects/ids/${segments}`, doing, expects: saysMissing });
      return answer.status === 404 ? null : parse(z.int(), answer, doing);
    },

    /** @returns `null` when there is no such project (any more) */
    async project(id: number | string): Promise<OnedevProject | null> {
      const doing = `read the project ${id}`;
      const answer = await row(`/projects/${id}`, doing);
      return answer && asProject(parse(projectShape, answer, doing));
    },

    /** Every project with this very path: OneDev can hold two root projects of one name. Oldest first. */
    async projectsAt(path: string): Promise<OnedevProject[]> {
      const found = await query(`"Path" is ${quoted(path)}`, 0, `list the projects at "${path}"`);
      return found.filter((project) => project.path.toLowerCase() === path.toLowerCase());
    },

    /** Every project this token may see whose description has this text in it, in any case of letters; oldest first. */
    async projectsSaying(text: string): Promise<OnedevProject[]> {
      const found: OnedevProject[] = [];
      for (let offset = 0; ; offset += PAGE) {
        const doing = `list the projects that say "${text}"`;
        const page = await query(`"Description" contains ${quoted(text)}`, offset, doing);
        found.push(...page);
        if (page.length < PAGE) return found;
      }
    },

    async hasChildren(project: OnedevProject): Promise<boolean> {
      for (let offset = 0; ; offset += PAGE) {
        const page = await query(
          `children of ${quoted(project.path)}`,
          offset,
          `list the projects below "${project.path}"`,
        );
        if (page.some((child) => child.parentId === project.id)) return true;
        if (page.length < PAGE) return false;
      }
    },

    /**
     * Asks for a new project; never throws because of what OneDev said, since after any failed create the project may be there all
     * the same (somebody was faster, or the answer was lost).
     */
    async createProject(
      path: string,
      fields: ProjectFields,
    ): Promise<{ id: number } | { refused: Failure; nameTaken: boolean }> {
      const doing = `make the project "${path}"`;
      let nameTaken = false;
      const expects = (answer: HttpAnswer): boolean => {
        nameTaken = saysNameTaken(answer);
        return false;
      };
      try {
        // Both empty objects are required since 12.0 and have no default.
        const body = { ...fields, gitPackConfig: {}, codeAnalysisSetting: {} };
        return { id: parse(z.int(), await call({ method: 'POST', path: '/projects', body, doing, expects }), doing) };
      } catch (error) {
        if (error instanceof Failure) return { refused: error, nameTaken };
        throw error;
      }
    },

    /**
     * Replaces the project's fields by those it was read with and the given ones.
     * @returns false when the name is taken there
     */
    async replaceProject(project: OnedevProject, change: Partial<ProjectFields>): Promise<boolean> {
      const read = Object.entries(project.fields).filter(([name]) => !READ_ONLY.has(name));
      const required = { gitPackConfig: {}, codeAnalysisSetting: {} };
      const answer = await call({
        method: 'POST',
        path: `/projects/${project.id}`,
        body: { ...required, ...Object.fromEntries(read), ...change },
        doing: `change the project "${project.path}"`,
        expects: saysNameTaken,
      });
      return answer.status === 200 || answer.status === 204;
    },

    /** Deletes the project and everything below it. @returns false when it was gone already */
    async deleteProject(project: OnedevProject): Promise<boolean> {
      const doing = `delete the project "${project.path}"`;
      const answer = await call({ method: 'DELETE', path: `/projects/${project.id}`, doing, expects: saysMissing });
      return answer.status !== 404;
    },

    /** @returns the short name of the branch HEAD points at; `null` while it points at nothing */
    async defaultBranch(projectId: string): Promise<string | null> {
      const answer = await row(
        `/repositories/${projectId}/default-branch`,
        `tell the default branch of project ${projectId}`,
      );
      if (!answer) throw new Failure('TargetProjectMissing', `OneDev has no project ${projectId} (any more)`);
      // The name comes bare, although the answer calls itself JSON.
      return answer.text.trim() || null;
    },

    async setDefaultBranch(projectId: string, branch: string): Promise<void> {
      const path = `/repositories/${projectId}/default-branch`;
      const doing = `make "${branch}" the default branch of project ${projectId}`;
      const answer = await call({ method: 'POST', path, body: branch, doing, expects: saysMissing });
      if (answer.status === 404)
        throw new Failure('TargetProjectMissing', `OneDev has no project ${projectId} (any more)`);
    },
  };
}

/** A value in OneDev's query language. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
