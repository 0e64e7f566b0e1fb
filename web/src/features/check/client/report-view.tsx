// The printable page: every picture with its map and answer, and the card of the model that gave it.
import { useEffect, useRef } from 'preact/hooks';
import type { Interval, ModelCard } from '@core';
import { language, percent, text } from '@/i18n/language';
import { modelState } from '@/worker/client';
import { answeredBy, isOlder } from './answered-by';
import { reportOpen } from './export-menu';
import { items, type Item } from './items';
import { PictureWithMap } from './picture-with-map';
import { Probabilities } from './probabilities';
import { nameOf, summarySentences } from './summary';
import type { CheckResult } from '../shared/result';

function Entry({ item, result }: { item: Item; result: CheckResult }) {
  const t = text.value.check;
  const held = result.unlike?.unlike === true && !item.answerAnyway.value;
  const index = result.assessment.top;
  return (
    <section class="report-entry">
      <h2>{item.name}</h2>
      <div class="report-pictures">
        <figure>
          <PictureWithMap url={item.url} name={item.name} result={null} index={null} opacity={0} />
          <figcaption>{t.report.picture}</figcaption>
        </figure>
        {!held && (
          <figure>
            <PictureWithMap url={item.url} name={item.name} result={result} index={index} opacity={0.55} />
            <figcaption>{t.report.withMap(nameOf(result, index))}</figcaption>
          </figure>
        )}
      </div>
      {result.quality?.warnings.map((warning) => (
        <p key={warning}>{t.warnings[warning]}</p>
      ))}
      {held ? (
        <p>{t.unlike.text}</p>
      ) : (
        <>
          {result.unlike?.unlike && <p>{t.unlike.shown}</p>}
          {summarySentences(result).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
          <Probabilities result={result} index={index} choose={null} />
        </>
      )}
      <p class="small">
        {answeredBy(result)}{' '}
        {isOlder(result) && (
          <span class="hash">
            {t.report.weights}: {result.model.weightsSha256}
          </span>
        )}
      </p>
    </section>
  );
}

/** Notices are sentences, or facts by name. */
function readable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(readable).join(', ');
  return Object.entries(value)
    .map(([name, fact]) => `${name}: ${readable(fact)}`)
    .join('; ');
}

function Card({ card, headName }: { card: ModelCard; headName: string | null }) {
  const t = text.value.check.report;
  const interval = (value: Interval | null | undefined) => {
    if (value === null || value === undefined || value.value === null) return null;
    if (value.low === null || value.high === null) return percent(value.value);
    return t.interval(percent(value.value), percent(value.low), percent(value.high));
  };
  const melanoma = interval(card.metrics.validation?.melanoma_sensitivity);
  const balanced = interval(card.metrics.validation?.balanced_accuracy);
  return (
    <section class="report-card">
      <h2>{t.model}</h2>
      <p>
        {t.modelLine(card.name, card.architecture)} {headName !== null && t.head(headName)}
      </p>
      {melanoma !== null && (
        <p>
          {t.melanoma}: {melanoma}
        </p>
      )}
      {balanced !== null && (
        <p>
          {t.balanced}: {balanced}
        </p>
      )}
      <p class="hash">
        {t.weights}: {card.weights_sha256}
      </p>
      {card.notices.length > 0 && <h3>{t.notices}</h3>}
      {card.notices.map((notice) => {
        const line = readable(notice);
        return (
          <p key={line} class="small">
            {line}
          </p>
        );
      })}
    </section>
  );
}

export function ReportView() {
  const heading = useRef<HTMLHeadingElement>(null);
  const t = text.value.check;
  useEffect(() => heading.current?.focus(), []);
  const made = new Date().toLocaleString(language.value, { dateStyle: 'long', timeStyle: 'short' });
  const failed = items.value.filter((item) => item.state.value.step === 'failed');
  const older = items.value.some(({ state: { value } }) => value.step === 'done' && isOlder(value.result));
  return (
    <div class="report">
      <div class="row report-actions">
        <button type="button" onClick={() => (reportOpen.value = false)}>
          {t.report.back}
        </button>
        <button type="button" class="primary" onClick={() => print()}>
          {t.report.print}
        </button>
      </div>
      <h1 ref={heading} tabIndex={-1}>
        {t.report.title}
      </h1>
      <p class="quiet">{t.report.made(made)}</p>
      <p role="note" class="message">
        {t.notice}
      </p>
      {items.value.map((item) => {
        const state = item.state.value;
        return state.step === 'done' && <Entry key={item.id} item={item} result={state.result} />;
      })}
      {failed.length > 0 && (
        <section>
          <h2>{t.report.failed}</h2>
          <ul>
            {failed.map(({ id, name, state }) => (
              <li key={id}>
                {name}: {state.value.step === 'failed' && text.value.problems[state.value.problem.code]}
              </li>
            ))}
          </ul>
        </section>
      )}
      {older && <p class="message warn">{t.report.otherModel}</p>}
      {modelState.value.step === 'ready' && (
        <Card card={modelState.value.info.card} headName={modelState.value.info.headName} />
      )}
    </div>
  );
}
