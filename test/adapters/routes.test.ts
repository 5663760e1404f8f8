import { describe, expect, it } from 'vitest';
import { githubRoute, onedevRoute } from '../../src/adapters/routes.ts';

describe('the route of a request', () => {
  it.each([
    ['https://api.github.com/user/starred?sort=created&per_page=100', '/user/starred'],
    ['https://api.github.com/user/starred/torvalds/linux', '/user/starred/{owner}/{repo}'],
    ['https://api.github.com/user/41000001/starred?page=2', '/user/{id}/starred'],
    ['https://api.github.com/users/ann/starred', '/users/{login}/starred'],
    ['https://api.github.com/repositories/123', '/repositories/{id}'],
    ['https://api.github.com/repos/torvalds/linux', '/repos/{owner}/{repo}'],
    ['https://api.github.com/graphql', '/graphql'],
    ['https://api.github.com/app/hook/deliveries/12/attempts', '/app/hook/deliveries/{id}'],
    ['https://api.github.com/a/secret/of/somebody', 'other'],
  ])('to GitHub, %s, is %s', (url, route) => {
    expect(githubRoute(url, 'https://api.github.com')).toBe(route);
  });

  it.each([
    ['https://git.example/api/v3/repositories/123', '/repositories/{id}'],
    ['https://git.example/api/graphql', '/graphql'],
  ])('to GitHub Enterprise Server, %s, is %s', (url, route) => {
    expect(githubRoute(url, 'https://git.example/api/v3')).toBe(route);
  });

  it.each([
    ['/readyz', '/readyz'],
    ['/~api/projects?query=%22Id%22&offset=0', '/projects'],
    ['/~api/projects/17', '/projects/{id}'],
    ['/~api/projects/ids/github/torvalds/linux', '/projects/ids/{path}'],
    ['/~api/repositories/17/default-branch', '/repositories/{id}/default-branch'],
    ['/~api/issues/4', 'other'],
  ])('to OneDev, %s, is %s', (path, route) => {
    expect(onedevRoute(path)).toBe(route);
  });
});
