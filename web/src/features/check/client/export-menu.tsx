// Saves the results of all pictures.
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { text } from '@/i18n/language';
import { download } from '@/shared/download';
import { modelState } from '@/worker/client';
import { toCsv, toJson, type Exported } from '../shared/export-results';
import { items } from './items';

export const reportOpen = signal(false);

export function exported(): Exported[] {
  return items.value.map(({ name, state }) => {
    const { value } = state;
    return {
      name,
      result: value.step === 'done' ? value.result : null,
      problem:
        value.step === 'failed'
          ? { ...value.problem, message: text.value.problems[value.problem.code] }
          : null,
    };
  });
}

const fileName = (ending: string) =>
  `dermdistill-${new Date().toISOString().slice(0, 16).replace(/[T:]/g, '-')}.${ending}`;

function saveCsv(): void {
  download(fileName('csv'), toCsv(exported(), text.value.check.notice), 'text/csv;charset=utf-8');
}

function saveJson(): void {
  const card = modelState.value.step === 'ready' ? modelState.value.info.card : null;
  download(
    fileName('json'),
    toJson(exported(), card, text.value.check.notice, new Date()),
    'application/json',
  );
}

export function ExportMenu({ disabled }: { disabled: boolean }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const t = text.value.check.list;
  const choose = (act: () => void) => () => {
    if (menu.current) menu.current.open = false;
    act();
  };
  if (disabled) return null;
  return (
    <details class="menu export" ref={menu}>
      <summary class="button small">{t.export}</summary>
      <div class="menu-body stack-small">
        <button type="button" onClick={choose(saveCsv)}>
          {t.csv}
        </button>
        <button type="button" onClick={choose(saveJson)}>
          {t.json}
        </button>
        <button type="button" onClick={choose(() => (reportOpen.value = true))}>
          {t.print}
        </button>
      </div>
    </details>
  );
}
