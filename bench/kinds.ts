import type { RepoOptions } from '../test/support/repo.ts';

/** The repositories that benchmarks build where they are given none. */
export const KINDS: Record<string, RepoOptions> = {
  small: { commits: 30, branches: ['next', 'stable'], annotatedTags: 5, seed: 'small' },
  'many-refs': { commits: 300, tags: 2_000, annotatedTags: 20, seed: 'refs' },
  'big-50MB': { commits: 20, bigFileMb: 50, annotatedTags: 5, seed: 'big' },
};
