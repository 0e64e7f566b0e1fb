// All classes with their calibrated probabilities, the most probable first; choosing one shows its map.
import { percent, text } from '@/i18n/language';
import type { CheckResult } from '../shared/result';
import { nameOf } from './summary';

export function Probabilities({
  result,
  index,
  choose,
}: {
  result: CheckResult;
  index: number;
  /** Null where nothing can be chosen, as on paper. */
  choose: ((index: number) => void) | null;
}) {
  const t = text.value.check.result;
  const order = result.probabilities.map((_, k) => k);
  order.sort((a, b) => (result.probabilities[b] ?? 0) - (result.probabilities[a] ?? 0));
  return (
    <div class="probabilities">
      <h3>{t.probabilities}</h3>
      <ol class="plain-list">
        {order.map((k) => {
          const probability = result.probabilities[k] ?? 0;
          const spread = result.spread?.[k];
          const line = (
            <>
              <span class="probability-name">{nameOf(result, k)}</span>
              <span class="probability-value number">
                {percent(probability)}
                {spread !== undefined && <span class="quiet"> {t.spread(percent(spread))}</span>}
              </span>
              <span class="bar" aria-hidden="true">
                <span class="bar-fill" style={{ width: `${100 * probability}%` }} />
              </span>
            </>
          );
          return (
            <li key={k}>
              {choose === null ? (
                <div class="probability">{line}</div>
              ) : (
                <button
                  type="button"
                  class="probability"
                  aria-pressed={k === index}
                  onClick={() => choose(k)}
                  data-code={result.classes[k]?.code}
                  data-value={probability}
                >
                  {line}
                </button>
              )}
            </li>
          );
        })}
      </ol>
      {result.spread && <p class="small quiet">{t.spreadHelp}</p>}
    </div>
  );
}
