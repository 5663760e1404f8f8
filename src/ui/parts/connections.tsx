import { Alert, Button, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck, IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api, ask } from '../api/client.ts';
import { settingsQuery } from '../api/queries.ts';
import type { Setting, SettingTest } from '../api/types.ts';
import { type Changes, problemsIn, useEnter } from './entering.ts';
import { Section } from './page.tsx';
import { SettingInput } from './setting-input.tsx';
import { ErrorState, Shown } from './states.tsx';

type What = 'github' | 'onedev' | 'alerts';

interface Field {
  name: string;
  label: string;
  about?: string;
}

const ABOUT: Record<What, { title: string; about: ReactNode; button: string; fields: Field[] }> = {
  github: {
    title: 'GitHub',
    about: 'Whose stars are kept. Testing says whose token it is, what it may do, and until when.',
    button: 'Test GitHub',
    fields: [
      {
        name: 'GITHUB_TOKEN',
        label: 'Token',
        about:
          'Made at GitHub: Settings, Developer settings, Fine-grained tokens, with Starring: read and Metadata: read, and Contents: read for private repositories.',
      },
      { name: 'GITHUB_LOGIN', label: 'Or a login', about: 'Without a token: the public stars of this login.' },
    ],
  },
  onedev: {
    title: 'OneDev',
    about: 'Where everything is kept. Testing says which version answers, and whether the token may make projects.',
    button: 'Test OneDev',
    fields: [
      { name: 'ONEDEV_URL', label: 'Address', about: 'Its root, such as https://onedev.example.org' },
      {
        name: 'ONEDEV_TOKEN',
        label: 'Access token',
        about: 'Made in OneDev: My Profile, Access Tokens. It may create child projects, write code and manage.',
      },
      { name: 'ONEDEV_PARENT', label: 'Project the mirrors live under', about: 'Made when it is not there.' },
    ],
  },
  alerts: {
    title: 'Alerts',
    about: 'Who is told when something needs a person. Testing sends a message to every channel there is.',
    button: 'Send a test message',
    fields: [
      { name: 'STARKEEP_ALERT_URL', label: 'Webhook', about: 'Gets each alert as JSON.' },
      { name: 'STARKEEP_ALERT_SLACK_URL', label: 'Slack', about: 'An incoming webhook.' },
      { name: 'STARKEEP_ALERT_NTFY_URL', label: 'ntfy', about: 'Such as https://ntfy.sh/TOPIC' },
    ],
  },
};

/** Each connection: what it is set to, a button that tries it, and one that enters what was typed. */
export function Connections() {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      {(Object.keys(ABOUT) as What[]).map((what) => (
        <Section key={what} title={ABOUT[what].title} id={`test-${what}`}>
          <Connection what={what} />
        </Section>
      ))}
    </SimpleGrid>
  );
}

function Connection({ what }: { what: What }) {
  const [changes, setChanges] = useState<Changes>({});
  const enter = useEnter();
  const entered = () => {
    setChanges({});
    notifications.show({ message: `${ABOUT[what].title}: entered, and taken over.`, color: 'green', autoClose: 5_000 });
  };
  return (
    <ConnectionForm what={what} changes={changes} onChange={setChanges} problems={problemsIn(enter.error)}>
      <Button
        disabled={Object.keys(changes).length === 0}
        loading={enter.isPending}
        onClick={() => enter.mutate(changes, { onSuccess: entered })}
      >
        Save
      </Button>
      {enter.error && <ErrorState error={enter.error} what="What was typed" />}
    </ConnectionForm>
  );
}

export interface ConnectionFormProps {
  what: What;
  changes: Changes;
  onChange: (changes: Changes) => void;
  problems?: Record<string, string>;
  /** More of what its settings lead to. */
  onTested?: (test: SettingTest) => void;
  /** Beside the button that tests. */
  children?: ReactNode;
}

/** The settings of a connection as they are typed, and the test of them as they would be: nothing is entered by it. */
export function ConnectionForm({ what, changes, onChange, problems = {}, onTested, children }: ConnectionFormProps) {
  const { about, button, fields } = ABOUT[what];
  const settings = useQuery(settingsQuery);
  const test = useMutation({
    mutationFn: () => ask(api.POST('/settings/test', { body: { what, settings: changes } })),
    ...(onTested ? { onSuccess: onTested } : {}),
  });
  const wrong = { ...problemsIn(test.error), ...problems };
  const type = (next: Changes) => {
    // What was found out is of what was typed before.
    test.reset();
    onChange(next);
  };
  return (
    <Shown asked={settings} what="The settings">
      {({ settings: all, whyClosed }) => (
        <Stack gap="sm" align="stretch">
          <Text size="sm" c="dimmed">
            {about}
          </Text>
          {whyClosed !== null && <Closed why={whyClosed} />}
          {fields.map(({ name, ...words }) => {
            const setting = all.find((one) => one.name === name);
            const closed = setting && (whyClosed === null ? setting : { ...setting, enterable: false });
            return (
              closed && (
                <SettingInput
                  key={name}
                  {...words}
                  setting={closed}
                  changes={changes}
                  onChange={type}
                  problem={wrong[name]}
                />
              )
            );
          })}
          <Group gap="sm">
            <Button
              variant="default"
              leftSection={<IconPlugConnected size={16} aria-hidden />}
              loading={test.isPending}
              onClick={() => test.mutate()}
            >
              {button}
            </Button>
            {children}
          </Group>
          <div aria-live="polite">
            {test.error && <ErrorState error={test.error} what={ABOUT[what].title} />}
            {test.data && <Verdict test={test.data} />}
          </div>
        </Stack>
      )}
    </Shown>
  );
}

export function Closed({ why }: { why: string }) {
  return (
    <Alert color="gray" title="Nothing can be entered here">
      {why} Until then, settings go into the environment of Starkeep or its settings file.
    </Alert>
  );
}

/** Whether something is set, as far as this can be said of one that may follow from what was typed. */
export function isSetOrTyped(settings: readonly Setting[], changes: Changes, name: string): boolean {
  const changed = changes[name];
  if (changed !== undefined) return changed !== null;
  return settings.some((one) => one.name === name && one.isSet);
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
