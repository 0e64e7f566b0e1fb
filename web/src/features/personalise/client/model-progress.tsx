// How far the model is, where it is not ready yet.
import { text } from '@/i18n/language';
import { modelState, reopenShippedModel } from '@/worker/client';

export function ModelProgress() {
  const state = modelState.value;
  const t = text.value;
  if (state.step === 'ready') return null;
  if (state.step === 'failed') {
    return (
      <div class="message problem" role="alert">
        <p>
          {t.common.model.failed}. {t.problems[state.problem.code]}
        </p>
        <button type="button" class="small" onClick={() => void reopenShippedModel()}>
          {t.common.retry}
        </button>
      </div>
    );
  }
  const fetching = state.step === 'fetching' && state.total > 0;
  return (
    <div class="message">
      <p>
        {fetching ? t.common.model.loading : t.common.model.starting}. {t.personalise.waiting}
      </p>
      <progress
        aria-label={t.common.model.loading}
        max={1}
        value={fetching ? state.done / state.total : undefined}
      />
    </div>
  );
}
