import { describe, expect, it } from 'vitest';
import { createReceiver } from './receiver.ts';

describe('the address of the webhooks', () => {
  it.each(['GET', 'PUT', 'DELETE'])('answers %s with what it is for, and with 405', async (method) => {
    const { app, inbox, logged } = createReceiver();

    const response = await app.request('/webhooks/github', { method });

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 405,
      detail: expect.stringContaining('arrive by POST') as string,
    });
    expect([inbox.rows.size, logged]).toEqual([0, []]);
  });
});
