import { CloseButton, TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';

/** Long enough to go on typing, short enough to seem at once. */
const PAUSE_MS = 250;

interface TypedFieldProps extends Omit<TextInputProps, 'value' | 'onChange' | 'rightSection'> {
  value: string | undefined;
  /** `undefined`: nothing is asked for. */
  onChange: (value: string | undefined) => void;
}

/** A field of a filter: it tells when typing pauses, can be emptied, and follows the address. */
export function TypedField({ value = '', onChange, ...props }: TypedFieldProps) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback((typed: string) => onChange(typed.trim() || undefined), PAUSE_MS);
  useEffect(() => setText(value), [value]);
  return (
    <TextInput
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
      rightSection={
        text !== '' && (
          <CloseButton
            size="sm"
            aria-label="Clear it"
            onClick={() => {
              setText('');
              tell.cancel();
              onChange(undefined);
            }}
          />
        )
      }
      {...props}
    />
  );
}
