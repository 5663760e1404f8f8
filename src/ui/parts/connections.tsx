import { Alert, Button, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconPlugConnected } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { post } from '../api/client.ts';
import type { SettingTest } from '../api/types.ts';
import { Section } from './page.tsx';
import { ErrorState } from './states.tsx';

type What = 'github' | 'onedev' | 'alerts';

const ABOUT: Record<What, { title: string; about: string; button: string }> = {
  github: { title: 'GitHub', about: 'Whose token it is, what it may do, and until when.', button: 'Test GitHub' },
  onedev: {
    title: 'OneDev',
    about: 'Which version answers, and whether the token may make projects.',
    button: 'Test OneDev',
  },
  alerts: {
    title: 'Alerts',
    about: 'Sends a test message to every channel there is.',
    button: 'Send a test message',
  },
};

/** Each connection with a button that tries it. */
export function Connections() {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      {(Object.keys(ABOUT) as What[]).map((what) => (
        <Section key={what} title={ABOUT[what].title} id={`test-${what}`}>
          <ConnectionTest what={what} />
        </Section>
      ))}
    </SimpleGrid>
  );
}

export function ConnectionTest({ what }: { what: What }) {
  const { about, button } = ABOUT[what];
  const test = useMutation({ mutationFn: () => post<SettingTest>('/settings/test', { what }) });
  return (
    <Stack gap="sm" align="stretch">
      <Text size="sm" c="dimmed">
        {about}
      </Text>
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={16} aria-hidden />}
        loading={test.isPending}
        onClick={() => test.mutate()}
        style={{ alignSelf: 'flex-start' }}
      >
        {button}
      </Button>
      <div aria-live="polite">
        {test.error && <ErrorState error={test.error} what={ABOUT[what].title} />}
        {test.data && <Verdict test={test.data} />}
      </div>
    </Stack>
  );
}

function Verdict({ test: { ok, facts, problem, whatToDo } }: { test: SettingTest }) {
  return (
    <Alert
      color={ok ? 'green' : 'red'}
      icon={ok ? <IconCheck /> : <IconAlertTriangle />}
      title={ok ? 'It works' : (problem ?? 'It does not work')}
    >
      {!ok && whatToDo !== null && <Text size="sm">{whatToDo}</Text>}
      {facts.length > 0 && (
        <Table withRowBorders={false} verticalSpacing={2} layout="auto">
          <Table.Tbody>
            {facts.map(({ name, value }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Alert>
  );
}
