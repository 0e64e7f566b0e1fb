// A checksum that can be copied.
import { useState } from 'preact/hooks';
import { text } from '@/i18n/language';

export function Hash({ value }: { value: string }) {
  const t = text.value.model;
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      // Not allowed: the text can still be selected.
      () => setCopied(false),
    );
  };
  return (
    <span class="hash">
      <code>{value}</code>
      <button type="button" class="plain small" onClick={copy}>
        <span role="status">{copied ? t.copied : t.copy}</span>
      </button>
    </span>
  );
}
