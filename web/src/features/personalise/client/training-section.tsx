// Settings, the start, how far it is, and the curves.
import { useSignal } from '@preact/signals';
import { decimal, language, text } from '@/i18n/language';
import { modelState } from '@/worker/client';
import { ready } from './collection';
import { Curves } from './curves';
import { keepEmbeddings, keepProblem, setKeepEmbeddings } from './embeddings';
import { busyWithHead, keepTrained } from './heads';
import { SettingsFields } from './settings-fields';
import { discard, epochs, phase, start, stop } from './training-run';
import { headName } from './training-settings';

export function defaultHeadName(): string {
  const date = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(),
  );
  return text.value.personalise.settings.defaultName(date);
}

function Progress() {
  const t = text.value.personalise.run;
  const now = phase.value;
  if (now.step === 'embedding') {
    return (
      <div class="run-progress">
        <p>
          {t.embedding(now.done, now.all)}
          {now.secondsLeft !== null && <span class="quiet"> – {t.secondsLeft(now.secondsLeft)}</span>}
        </p>
        <progress aria-label={t.embedding(now.done, now.all)} max={Math.max(1, now.all)} value={now.done} />
      </div>
    );
  }
  if (now.step === 'training') {
    const done = epochs.value.length;
    return (
      <div class="run-progress">
        <p>{t.training(done, now.epochs)}</p>
        <progress aria-label={t.training(done, now.epochs)} max={now.epochs} value={done} />
      </div>
    );
  }
  if (now.step === 'failed') {
    return (
      <div class="message problem" role="alert">
        <p>
          {t.failed} {text.value.problems[now.problem.code]}
        </p>
        {now.problem.detail !== '' && (
          <details>
            <summary>{text.value.common.details}</summary>
            <p class="small">{now.problem.detail}</p>
          </details>
        )}
      </div>
    );
  }
  return null;
}

/** For screen readers: the beginning and the end of each part, not every step. */
function announcement(): string {
  const t = text.value.personalise.run;
  const now = phase.value;
  if (now.step === 'embedding') return t.embedding(0, now.all);
  if (now.step === 'training') return t.training(0, now.epochs);
  if (now.step === 'done') return outcomeText();
  return '';
}

function outcomeText(): string {
  const t = text.value.personalise.run;
  const now = phase.value;
  if (now.step !== 'done') return '';
  const count = now.head.card.options.epochs_done;
  return now.stopped ? t.stopped(count) : t.done(count, decimal(now.seconds, 1));
}

export function TrainingSection() {
  const t = text.value.personalise;
  const handled = useSignal<{ phase: unknown; done: 'kept' | 'used' } | null>(null);
  const now = phase.value;
  const busy = now.step === 'embedding' || now.step === 'training';
  const done = now.step === 'done' && handled.value?.phase === now ? handled.value.done : null;
  const keepIt = () => {
    if (now.step !== 'done') return;
    void keepTrained(now.head, defaultHeadName()).then((result) => {
      if (result !== 'failed') handled.value = { phase: now, done: result };
    });
  };
  return (
    <div class="stack">
      <div class="field name-field">
        <label for="head-name">{t.settings.name}</label>
        <input
          id="head-name"
          type="text"
          maxLength={80}
          disabled={busy}
          placeholder={defaultHeadName()}
          value={headName.value}
          onInput={(event) => (headName.value = event.currentTarget.value)}
        />
      </div>
      <SettingsFields disabled={busy} />
      <div>
        <label class="choice">
          <input
            type="checkbox"
            checked={keepEmbeddings.value}
            disabled={busy}
            aria-describedby="keep-help"
            onChange={(event) => void setKeepEmbeddings(event.currentTarget.checked)}
          />
          {t.settings.keep}
        </label>
        <p class="quiet small" id="keep-help">
          {t.settings.keepHelp}
        </p>
        {keepProblem.value && (
          <p class="message warn" role="alert">
            {text.value.problems[keepProblem.value.code]}
          </p>
        )}
      </div>
      <div class="row">
        <button
          type="button"
          class={now.step === 'done' ? '' : 'primary'}
          disabled={busy || !ready.value.ready || modelState.value.step !== 'ready'}
          onClick={() => {
            if (headName.value.trim() === '') headName.value = defaultHeadName();
            void start();
          }}
        >
          {now.step === 'done' ? t.run.again : t.run.start}
        </button>
        {busy && (
          <button type="button" onClick={stop}>
            {now.step === 'training' ? t.run.stopTraining : t.run.stop}
          </button>
        )}
        {now.step === 'done' && (
          <>
            <button
              type="button"
              class="primary"
              disabled={done !== null || busyWithHead.value}
              onClick={keepIt}
            >
              {t.run.keep}
            </button>
            <button type="button" class="plain" onClick={discard}>
              {t.run.discard}
            </button>
          </>
        )}
      </div>
      <Progress />
      {now.step === 'done' && <p>{done === null ? outcomeText() : t.run[done]}</p>}
      <p class="visually-hidden" role="status" data-testid="run-status">
        {announcement()}
      </p>
      {epochs.value.length > 0 && <Curves />}
    </div>
  );
}
