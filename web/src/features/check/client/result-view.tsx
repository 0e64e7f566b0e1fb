// Everything that is said of one picture.
import { useState } from 'preact/hooks';
import { decimal, percent, text } from '@/i18n/language';
import { useLasting } from '@/shared/use-lasting';
import type { CheckResult } from '../shared/result';
import { answeredBy, isOlder } from './answered-by';
import { enqueue, croppingId, remove, type Item } from './items';
import { PictureWithMap } from './picture-with-map';
import { Probabilities } from './probabilities';
import { nameOf, Summary } from './summary';
import { Targets } from './targets';

function MapControls({
  result,
  index,
  setIndex,
  opacity,
  setOpacity,
}: {
  result: CheckResult;
  index: number;
  setIndex: (index: number) => void;
  opacity: number;
  setOpacity: (opacity: number) => void;
}) {
  const t = text.value.check.result;
  return (
    <div class="map-controls">
      <label>
        <span class="small quiet">{t.mapOf}</span>
        <select value={index} onChange={(event) => setIndex(Number(event.currentTarget.value))}>
          {result.classes.map(({ code }, k) => (
            <option key={code} value={k}>
              {nameOf(result, k)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="small quiet">{t.mapOpacity}</span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={opacity}
          onInput={(event) => setOpacity(event.currentTarget.valueAsNumber)}
        />
      </label>
      <p class="legend small quiet">
        <span class="swatch cool" /> {t.mapAgainst}
        <span class="swatch warm" /> {t.mapFor}
      </p>
      <p class="small quiet map-help">{t.mapHelp}</p>
    </div>
  );
}

function Warnings({ result }: { result: CheckResult }) {
  const t = text.value.check.warnings;
  const warnings = result.quality?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <div class="message warn">
      <h3>{t.heading}</h3>
      <ul class="plain-list">
        {warnings.map((warning) => (
          <li key={warning}>{t[warning]}</li>
        ))}
      </ul>
    </div>
  );
}

function NoAnswer({ item, result }: { item: Item; result: CheckResult }) {
  const t = text.value.check.unlike;
  if (result.unlike === null) return null;
  const { score, threshold, kept } = result.unlike;
  return (
    <div class="message warn no-answer">
      <h3>{t.title}</h3>
      <p>{t.text}</p>
      <p class="small">{t.detail(decimal(score), decimal(threshold), percent(kept, 0))}</p>
      <button type="button" class="small" onClick={() => (item.answerAnyway.value = true)}>
        {t.show}
      </button>
    </div>
  );
}

function Unfinished({ item }: { item: Item }) {
  const t = text.value.check;
  const state = item.state.value;
  const lasting = useLasting(state.step === 'waiting' || state.step === 'running');
  if (state.step === 'failed')
    return (
      <div class="message problem" role="alert">
        <p>{text.value.problems[state.problem.code]}</p>
        {state.problem.detail !== '' && (
          <details class="small">
            <summary>{text.value.common.details}</summary>
            {state.problem.detail}
          </details>
        )}
      </div>
    );
  if (state.step === 'cropping')
    return (
      <button type="button" class="primary" onClick={() => (croppingId.value = item.id)}>
        {t.crop.title}
      </button>
    );
  if (state.step === 'stopped') return <p class="quiet">{t.list.stopped}</p>;
  return (
    <div class="checking" role="status">
      {lasting && (
        <>
          <progress aria-label={t.list.running} />
          <p class="quiet">{state.step === 'waiting' ? t.list.waiting : t.list.running}</p>
        </>
      )}
    </div>
  );
}

export function ResultView({ item }: { item: Item }) {
  const t = text.value.check;
  const state = item.state.value;
  const result = state.step === 'done' ? state.result : null;
  const held = result?.unlike?.unlike === true && !item.answerAnyway.value;
  const [chosen, setChosen] = useState<{ id: string; index: number } | null>(null);
  const [opacity, setOpacity] = useState(0.55);
  const index = chosen?.id === item.id ? chosen.index : (result?.assessment.top ?? 0);
  const choose = (k: number) => setChosen({ id: item.id, index: k });
  const failed = state.step === 'failed';

  return (
    <article class="result" aria-label={t.result.label(item.name)} aria-busy={state.step === 'running'}>
      <header class="result-head">
        <h2>{item.name}</h2>
        {result && (
          <p class="quiet small number">
            {result.crop
              ? t.result.cropped(result.crop.width, result.crop.height)
              : t.result.size(result.width, result.height)}
          </p>
        )}
        <div class="row result-actions">
          {!failed && state.step !== 'running' && (
            <button type="button" class="small" onClick={() => (croppingId.value = item.id)}>
              {t.result.recrop}
            </button>
          )}
          {(failed || state.step === 'stopped' || state.step === 'done') && (
            <button type="button" class="small" onClick={() => enqueue(item)}>
              {t.result.again}
            </button>
          )}
          <button type="button" class="small plain" onClick={() => remove(item)}>
            {t.result.remove}
          </button>
        </div>
      </header>
      <div class="result-body">
        {!failed && (
          <div class="result-picture stack">
            <PictureWithMap
              url={item.url}
              name={item.name}
              result={held ? null : result}
              index={held ? null : index}
              opacity={opacity}
            />
            {result && !held && (
              <MapControls
                result={result}
                index={index}
                setIndex={choose}
                opacity={opacity}
                setOpacity={setOpacity}
              />
            )}
          </div>
        )}
        <div class="result-text stack">
          {result === null && <Unfinished item={item} />}
          {result && held && <NoAnswer item={item} result={result} />}
          {result?.unlike?.unlike && !held && <p class="message warn">{t.unlike.shown}</p>}
          {result && isOlder(result) && (
            <p class="message warn" data-testid="older-answer">
              {answeredBy(result)} {t.result.older}
            </p>
          )}
          {result && <Warnings result={result} />}
          {result && !held && (
            <>
              <Summary result={result} />
              <Probabilities result={result} index={index} choose={choose} />
              <Targets result={result} />
              <p class="small quiet number">
                {answeredBy(result)}{' '}
                {t.result.took(result.timing.total.toFixed(0), result.timing.network.toFixed(0))}
              </p>
            </>
          )}
        </div>
      </div>
    </article>
  );
}
