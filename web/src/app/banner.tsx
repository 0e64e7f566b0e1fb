// The one message that belongs to no view: a new version is there.
import { signal } from '@preact/signals';
import { text } from '@/i18n/language';
import { useNewVersion, waiting } from './offline';

const later = signal(false);

export function Banner() {
  const t = text.value.common;
  return (
    <div role="status" class="banner-place">
      {waiting.value !== null && !later.value && (
        <div class="banner">
          <span>{t.update}</span>
          <button type="button" class="primary" onClick={useNewVersion}>
            {t.updateNow}
          </button>
          <button type="button" onClick={() => (later.value = true)}>
            {t.updateLater}
          </button>
        </div>
      )}
    </div>
  );
}
