// A view whose code comes when it is first looked at; where that fails, the page says so.
import type { ComponentType } from 'preact';
import { useEffect, useErrorBoundary, useState } from 'preact/hooks';
import { text } from '@/i18n/language';
import { toProblem } from '@/shared/problem';

export function LateView({ load }: { load: () => Promise<{ default: ComponentType }> }) {
  const [View, setView] = useState<ComponentType | null>(null);
  const [missing, setMissing] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const [broken, mend] = useErrorBoundary() as [unknown, () => void];
  useEffect(() => {
    load().then((module) => setView(() => module.default), setMissing);
  }, [attempt]);
  const t = text.value.common;
  const error = missing ?? broken;
  if (!error) return View === null ? <p class="quiet">…</p> : <View />;
  return (
    <div class="message problem" role="alert">
      <p>
        <strong>{t.view.failed}</strong>
      </p>
      <p>{t.view.help}</p>
      <details class="small">
        <summary>{t.details}</summary>
        {toProblem(error).detail}
      </details>
      <div class="row">
        <button
          type="button"
          class="small"
          onClick={() => {
            setMissing(null);
            mend();
            setAttempt(attempt + 1);
          }}
        >
          {t.retry}
        </button>
        <button type="button" class="small" onClick={() => location.reload()}>
          {t.view.reload}
        </button>
      </div>
    </div>
  );
}
