// How far the model is: its way here with a bar, what is open, or why it could not be opened.
import { decimal, text } from '@/i18n/language';
import { modelState } from '@/worker/client';

const megabytes = (bytes: number) => decimal(bytes / 1e6, 1);

export function ModelStrip({ retry }: { retry: () => void }) {
  const t = text.value.common;
  const state = modelState.value;
  switch (state.step) {
    case 'fetching':
    case 'starting':
      return (
        <div class="model-strip" role="status">
          <span>{state.step === 'starting' ? t.model.starting : t.model.loading}</span>
          {state.step === 'fetching' && state.total > 0 ? (
            <>
              <progress max={state.total} value={state.done} aria-label={t.model.loading} />
              <span class="quiet small number">
                {t.model.progress(megabytes(state.done), megabytes(state.total))}
              </span>
            </>
          ) : (
            <progress aria-label={t.model.starting} />
          )}
        </div>
      );
    case 'failed':
      return (
        <div class="model-strip failed message problem" role="alert">
          <strong>{t.model.failed}</strong>
          <p>{text.value.problems[state.problem.code]}</p>
          {state.problem.detail !== '' && (
            <details class="small">
              <summary>{t.details}</summary>
              {state.problem.detail}
            </details>
          )}
          <button type="button" class="small" onClick={retry}>
            {t.retry}
          </button>
        </div>
      );
    case 'ready': {
      const { info } = state;
      return (
        <div class="model-strip ready">
          <span class="dot" aria-hidden="true" />
          <span>
            {t.model.ready}: <a href="#/model">{info.card.name}</a>{' '}
            {info.headName !== null && t.model.personalised(info.headName)}
          </span>
          <span class="quiet small">{t.threads(info.threads)}</span>
          {info.notKept && <p class="message warn small">{text.value.problems[info.notKept.code]}</p>}
        </div>
      );
    }
  }
}
