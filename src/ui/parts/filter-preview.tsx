import { Group, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, ask, Refused } from '../api/client.ts';
import type { Change, FilterPreview } from '../api/types.ts';
import { bytesWords, plural } from '../words.ts';
import { PlainBadge } from './badges.tsx';
import { MirrorLink } from './mirror-link.tsx';
import { Section } from './page.tsx';
import { Loading, Shown } from './states.tsx';
import { Words } from './words.tsx';

const FIELDS = [
  { name: 'LANGUAGES', label: 'Languages', placeholder: 'Go, Rust, !PHP' },
  { name: 'TOPICS', label: 'Topics', placeholder: 'database, !awesome-list' },
  { name: 'MIN_STARS', label: 'At least so many stars', placeholder: '10' },
  { name: 'MAX_SIZE', label: 'At most so large', placeholder: '2GB' },
  { name: 'ARCHIVED', label: 'Archived ones', placeholder: 'keep, skip or only' },
  { name: 'FORKS', label: 'Forks', placeholder: 'keep, skip or only' },
  { name: 'INCLUDE', label: 'Always keep', placeholder: 'owner/*, owner/name' },
  { name: 'EXCLUDE', label: 'Never keep', placeholder: 'owner/*' },
] as const;

type Texts = Partial<Record<(typeof FIELDS)[number]['name'], string>>;

export type FilterTexts = Texts;

export interface FilterPreviewFormProps {
  texts: Texts;
  onChange: (texts: Texts) => void;
  /** `github`: the star list is read there now, for as long as there is no record of it. */
  from?: 'record' | 'github';
  /** What becomes of what was typed. */
  children?: ReactNode;
}

/** What filters would keep and leave out, as one types them. Nothing is set by it. */
export function FilterPreviewForm({ texts, onChange: setTexts, from = 'record', children }: FilterPreviewFormProps) {
  const [asked] = useDebouncedValue(texts, 350);
  const preview = useQuery({
    queryKey: ['preview', from, asked],
    queryFn: () => ask(api.POST('/filters/preview', { body: { filters: asked, limit: 100, from } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const problem = preview.error instanceof Refused && preview.error.status === 422 ? preview.error : null;
  return (
    <Stack>
      <Section title="Try filters" id="filters">
        <Text size="sm" c="dimmed" mb="sm">
          Empty fields stand for the settings as they are. Nothing is changed by trying.
        </Text>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
          {FIELDS.map(({ name, label, placeholder }) => (
            <TextInput
              key={name}
              label={label}
              placeholder={placeholder}
              value={texts[name] ?? ''}
              error={problem?.problem['filter'] === name ? problem.message : undefined}
              onChange={(event) => {
                const text = event.currentTarget.value;
                const { [name]: _, ...others } = texts;
                setTexts(text === '' ? others : { ...others, [name]: text });
              }}
            />
          ))}
        </SimpleGrid>
        {!problem && children}
      </Section>
      {problem && preview.data === undefined ? null : preview.isPending ? (
        <Loading what="the preview" />
      ) : (
        <Shown asked={problem ? { ...preview, error: null } : preview} what="The preview">
          {(data) => <Result preview={data} />}
        </Shown>
      )}
    </Stack>
  );
}

/** The settings that these texts are. */
export function settingsOfFilters(texts: Texts): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`STARKEEP_FILTER_${name}`, text]));
}

function Result({ preview: { totals, changes, kept, excluded, next } }: { preview: FilterPreview }) {
  const all = totals.kept.repositories + totals.excluded.repositories;
  return (
    <Section
      id="preview"
      title={
        <span aria-live="polite">
          Keeps {totals.kept.repositories.toLocaleString('en')} of {all.toLocaleString('en')}
          {totals.kept.bytes > 0 && `, about ${bytesWords(totals.kept.bytes)}`}
        </span>
      }
    >
      <Stack gap="xs">
        <ChangeLine change={changes.newlyKept} words="would newly be kept" />
        <ChangeLine change={changes.newlyExcluded} words="would newly be left out; what is on OneDev of them stays" />
        {excluded.length > 0 && (
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Left out</Table.Th>
                <Table.Th>Because</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {excluded.map((line) => (
                <Table.Tr key={line.mirrorId}>
                  <Table.Td>
                    <Group gap="xs">
                      <MirrorLink {...line} />
                      {line.isNew && <PlainBadge label="new" color="orange" />}
                    </Group>
                  </Table.Td>
                  <Table.Td>
                    <Words text={line.reason} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {excluded.length === 0 && kept.length > 0 && totals.excluded.repositories === 0 && (
          <Text size="sm">Nothing is left out.</Text>
        )}
        {next !== null && (
          <Text size="xs" c="dimmed">
            Of the first 100 by name; the totals are of all.
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function ChangeLine({ change: { count, names }, words }: { change: Change; words: string }) {
  if (count === 0) return null;
  return (
    <Text size="sm">
      <b>{plural(count, 'repository')}</b> {words}: {names.slice(0, 5).join(', ')}
      {count > 5 && ` and ${(count - 5).toLocaleString('en')} more`}
    </Text>
  );
}
