import { Alert, Button, Code, CopyButton, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '../api/client.ts';
import { keysQuery } from '../api/queries.ts';
import type { ApiKey, Scope } from '../api/types.ts';
import { useAction } from './actions.ts';
import { PlainBadge } from './badges.tsx';
import { Section } from './page.tsx';
import { Shown } from './states.tsx';
import { Ago } from './time.tsx';

const SCOPES: { value: Scope; label: string }[] = [
  { value: 'read', label: 'may look' },
  { value: 'operate', label: 'may look, sync, pause, replay and keep' },
  { value: 'admin', label: 'may do everything: also delete, change settings, read the audit log' },
];

export function Keys() {
  const keys = useQuery(keysQuery);
  return (
    <Section title="API keys" id="keys" aside={<CreateKey />}>
      <Shown asked={keys} what="The keys">
        {({ keys: list }) => (
          <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>May</Table.Th>
                  <Table.Th>Made</Table.Th>
                  <Table.Th>Last used</Table.Th>
                  <Table.Th>
                    <span aria-hidden />
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {list.map((key) => (
                  <KeyRow key={key.keyId} apiKey={key} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Shown>
    </Section>
  );
}

function KeyRow({ apiKey: { keyId, name, scope, createdAt, lastUsedAt, revokedAt } }: { apiKey: ApiKey }) {
  const [isOpen, dialog] = useDisclosure();
  const revoke = useAction(
    () => ask(api.DELETE('/keys/{id}', { params: { path: { id: keyId } } })),
    `The key ${name} lets nobody in any more.`,
  );
  return (
    <Table.Tr>
      <Table.Td>{name}</Table.Td>
      <Table.Td>{SCOPES.find(({ value }) => value === scope)?.label}</Table.Td>
      <Table.Td>
        <Ago at={createdAt} />
      </Table.Td>
      <Table.Td>
        <Ago at={lastUsedAt} />
      </Table.Td>
      <Table.Td ta="right">
        {revokedAt ? (
          <PlainBadge label="Revoked" color="gray" />
        ) : (
          <Button size="compact-sm" variant="outline" color="red" onClick={dialog.open} aria-label={`Revoke ${name}`}>
            Revoke
          </Button>
        )}
        <Modal
          opened={isOpen}
          onClose={dialog.close}
          title={`Revoke ${name}?`}
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <Stack>
            <Text size="sm">Whoever uses it is not let in any more, and its sessions end. It cannot be undone.</Text>
            <Button
              color="red"
              loading={revoke.isPending}
              onClick={() => revoke.mutate(undefined, { onSettled: dialog.close })}
            >
              Revoke it
            </Button>
          </Stack>
        </Modal>
      </Table.Td>
    </Table.Tr>
  );
}

function CreateKey() {
  const [isOpen, dialog] = useDisclosure();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('read');
  const create = useAction(
    () => ask(api.POST('/keys', { body: { name: name.trim(), scope } })),
    'The key is made. It is shown only now.',
  );
  const close = () => {
    dialog.close();
    setName('');
    create.reset();
  };
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={dialog.open}>
        Make a key
      </Button>
      <Modal opened={isOpen} onClose={close} title="Make a key" closeButtonProps={{ 'aria-label': 'Close' }}>
        {create.data ? (
          <Stack>
            <Alert color="green" icon={<IconKey />} title="Copy it now: it is shown only this once">
              <Code block data-testid="new-key">
                {create.data.key}
              </Code>
            </Alert>
            <Group>
              <CopyButton value={create.data.key}>
                {({ copied, copy }) => (
                  <Button variant="default" onClick={copy}>
                    {copied ? 'Copied' : 'Copy'}
                  </Button>
                )}
              </CopyButton>
              <Button onClick={close}>Done</Button>
            </Group>
          </Stack>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              create.mutate();
            }}
          >
            <Stack>
              <TextInput
                label="Name"
                description="The audit log calls whoever uses it so."
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                data-autofocus
                required
                withAsterisk={false}
              />
              <Select
                label="What it may do"
                data={SCOPES.map(({ value, label }) => ({ value, label: `${value}: ${label}` }))}
                value={scope}
                onChange={(value) => setScope((value as Scope | null) ?? 'read')}
                allowDeselect={false}
              />
              <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
                Make it
              </Button>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
