import { join } from 'node:path';
import { execFile } from 'node:child_process';
import type { Principal } from './onedev-access.ts';
import { NO_OBJECT, type PushedRef, refsSeenByOnedev } from './onedev-form.ts';
import { git, headBranch, QUIET_GIT } from './onedev-repository.ts';
import type { HookAnswer, HookQuestion } from './onedev-hooks.ts';
import type { Project, Projects, Protection } from './onedev-projects.ts';

/** What OneDev decides about a push before it stands, and does after it does. */

export interface Push {
  project: Project;
  principal: Principal;
}

/** OneDev's own news of a moved ref; indexing, builds and webhooks hang on it. */
export interface RefUpdated extends PushedRef {
  path: string;
}

const CALLBACK_FAILED = 'curl: (22) The requested URL returned error: 500\n';

/** Nothing is refused, nothing is said. */
const PASS: HookAnswer = { exitCode: 0, output: '' };

export function createReceive(projects: Projects, events: RefUpdated[]) {
  async function before(push: Push, question: HookQuestion, refs: PushedRef[]): Promise<HookAnswer> {
    for (const ref of refs) {
      const reason = await objection(push, question, ref);
      if (reason) return { exitCode: 1, output: errorBlock(ref.name, reason) };
    }
    return PASS;
  }

  async function objection(push: Push, question: HookQuestion, ref: PushedRef): Promise<string | null> {
    const { project, principal } = push;
    if (/^refs\/(pulls|updates)\//.test(ref.name)) {
      return projects.may(principal, project, 'manage') ? null : 'Only project managers can update these refs.';
    }
    // Rules of ancestors hold too, and nobody is above them.
    const rules = projects.line(project).flatMap(({ protections }) => protections);
    for (const rule of rules.filter((rule) => matches(rule, ref.name))) {
      if (await forbids(rule, project, question, ref)) return rule.reason;
    }
    return null;
  }

  async function after({ project }: Push, refs: PushedRef[]): Promise<HookAnswer> {
    projects.touch(project);
    const path = projects.path(project);
    let branch = await headBranch(project.gitDir);
    let output = '';
    const strange = await notCommits(project.gitDir, refs);
    for (const ref of refs) {
      const short = ref.name.startsWith('refs/heads/') ? ref.name.slice('refs/heads/'.length) : null;
      if (short !== null && ref.newId !== NO_OBJECT) {
        if (branch === null) {
          await git(project.gitDir, ['symbolic-ref', 'HEAD', ref.name]);
          branch = await headBranch(project.gitDir);
        } else if (short !== branch) {
          output += `\nCreate a pull request for '${short}' by visiting:\n    ${path}/~pulls/new\n`;
        }
      }
      // Thrown in the middle: the push stands, but OneDev never hears of any of its refs.
      if (strange.has(ref.newId) || strange.has(ref.oldId)) return { exitCode: 1, output: output + CALLBACK_FAILED };
    }
    events.push(...refs.map((ref) => ({ ...ref, path })));
    return { exitCode: 0, output };
  }

  return async (push: Push, question: HookQuestion): Promise<HookAnswer> => {
    let refs: PushedRef[];
    try {
      refs = refsSeenByOnedev(question.lines);
    } catch {
      // The server's answer is a 500 then, and curl fails.
      return { exitCode: 1, output: CALLBACK_FAILED };
    }
    return question.hook === 'pre-receive' ? before(push, question, refs) : after(push, refs);
  };
}

function matches(rule: Protection, name: string): boolean {
  if (!name.startsWith(rule.namespace)) return false;
  const pattern = rule.pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*');
  return new RegExp(`^${pattern}$`).test(name.slice(rule.namespace.length));
}

async function forbids(rule: Protection, project: Project, question: HookQuestion, ref: PushedRef): Promise<boolean> {
  if (ref.oldId === NO_OBJECT) return rule.prevent.includes('create');
  if (ref.newId === NO_OBJECT) return rule.prevent.includes('delete');
  if (rule.prevent.includes('update')) return true;
  return rule.prevent.includes('force') && !(await isAncestor(project.gitDir, question.quarantine, ref));
}

async function isAncestor(gitDir: string, quarantine: string, ref: PushedRef): Promise<boolean> {
  const env = { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(gitDir, 'objects') };
  return (await git(gitDir, ['merge-base', '--is-ancestor', ref.oldId, ref.newId], env)) !== null;
}

/** Of the ids of a push, those that are neither commits nor tags of commits. */
async function notCommits(gitDir: string, refs: PushedRef[]): Promise<Set<string>> {
  const ids = [...new Set(refs.flatMap(({ oldId, newId }) => [oldId, newId]))].filter((id) => id !== NO_OBJECT);
  const lines = await new Promise<string[]>((resolve, reject) => {
    const args = [`--git-dir=${gitDir}`, 'cat-file', '--batch-check'];
    const child = execFile('git', args, { env: QUIET_GIT, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout.split('\n')),
    );
    child.stdin?.end(ids.map((id) => `${id}^{commit}\n`).join(''));
  });
  return new Set(ids.filter((_, index) => !lines[index]?.includes(' commit ')));
}

function errorBlock(name: string, reason: string): string {
  const stars = '*'.repeat(55);
  return `\n${stars}\n*\n*  ERROR PUSHING REF: ${name}\n${'-'.repeat(55)}\n*  ${reason}\n*\n${stars}\n\n`;
}
