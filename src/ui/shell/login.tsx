import { Alert, Button, Center, Code, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, Refused } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { Logo } from './logo.tsx';
import { Unreachable } from './unreachable.tsx';

export function Login() {
  const client = useQueryClient();
  const [key, setKey] = useState('');
  const login = useMutation({
    mutationFn: () => ask(api.POST('/session', { body: { key: key.trim() } })),
    onSuccess: (who) => {
      client.setQueryData(sessionQuery.queryKey, who);
      setKey('');
    },
  });
  return (
    <>
      <Unreachable />
      <Center mih="90vh" p="md">
        <Paper component="main" withBorder shadow="sm" p="xl" w="100%" maw={460}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (key.trim() !== '') login.mutate();
            }}
          >
            <Stack>
              <Group gap="sm">
                <Logo size={36} />
                <Title order={1} size="h2">
                  Starkeep
                </Title>
              </Group>
              <Text>What you star on GitHub is kept on your own OneDev server.</Text>
              <PasswordInput
                label="API key"
                description="It is exchanged for a session of this browser, and not kept here."
                placeholder="Paste a key"
                value={key}
                onChange={(event) => setKey(event.currentTarget.value)}
                autoComplete="current-password"
                autoFocus
                required
                withAsterisk={false}
                visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
                error={
                  login.error instanceof Refused && login.error.status === 401
                    ? 'That key is not valid, or was revoked.'
                    : undefined
                }
              />
              {login.error && !(login.error instanceof Refused && login.error.status === 401) && (
                <Alert color="red" role="alert">
                  {login.error.message}
                </Alert>
              )}
              <Button type="submit" loading={login.isPending}>
                Log in
              </Button>
              <Text size="sm" c="dimmed">
                No key yet? On the machine Starkeep runs on, <Code>starkeep keys create --name me --scope admin</Code>{' '}
                makes one and shows it once.
              </Text>
            </Stack>
          </form>
        </Paper>
      </Center>
    </>
  );
}
