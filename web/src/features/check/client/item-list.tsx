// The pictures on the left: which there are, what became of each, and what can be done with all of them.
import { percent, text } from '@/i18n/language';
import { useLasting } from '@/shared/use-lasting';
import { ExportMenu } from './export-menu';
import { nameOf } from './summary';
import { counts, items, removeAll, resumeAll, selected, selectedId, stopAll, type Item } from './items';

function stateLine(item: Item): { line: string; kind: string } {
  const t = text.value.check.list;
  const state = item.state.value;
  switch (state.step) {
    case 'cropping':
      return { line: t.cropping, kind: 'quiet' };
    case 'waiting':
      return { line: t.waiting, kind: 'quiet' };
    case 'running':
      return { line: t.running, kind: 'busy' };
    case 'stopped':
      return { line: t.stopped, kind: 'quiet' };
    case 'failed':
      return { line: text.value.problems[state.problem.code], kind: 'problem' };
    case 'done': {
      const { result } = state;
      if (result.unlike?.unlike && !item.answerAnyway.value) return { line: t.unlike, kind: 'warn' };
      return {
        line: `${nameOf(result, result.assessment.top)} ${percent(result.assessment.confidence, 0)}`,
        kind: 'done',
      };
    }
  }
}

function Entry({ item }: { item: Item }) {
  const { line, kind } = stateLine(item);
  return (
    <li>
      <button
        type="button"
        class="entry"
        aria-current={selectedId.value === item.id ? 'true' : undefined}
        onClick={() => (selectedId.value = item.id)}
      >
        <span class="entry-picture">
          {kind === 'problem' ? (
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
              <path d="M12 8v5m0 3v.5M4 20 12 4l8 16Z" />
            </svg>
          ) : (
            <img
              src={item.url}
              alt=""
              loading="lazy"
              decoding="async"
              onError={(event) => (event.currentTarget.hidden = true)}
            />
          )}
        </span>
        <span class="entry-text">
          <span class="entry-name">{item.name}</span>
          <span class={`entry-state ${kind}`}>{line}</span>
        </span>
      </button>
    </li>
  );
}

/** For screen readers, once all is done: how many, and the answer of the picture that is looked at. */
function announcement(): string {
  const t = text.value.check.list;
  const { all, done, failed, busy } = counts.value;
  if (busy > 0 || done + failed === 0) return '';
  const count = all === 1 ? '' : `${t.heading(done + failed, all)}. `;
  const item = selected.value;
  return item === null ? count : `${count}${item.name}: ${stateLine(item).line}`;
}

export function ItemList() {
  const t = text.value.check.list;
  const { all, done, failed, busy, stopped } = counts.value;
  const lasting = useLasting(busy > 0);
  return (
    <section class="list" aria-label={t.label}>
      <div class="list-head">
        <h2>{all === 1 ? t.one : t.heading(done + failed, all)}</h2>
        {failed > 0 && <p class="small problem-text">{t.failed(failed)}</p>}
        {lasting && all > 1 && <progress max={all} value={done + failed} aria-label={t.label} />}
        <div class="row">
          {lasting && (
            <button type="button" class="small" onClick={stopAll}>
              {t.stop}
            </button>
          )}
          {busy === 0 && stopped > 0 && (
            <button type="button" class="small" onClick={resumeAll}>
              {t.resume}
            </button>
          )}
          <ExportMenu disabled={done === 0} />
          <button type="button" class="small plain" onClick={removeAll}>
            {t.clear}
          </button>
        </div>
      </div>
      <p class="visually-hidden" role="status" data-testid="check-status">
        {announcement()}
      </p>
      <ul class="entries">
        {items.value.map((item) => (
          <Entry key={item.id} item={item} />
        ))}
      </ul>
    </section>
  );
}
