import { Code, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsQuery } from '../api/queries.ts';
import type { Setting } from '../api/types.ts';
import { PAGE_SEARCH } from '../shell/shortcuts.ts';
import { PlainBadge } from './badges.tsx';
import { Section } from './page.tsx';
import { Empty, Shown } from './states.tsx';

const ORIGINS: Record<Setting['origin'], { label: string; color: string }> = {
  environment: { label: 'environment', color: 'blue' },
  file: { label: 'file', color: 'teal' },
  derived: { label: 'follows from another', color: 'gray' },
  default: { label: 'default', color: 'gray' },
  unset: { label: 'not set', color: 'gray' },
};

/** Every setting with where it comes from; what is secret stays so. */
export function SettingsTable() {
  const settings = useQuery(settingsQuery);
  const [search, setSearch] = useState('');
  return (
    <Stack>
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
        {({ settings: all }) => {
          const text = search.trim().toLowerCase();
          const found = all.filter(({ name, meaning }) => `${name} ${meaning}`.toLowerCase().includes(text));
          if (found.length === 0) return <Empty title="No setting fits" />;
          return [...new Set(found.map(({ group }) => group))].map((group) => (
            <Section key={group} title={group} id={`group-${group.replaceAll(/\W/g, '')}`}>
              <Table verticalSpacing="xs" layout="auto">
                <Table.Tbody>
                  {found
                    .filter((setting) => setting.group === group)
                    .map((setting) => (
                      <Row key={setting.name} setting={setting} />
                    ))}
                </Table.Tbody>
              </Table>
            </Section>
          ));
        }}
      </Shown>
    </Stack>
  );
}

function Row({ setting: { name, meaning, secret, value, isSet, origin } }: { setting: Setting }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={500} ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {meaning}
        </Text>
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {secret ? (
          <Text size="sm" c="dimmed">
            {isSet === false || origin === 'unset' ? '–' : 'set; secrets are not shown'}
          </Text>
        ) : value === null ? (
          '–'
        ) : (
          <Code>{value}</Code>
        )}
      </Table.Td>
      <Table.Td ta="right">
        <PlainBadge {...ORIGINS[origin]} />
      </Table.Td>
    </Table.Tr>
  );
}
