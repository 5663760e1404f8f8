import { Anchor, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import type { Setting } from '../api/types.ts';
import type { Changes } from './entering.ts';
import { Words } from './words.tsx';

export interface SettingInputProps {
  setting: Setting;
  /** Default: its name. */
  label?: string;
  /** Default: what the setting means. */
  about?: string;
  changes: Changes;
  onChange: (changes: Changes) => void;
  /** As the api said it. */
  problem?: string | undefined;
}

/** One setting as a person types it. What the environment sets is shown, and cannot be typed over. */
export function SettingInput({ setting, label, about, changes, onChange, problem }: SettingInputProps) {
  const { name, secret, enterable, origin, isSet, value, default: fallback } = setting;
  const changed = changes[name];
  const isTakenBack = changed === null;
  const shared = {
    label: label ?? name,
    description: <Description about={about ?? setting.meaning} setting={setting} />,
    // The description has a link in it.
    inputWrapperOrder: ['label' as const, 'description' as const, 'input' as const, 'error' as const],
    error: problem,
    disabled: !enterable,
    autoComplete: 'off',
    spellCheck: false,
    placeholder: placeholderOf(),
    value: changed ?? (isTakenBack || secret || origin !== 'ui' ? '' : (value ?? '')),
    onChange: ({ currentTarget: { value: text } }: { currentTarget: { value: string } }) => {
      const { [name]: _, ...others } = changes;
      const typed = secret ? text.trim() : text;
      // An emptied field of a setting that was entered takes it back.
      if (typed !== '') onChange({ ...others, [name]: typed });
      else onChange(origin === 'ui' && !secret ? { ...others, [name]: null } : others);
    },
  };
  return (
    <div>
      {secret ? <PasswordInput {...shared} data-1p-ignore /> : <TextInput {...shared} />}
      {origin === 'ui' && enterable && (
        <Group gap="xs" mt={4}>
          <Anchor
            component="button"
            type="button"
            size="xs"
            onClick={() => {
              const { [name]: before, ...others } = changes;
              onChange(before === null ? others : { ...others, [name]: null });
            }}
          >
            {isTakenBack ? 'Leave it as it is' : `Take it back${fallback === null ? '' : ` (then ${fallback})`}`}
          </Anchor>
        </Group>
      )}
    </div>
  );

  function placeholderOf(): string {
    if (isTakenBack) return 'is taken back';
    if (secret) return isSet ? 'is set, and not shown' : '';
    if (!enterable || origin === 'derived') return value ?? '';
    return fallback ?? '';
  }
}

function Description({ about, setting: { origin } }: { about: string; setting: Setting }) {
  return (
    <Text span inherit>
      <Words text={about} />
      {(origin === 'environment' || origin === 'file') && (
        <Text span inherit fw={600}>
          {' '}
          Set in the environment, which wins: change it there.
        </Text>
      )}
    </Text>
  );
}
