// Whether there are enough pictures, and what is missing.
import { className } from '@/i18n/class-name';
import { text } from '@/i18n/language';
import { modelState } from '@/worker/client';
import { LEAST_IN_ALL, LEAST_PER_CLASS } from '../shared/training-set';
import { classes, ready, trainable } from './collection';

export function ReadinessNote() {
  const t = text.value.personalise.ready;
  const { lacking, missingInAll, few, empty, ready: enough } = ready.value;
  const count = trainable.value.length;
  const kinds = new Set(trainable.value.map(({ label }) => label)).size;
  const name = (code: string) => className(code, classes.value.find((one) => one.code === code)?.name);
  const state = modelState.value;
  const replays = state.step !== 'ready' || state.info.hasStatistics;
  const needs = [
    ...lacking.map((one) => t.lacking(name(one.code), one.count, one.missing)),
    ...(missingInAll > 0 ? [t.inAll(missingInAll)] : []),
    ...(!enough && lacking.length === 0 && missingInAll === 0 ? [t.oneClass] : []),
  ];
  const hints = [
    ...few.map((one) => t.few(name(one.code), one.count)),
    ...empty.map((code) => t.emptyClass(name(code))),
    ...(replays ? [] : [t.noStatistics]),
  ];
  return (
    <div class="readiness" role="status" aria-label={t.label} data-testid="readiness" data-ready={enough}>
      {count === 0 ? (
        <p class="message">{t.none(LEAST_IN_ALL, LEAST_PER_CLASS)}</p>
      ) : (
        <div class={`message${enough ? ' good' : ' warn'}`}>
          {enough && <p>{t.enough(count, kinds)}</p>}
          {needs.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
          {hints.map((sentence) => (
            <p key={sentence} class="small">
              {sentence}
            </p>
          ))}
        </div>
      )}
    </div>
  );
}
