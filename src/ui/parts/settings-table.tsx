import { Affix, Alert, Button, Code, Group, Paper, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsQuery } from '../api/queries.ts';
import type { Setting, Settings } from '../api/types.ts';
import { PAGE_SEARCH } from '../shell/shortcuts.ts';
import { plural } from '../words.ts';
import { PlainBadge } from './badges.tsx';
import { Closed } from './connections.tsx';
import { type Changes, problemsIn, useEnter } from './entering.ts';
import { Section } from './page.tsx';
import { SettingInput } from './setting-input.tsx';
import { Empty, ErrorState, Shown } from './states.tsx';
import { Ago } from './time.tsx';
import { Words } from './words.tsx';

const ORIGINS: Record<Setting['origin'], { label: string; color: string }> = {
  environment: { label: 'environment', color: 'blue' },
  file: { label: 'file', color: 'teal' },
  ui: { label: 'entered here', color: 'violet' },
  derived: { label: 'follows from another', color: 'gray' },
  default: { label: 'default', color: 'gray' },
  unset: { label: 'not set', color: 'gray' },
};

/** Every setting with where it comes from; what may be entered can be typed, and is saved together. What is secret stays so. */
export function SettingsTable() {
  const settings = useQuery(settingsQuery);
  const [search, setSearch] = useState('');
  const [editing, setEditing] = useState<ReadonlySet<string>>(new Set());
  const [changes, setChanges] = useState<Changes>({});
  const enter = useEnter();
  const problems = problemsIn(enter.error);
  const leave = () => {
    setChanges({});
    setEditing(new Set());
    enter.reset();
  };
  const row = (setting: Setting, isOpen: boolean) =>
    editing.has(setting.name) ? (
      <Table.Tr key={setting.name}>
        <Table.Td colSpan={3}>
          <SettingInput setting={setting} changes={changes} onChange={setChanges} problem={problems[setting.name]} />
        </Table.Td>
      </Table.Tr>
    ) : (
      <Row
        key={setting.name}
        setting={setting}
        onEdit={isOpen && setting.enterable ? () => setEditing(new Set([...editing, setting.name])) : null}
      />
    );
  return (
    <Stack pb={editing.size > 0 ? 80 : 0}>
      <TextInput
        id={PAGE_SEARCH}
        aria-label="Search the settings"
        placeholder="Part of a name or of what it means"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        maw={420}
      />
      <Shown asked={settings} what="The settings">
        {(asked) => (
          <>
            <Notes settings={asked} />
            <Groups
              settings={asked.settings}
              search={search}
              row={(setting) => row(setting, asked.whyClosed === null)}
            />
          </>
        )}
      </Shown>
      {enter.error && <ErrorState error={enter.error} what="The settings" />}
      {editing.size > 0 && (
        <Affix position={{ bottom: 16, left: 16, right: 16 }} zIndex={150}>
          <Paper withBorder shadow="md" p="sm" maw={560} mx="auto">
            <Group justify="space-between">
              <Text size="sm">
                {Object.keys(changes).length === 0
                  ? 'Nothing is changed yet.'
                  : `${plural(Object.keys(changes).length, 'change')}. Starkeep starts again by them, which takes a moment.`}
              </Text>
              <Group gap="xs">
                <Button variant="default" size="xs" onClick={leave} disabled={enter.isPending}>
                  Leave it
                </Button>
                <Button
                  size="xs"
                  disabled={Object.keys(changes).length === 0}
                  loading={enter.isPending}
                  onClick={() => enter.mutate(changes, { onSuccess: leave })}
                >
                  Save
                </Button>
              </Group>
            </Group>
          </Paper>
        </Affix>
      )}
    </Stack>
  );
}

function Notes({ settings: { whyClosed, lacking, unopened } }: { settings: Settings }) {
  return (
    <>
      {whyClosed !== null && <Closed why={whyClosed} />}
      {lacking.length > 0 && (
        <Alert color="yellow" title="Nothing can be mirrored yet">
          {lacking.map((sentence) => (
            <Text key={sentence} size="sm">
              {sentence}
            </Text>
          ))}
        </Alert>
      )}
      {unopened.length > 0 && (
        <Alert color="red" title={`Entered, and not readable: ${unopened.join(', ')}`}>
          They are sealed with a key that is not here, or somebody changed them in the database. Until they are entered
          again, or the key is back, no worker starts.
        </Alert>
      )}
    </>
  );
}

function Groups({
  settings,
  search,
  row,
}: {
  settings: Setting[];
  search: string;
  row: (setting: Setting) => React.ReactNode;
}) {
  const text = search.trim().toLowerCase();
  const found = settings.filter(({ name, meaning }) => `${name} ${meaning}`.toLowerCase().includes(text));
  if (found.length === 0) return <Empty title="No setting fits" />;
  return [...new Set(found.map(({ group }) => group))].map((group) => (
    <Section key={group} title={group} id={`group-${group.replaceAll(/\W/g, '')}`}>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing="xs" layout="auto">
          <Table.Tbody>{found.filter((setting) => setting.group === group).map(row)}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  ));
}

function Row({ setting, onEdit }: { setting: Setting; onEdit: (() => void) | null }) {
  const { name, meaning, secret, value, isSet, origin, entered } = setting;
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={500} ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          <Words text={meaning} />
        </Text>
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {secret ? (
          <Text size="sm" c="dimmed">
            {isSet ? 'set; secrets are not shown' : '–'}
          </Text>
        ) : value === null ? (
          '–'
        ) : (
          <Code>{value}</Code>
        )}
      </Table.Td>
      <Table.Td ta="right">
        <Stack gap={4} align="flex-end" miw={110}>
          <PlainBadge {...ORIGINS[origin]} />
          {entered && (
            <Text size="xs" c="dimmed">
              {entered.by}, <Ago at={entered.at} />
            </Text>
          )}
          {onEdit && (
            <Button size="compact-xs" variant="subtle" onClick={onEdit} aria-label={`Change ${name}`}>
              Change
            </Button>
          )}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}
