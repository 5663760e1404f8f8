import { Button, Code, Drawer, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconBook2, IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { api, download } from '../api/client.ts';
import { auditQuery } from '../api/queries.ts';
import type { AuditEvent, AuditFilters } from '../api/types.ts';
import { useAction } from '../parts/actions.ts';
import { Chain } from '../parts/chain.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Page } from '../parts/page.tsx';
import { useRows } from '../parts/paging.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { TypedField } from '../parts/typed-field.tsx';
import { PAGE_SEARCH } from '../shell/shortcuts.ts';
import { exactWords } from '../words.ts';

const route = getRouteApi('/audit');

export function Audit() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: Partial<AuditFilters>) =>
      void navigate({ search: (before) => ({ ...before, ...changes }), replace: true }),
    [navigate],
  );
  const asked = useInfiniteQuery({ ...auditQuery(filters), placeholderData: keepPreviousData });
  const { rows, ...more } = useRows(asked, eventsOf);
  const [open, setOpen] = useState<AuditEvent | null>(null);
  const save = useAction(
    () =>
      download(
        api.GET('/audit', { params: { query: filters }, headers: { accept: 'application/x-ndjson' }, parseAs: 'blob' }),
        'starkeep-audit.ndjson',
      ),
    'Everything that fits is in the file, one entry a line.',
  );
  return (
    <Page
      title="Audit"
      about="Who did what, and when. Nothing in it can be changed; each entry is sealed with the one before it."
      actions={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} aria-hidden />}
          loading={save.isPending}
          onClick={() => save.mutate()}
        >
          Export
        </Button>
      }
    >
      <Chain />
      <Filters filters={filters} change={change} />
      <Shown asked={asked} what="The audit log" lines={8}>
        {() =>
          rows.length === 0 ? (
            <Empty title="No entry fits" icon={<IconBook2 size={24} />} />
          ) : (
            <DataTable
              label="Audit log"
              columns={COLUMNS}
              rows={rows}
              rowId={({ eventId }) => eventId}
              {...more}
              onOpen={setOpen}
              height="calc(100dvh - 22rem)"
            />
          )
        }
      </Shown>
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        size="lg"
        title="Entry"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {open !== null && <Entry event={open} />}
      </Drawer>
    </Page>
  );
}

function eventsOf({ events }: { events: AuditEvent[] }): AuditEvent[] {
  return events;
}

const COLUMNS: Column<AuditEvent>[] = [
  { id: 'at', header: 'When', width: 120, cell: ({ at }) => <Ago at={at} /> },
  { id: 'actor', header: 'Who', from: 'sm', cell: ({ actor }) => actor },
  { id: 'action', header: 'What', cell: ({ action }) => <Code>{action}</Code> },
  { id: 'subject', header: 'About', cell: ({ subject, details }) => nameIn(details) ?? subject ?? '–' },
];

function nameIn(details: Record<string, unknown>): string | null {
  const { fullName } = details;
  return typeof fullName === 'string' ? fullName : null;
}

function Filters({ filters, change }: { filters: AuditFilters; change: (changes: Partial<AuditFilters>) => void }) {
  return (
    <Group gap="xs" align="flex-end">
      <Field
        id={PAGE_SEARCH}
        label="What"
        placeholder="deletion.*"
        value={filters.action}
        onChange={(action) => change({ action })}
      />
      <Field label="Who" placeholder="A key’s name" value={filters.actor} onChange={(actor) => change({ actor })} />
      <Field
        label="About"
        placeholder="github-123, a key, an id"
        value={filters.subject}
        onChange={(subject) => change({ subject })}
      />
      <Day label="From" value={filters.since} onChange={(since) => change({ since })} />
      <Day label="Until" value={filters.until} onChange={(until) => change({ until })} endOfDay />
    </Group>
  );
}

interface FieldProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

function Field(props: FieldProps & { placeholder: string; id?: string }) {
  return <TypedField flex="1 1 145px" {...props} />;
}

function Day({ label, value, onChange, endOfDay = false }: FieldProps & { endOfDay?: boolean }) {
  return (
    <TextInput
      type="date"
      label={label}
      value={value?.slice(0, 10) ?? ''}
      onChange={(event) => {
        const day = event.currentTarget.value;
        onChange(day === '' ? undefined : `${day}T${endOfDay ? '23:59:59' : '00:00:00'}Z`);
      }}
      flex="1 1 145px"
    />
  );
}

function Entry({ event }: { event: AuditEvent }) {
  const lines: [string, string][] = [
    ['When', exactWords(event.at)],
    ['Who', event.actor],
    ['What', event.action],
    ['About', event.subject ?? '–'],
    ['Number', event.eventId],
  ];
  return (
    <Stack>
      <Table variant="vertical">
        <Table.Tbody>
          {lines.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={100} fw={500}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <div>
        <Text size="sm" fw={500} mb={4}>
          Details
        </Text>
        <Code block>{JSON.stringify(event.details, null, 2)}</Code>
      </div>
      <div>
        <Text size="sm" fw={500} mb={4}>
          Seal
        </Text>
        <Code block>{event.hash}</Code>
        <Text size="xs" c="dimmed" mt={4}>
          Over this entry and the seal before it: {event.prevHash.slice(0, 16)}…
        </Text>
      </div>
    </Stack>
  );
}
