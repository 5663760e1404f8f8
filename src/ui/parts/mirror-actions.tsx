import { Button, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconArchive,
  IconArrowBackUp,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconShieldCheck,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { api, ask } from '../api/client.ts';
import type { Deletion, Mirror } from '../api/types.ts';
import { decide, useAction, useMay } from './actions.ts';

/** The buttons of a mirror: each is there when pressing it would do something, and the key may. */

type Named = Pick<Mirror, 'mirrorId' | 'fullName'>;

interface ButtonProps {
  mirror: Named;
  size?: 'xs' | 'sm' | 'compact-sm';
}

export function SyncButton({ mirror, size = 'xs', isRetry = false }: ButtonProps & { isRetry?: boolean }) {
  const may = useMay();
  const sync = useAction(() => decide(mirror.mirrorId, 'sync'), `${mirror.fullName} is compared with GitHub now.`);
  if (!may('operate')) return null;
  return (
    <Button
      size={size}
      variant={isRetry ? 'filled' : 'default'}
      leftSection={<IconRefresh size={15} aria-hidden />}
      loading={sync.isPending}
      onClick={() => sync.mutate()}
      aria-label={`${isRetry ? 'Retry now' : 'Sync now'}: ${mirror.fullName}`}
    >
      {isRetry ? 'Retry now' : 'Sync now'}
    </Button>
  );
}

/** For what waits because upstream rewrote or removed branches. */
export function FollowButton({ mirror, size = 'xs' }: ButtonProps) {
  const may = useMay();
  const follow = useAction(
    () => decide(mirror.mirrorId, 'sync', { acceptRewrites: true }),
    `${mirror.fullName} follows GitHub; the old tips are archived.`,
  );
  if (!may('operate')) return null;
  return (
    <Button
      size={size}
      leftSection={<IconArchive size={15} aria-hidden />}
      loading={follow.isPending}
      onClick={() => follow.mutate()}
      aria-label={`Follow, keep the old tips: ${mirror.fullName}`}
    >
      Follow, keep the old tips
    </Button>
  );
}

export function PauseButton({ mirror, size = 'xs', paused }: ButtonProps & { paused: boolean }) {
  const may = useMay();
  const pause = useAction(
    () => decide(mirror.mirrorId, paused ? 'resume' : 'pause'),
    paused ? `${mirror.fullName} goes on.` : `${mirror.fullName} is paused: nothing is synced until it is resumed.`,
  );
  if (!may('operate')) return null;
  return (
    <Button
      size={size}
      variant="default"
      leftSection={paused ? <IconPlayerPlay size={15} aria-hidden /> : <IconPlayerPause size={15} aria-hidden />}
      loading={pause.isPending}
      onClick={() => pause.mutate()}
    >
      {paused ? 'Resume' : 'Pause'}
    </Button>
  );
}

export function KeepButton({ mirror, size = 'xs' }: ButtonProps) {
  const may = useMay();
  const keep = useAction(
    () => decide(mirror.mirrorId, 'keep'),
    `${mirror.fullName} is kept for ever, whatever the star list says.`,
  );
  if (!may('operate')) return null;
  return (
    <Button
      size={size}
      variant="default"
      leftSection={<IconShieldCheck size={15} aria-hidden />}
      loading={keep.isPending}
      onClick={() => keep.mutate()}
    >
      Keep for ever
    </Button>
  );
}

/** Calls a planned deletion off. */
export function UndoButton({ mirror, size = 'xs' }: ButtonProps) {
  const may = useMay();
  const undo = useAction(
    () => decide(mirror.mirrorId, 'cancel-deletion'),
    `${mirror.fullName} is kept. Nothing is deleted.`,
  );
  if (!may('operate')) return null;
  return (
    <Button
      size={size}
      variant="light"
      color="green"
      leftSection={<IconArrowBackUp size={15} aria-hidden />}
      loading={undo.isPending}
      onClick={() => undo.mutate()}
      aria-label={`Undo, keep it: ${mirror.fullName}`}
    >
      Undo, keep it
    </Button>
  );
}

/** Approves a deletion that is planned or waits for a person. */
export function ApproveButton({ deletion, size = 'xs' }: { deletion: Deletion; size?: 'xs' | 'sm' }) {
  const approve = useAction(
    () => decide(deletion.mirrorId, 'approve-deletion'),
    `${deletion.fullName} is deleted now, if GitHub does not show it as starred.`,
  );
  return (
    <DeleteDialog
      mirror={deletion}
      size={size}
      label={deletion.policy === 'archive' ? 'Archive now' : 'Delete now'}
      work={() => approve.mutateAsync()}
      pending={approve.isPending}
    />
  );
}

/** Begins a deletion where none is planned. */
export function DeleteButton({ mirror, size = 'xs' }: ButtonProps) {
  const begin = useAction(
    () =>
      ask(
        api.POST('/mirrors/{id}/delete', {
          params: { path: { id: mirror.mirrorId } },
          body: { confirm: mirror.fullName },
        }),
      ),
    `${mirror.fullName} is deleted now, if GitHub does not show it as starred.`,
  );
  return (
    <DeleteDialog
      mirror={mirror}
      size={size}
      label="Delete now"
      work={() => begin.mutateAsync()}
      pending={begin.isPending}
    />
  );
}

function DeleteDialog({
  mirror,
  size,
  label,
  work,
  pending,
}: {
  mirror: Named;
  size: 'xs' | 'sm' | 'compact-sm';
  label: string;
  work: () => Promise<unknown>;
  pending: boolean;
}) {
  const may = useMay();
  const [isOpen, dialog] = useDisclosure();
  const [typed, setTyped] = useState('');
  if (!may('admin')) return null;
  const close = () => {
    setTyped('');
    dialog.close();
  };
  return (
    <>
      <Button
        size={size}
        variant="outline"
        color="red"
        leftSection={<IconTrash size={15} aria-hidden />}
        onClick={dialog.open}
        aria-label={`${label}: ${mirror.fullName}`}
      >
        {label}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={`${label}: ${mirror.fullName}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === mirror.fullName) void work().then(close, close);
          }}
        >
          <Stack>
            <Text size="sm">
              The project on OneDev goes, with everything in it. GitHub is asked once more first: what it shows as
              starred is not deleted. This cannot be undone.
            </Text>
            <TextInput
              label={`Type ${mirror.fullName} to confirm`}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
            <Button type="submit" color="red" disabled={typed !== mirror.fullName} loading={pending}>
              {label}
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
