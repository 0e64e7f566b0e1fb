// What the new head does better or worse than the shipped one, on the person's pictures and on the shipped kinds.
import type { HeadCard, HeadScore } from '@core';
import { className } from '@/i18n/class-name';
import { decimal, percent, text } from '@/i18n/language';
import { ConfusionTable, type NamedClass } from '@/features/model/confusion';

interface Pair {
  before: HeadScore;
  after: HeadScore;
}

/** A fall of this much on the shipped kinds is said. */
const clearlyWorse = 0.03;

function Points({ from, to }: { from: number | null; to: number | null }) {
  if (from === null || to === null) return null;
  const points = Math.round((to - from) * 100);
  const sign = points > 0 ? '+' : points < 0 ? '−' : '±';
  const look = points > 0 ? 'up' : points < 0 ? 'down' : 'same';
  return (
    <span class={`change change-${look} number`}>
      {text.value.personalise.result.points(`${sign}${Math.abs(points)}`)}
    </span>
  );
}

function share(value: number | null): string {
  return value === null ? '–' : percent(value, 0);
}

function Bars({ before, after }: { before: number | null; after: number | null }) {
  const bar = (value: number | null, look: string) => (
    <span class={`share-bar ${look}`} style={{ '--share': (value ?? 0).toFixed(3) }} />
  );
  return (
    <span class="bars" aria-hidden="true">
      {bar(before, 'share-before')}
      {bar(after, 'share-after')}
    </span>
  );
}

function SensitivityTable({
  pair,
  of,
  counted,
  newCodes,
}: {
  pair: Pair;
  of: NamedClass[];
  counted: string;
  newCodes: Set<string>;
}) {
  const t = text.value.personalise.result;
  const rows = of
    .map((one, k) => ({
      ...one,
      count: pair.after.counts[k] ?? 0,
      before: pair.before.sensitivity[k] ?? null,
      after: pair.after.sensitivity[k] ?? null,
    }))
    .filter(({ count }) => count > 0);
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label={t.sensitivity}>
      <table class="sensitivity">
        <caption>{t.sensitivity}</caption>
        <thead>
          <tr>
            <th scope="col">{t.kind}</th>
            <th scope="col">{counted}</th>
            <th scope="col">{t.before}</th>
            <th scope="col">{t.after}</th>
            <td class="bars-column" />
            <th scope="col">{t.change}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ code, name, count, before, after }) => (
            <tr key={code}>
              <th scope="row">{className(code, name)}</th>
              <td>{count}</td>
              <td>{newCodes.has(code) ? <span class="quiet">{t.unknownBefore}</span> : share(before)}</td>
              <td>{share(after)}</td>
              <td class="bars-column">
                <Bars before={before} after={after} />
              </td>
              <td>
                <Points from={before} to={after} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Panel({
  title,
  help,
  pair,
  card,
  counted,
}: {
  title: string;
  help: string;
  pair: Pair;
  card: HeadCard;
  counted: string;
}) {
  const t = text.value.personalise.result;
  const of = card.classes.map((code, k) => ({ code, name: card.class_names[k] ?? code }));
  const { before, after } = pair;
  return (
    <section class="comparison-panel">
      <h3>{title}</h3>
      <p class="quiet small">{help}</p>
      <p class="comparison-figure">
        <span class="comparison-label">{t.balancedAccuracy}</span>
        <span
          class="comparison-before number"
          aria-label={`${t.before} ${share(before.balancedAccuracy)}`}
          role="img"
        >
          {share(before.balancedAccuracy)}
        </span>
        <svg class="icon" viewBox="0 0 24 24" role="img" aria-label={t.arrow}>
          <path d="M5 12h14m-6-6 6 6-6 6" />
        </svg>
        <span
          class="comparison-after number"
          aria-label={`${t.after} ${share(after.balancedAccuracy)}`}
          role="img"
        >
          {share(after.balancedAccuracy)}
        </span>
        <Points from={before.balancedAccuracy} to={after.balancedAccuracy} />
      </p>
      <SensitivityTable
        pair={pair}
        of={of}
        counted={counted}
        newCodes={new Set(card.classes.slice(card.shipped_classes))}
      />
      <div class="confusion-pair">
        <ConfusionTable title={t.confusionBefore} of={of} counts={before.confusion} />
        <ConfusionTable title={t.confusionAfter} of={of} counts={after.confusion} />
      </div>
    </section>
  );
}

export function Comparison({ card }: { card: HeadCard }) {
  const t = text.value.personalise.result;
  const { held_out: heldOut, replayed } = card;
  const worse = heldOut !== null && heldOut.after.balancedAccuracy <= heldOut.before.balancedAccuracy;
  const forgets =
    replayed !== null && replayed.after.balancedAccuracy < replayed.before.balancedAccuracy - clearlyWorse;
  return (
    <div class="comparison stack">
      <p data-testid="result-summary">
        {heldOut === null
          ? t.noHeldOut
          : t.summary(share(heldOut.before.balancedAccuracy), share(heldOut.after.balancedAccuracy))}{' '}
        {replayed &&
          t.replaySummary(share(replayed.before.balancedAccuracy), share(replayed.after.balancedAccuracy))}
      </p>
      {worse && <p class="message warn">{t.worse}</p>}
      {forgets && <p class="message warn">{t.forgets}</p>}
      <div class="comparison-panels">
        {heldOut && (
          <Panel
            title={t.heldOut}
            help={t.heldOutHelp(heldOut.after.images)}
            pair={heldOut}
            card={card}
            counted={t.count}
          />
        )}
        {replayed && (
          <Panel
            title={t.replayed}
            help={t.replayedHelp(replayed.after.images)}
            pair={replayed}
            card={card}
            counted={t.samples}
          />
        )}
      </div>
      <p class="quiet small">
        {t.temperature} T = {decimal(card.temperature, 2)}
      </p>
    </div>
  );
}
