import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { api, ask } from '../api/client.ts';
import { useAction, useMay } from './actions.ts';

/** Mirrors a repository that need not be starred. */
export function AddRepository() {
  const may = useMay();
  const [isOpen, dialog] = useDisclosure();
  const [name, setName] = useState('');
  const add = useAction(
    (fullName: string) => ask(api.POST('/mirrors', { body: { fullName } })),
    ({ fullName }) => `${fullName} is mirrored now, and kept whatever the star list says.`,
  );
  if (!may('operate')) return null;
  return (
    <>
      <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={dialog.open}>
        Add one
      </Button>
      <Modal
        opened={isOpen}
        onClose={dialog.close}
        title="Mirror a repository that is not starred"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const fullName = name
              .trim()
              .replace(/^https?:\/\/[^/]+\//, '')
              .replace(/(?:\.git)?\/?$/, '');
            add.mutate(fullName, {
              onSuccess: () => {
                setName('');
                dialog.close();
              },
            });
          }}
        >
          <Stack>
            <TextInput
              label="Repository"
              description="It is kept for ever: no filter and no star list takes it away again."
              placeholder="torvalds/linux, or its address"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={add.error?.message}
              data-autofocus
              required
              withAsterisk={false}
            />
            <Button type="submit" loading={add.isPending} disabled={name.trim() === ''}>
              Mirror it
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
