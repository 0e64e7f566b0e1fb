// The heads on this device: which one answers, undo, files, deletion.
import { useRef, useState } from 'preact/hooks';
import type { StoredHead } from '@/shared/head-store';
import { className } from '@/i18n/class-name';
import { language, percent, text } from '@/i18n/language';
import { modelState } from '@/worker/client';
import { Comparison } from './comparison';
import {
  busyWithHead,
  choice,
  exportHead,
  exportModel,
  headEvent,
  headProblem,
  heads,
  importHead,
  remove,
  undo,
  use,
} from './heads';

function describe({ card, createdAt }: StoredHead): string {
  const t = text.value.personalise.heads;
  const date = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium' }).format(createdAt);
  const fresh = card.classes.slice(card.shipped_classes);
  const names = fresh.map((code, k) => className(code, card.class_names[card.shipped_classes + k]));
  return [
    t.of(date),
    ...(card.held_out
      ? [
          t.score(
            percent(card.held_out.before.balancedAccuracy, 0),
            percent(card.held_out.after.balancedAccuracy, 0),
          ),
        ]
      : []),
    ...(names.length > 0 ? [t.classes(names.join(', '))] : []),
  ].join(' · ');
}

function Head({ head }: { head: StoredHead }) {
  const t = text.value.personalise.heads;
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState(false);
  const present = choice.value.present === head.id;
  return (
    <li class={`head-item${present ? ' head-present' : ''}`} data-testid="head">
      <label class="head-choice">
        <input
          type="radio"
          name="head"
          checked={present}
          disabled={busyWithHead.value}
          onChange={() => void use(head.id)}
        />
        <span>
          <strong>{head.name}</strong> {present && <span class="tag">{t.inUse}</span>}
          <br />
          <span class="quiet small">{describe(head)}</span>
        </span>
      </label>
      <div class="row head-actions" role="group" aria-label={t.actions(head.name)}>
        <button type="button" class="small" onClick={() => exportHead(head)}>
          {t.exportHead}
        </button>
        <button
          type="button"
          class="small"
          disabled={busyWithHead.value}
          onClick={() => void exportModel(head)}
        >
          {t.exportModel}
        </button>
        <button type="button" class="plain small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t.details}
        </button>
        <button type="button" class="plain small danger" onClick={() => setAsking(true)}>
          {t.remove}
        </button>
      </div>
      {asking && (
        <div class="message warn row" role="alert">
          <p>{t.confirmRemove(head.name)}</p>
          <button
            type="button"
            class="small danger"
            onClick={() => {
              setAsking(false);
              void remove(head.id);
            }}
          >
            {t.removeYes}
          </button>
          <button type="button" class="small" onClick={() => setAsking(false)}>
            {t.removeNo}
          </button>
        </div>
      )}
      {open && <Comparison card={head.card} />}
    </li>
  );
}

function ProblemNote() {
  const problem = headProblem.value;
  const t = text.value;
  if (problem === null) return null;
  if (problem.kind === 'refused') {
    return (
      <div class="message problem" role="alert" data-testid="head-problem">
        <p>
          {t.personalise.heads.fault[problem.fault](problem.fileName)} {t.personalise.heads.unchanged}
        </p>
        <details>
          <summary>{t.common.details}</summary>
          <p class="small">{problem.detail}</p>
        </details>
      </div>
    );
  }
  return (
    <div class="message problem" role="alert" data-testid="head-problem">
      <p>
        {t.problems[problem.problem.code]} {problem.kind === 'not-kept' && t.personalise.heads.notKept}
      </p>
      {problem.problem.detail !== '' && (
        <details>
          <summary>{t.common.details}</summary>
          <p class="small">{problem.problem.detail}</p>
        </details>
      )}
    </div>
  );
}

export function HeadList() {
  const t = text.value.personalise.heads;
  const input = useRef<HTMLInputElement>(null);
  const own = choice.value.present === null;
  const event = headEvent.value;
  const disabled = busyWithHead.value || modelState.value.step !== 'ready';
  return (
    <div class="stack">
      <fieldset>
        <legend class="quiet head-legend">{t.choose}</legend>
        <ul class="head-list">
          <li class={`head-item${own ? ' head-present' : ''}`}>
            <label class="head-choice">
              <input
                type="radio"
                name="head"
                checked={own}
                disabled={disabled}
                onChange={() => void use(null)}
              />
              <span>
                <strong>{t.own}</strong> {own && <span class="tag">{t.inUse}</span>}
                <br />
                <span class="quiet small">{t.ownHelp}</span>
              </span>
            </label>
          </li>
          {heads.value.map((head) => (
            <Head key={head.id} head={head} />
          ))}
        </ul>
      </fieldset>
      {heads.value.length === 0 && <p class="quiet">{t.none}</p>}
      <ProblemNote />
      <div class="row">
        <button
          type="button"
          disabled={disabled || choice.value.before.length === 0}
          title={t.undoHelp}
          onClick={() => void undo()}
        >
          {t.undo}
        </button>
        <button type="button" disabled={disabled || own} onClick={() => void use(null)}>
          {t.back}
        </button>
        <button type="button" disabled={disabled} title={t.importHelp} onClick={() => input.current?.click()}>
          {t.import}
        </button>
        <input
          ref={input}
          type="file"
          hidden
          accept=".safetensors"
          data-testid="pick-head"
          onChange={(change) => {
            const [file] = change.currentTarget.files ?? [];
            if (file) void importHead(file);
            change.currentTarget.value = '';
          }}
        />
      </div>
      <p role="status" class="small" data-testid="head-event">
        {event ? t.events[event.kind](event.name) : ''}
      </p>
    </div>
  );
}
