// The card's figures with their intervals, melanoma sensitivity and balanced accuracy first; operating points.
import type { Interval, MetricReport, ModelCard, OperatingPoint } from '@core';
import { className } from '@/i18n/class-name';
import { decimal, percent, text } from '@/i18n/language';

type Format = (value: number) => string;
const asPercent: Format = (value) => percent(value, 1);
const asNumber: Format = (value) => decimal(value, 3);

function Range({ of, format }: { of: Interval; format: Format }) {
  if (of.low === null || of.high === null) return null;
  return <span class="range number">{text.value.model.metrics.range(format(of.low), format(of.high))}</span>;
}

function Figure({
  name,
  help,
  of,
  format,
  large = false,
}: {
  name: string;
  help?: string;
  of: Interval | null | undefined;
  format: Format;
  large?: boolean;
}) {
  if (!of || of.value === null) return null;
  return (
    <div class={large ? 'figure figure-large' : 'figure'}>
      <dt>
        {name}
        {help && <span class="quiet small"> {help}</span>}
      </dt>
      <dd>
        <span class="figure-value number">{format(of.value)}</span> <Range of={of} format={format} />
      </dd>
    </div>
  );
}

function Cell({ of, format }: { of: Interval | null | undefined; format: Format }) {
  if (!of || of.value === null) return <td>{text.value.model.metrics.unknown}</td>;
  return (
    <td>
      {format(of.value)}
      <Range of={of} format={format} />
    </td>
  );
}

/** Melanoma first, then in the card's order. */
function inOrder(card: ModelCard): { code: string; name: string }[] {
  const all = card.classes.map((code, k) => ({ code, name: card.class_names[k] ?? code }));
  return [...all.filter(({ code }) => code === 'MEL'), ...all.filter(({ code }) => code !== 'MEL')];
}

export function Metrics({ card, part, report }: { card: ModelCard; part: string; report: MetricReport }) {
  const t = text.value.model.metrics;
  const known: Readonly<Record<string, string>> = t.part;
  const confidence = (report['intervals'] as { confidence?: number } | undefined)?.confidence ?? 0.95;
  return (
    <>
      <p class="quiet">
        {known[part] ?? t.partOther(part)}: {t.on(decimal(report.images, 0), decimal(report.groups, 0))}{' '}
        {t.interval(percent(confidence, 0))}
      </p>
      <dl class="figures">
        <Figure
          large
          name={t.melanomaSensitivity}
          help={t.melanomaSensitivityHelp}
          of={report.melanoma_sensitivity}
          format={asPercent}
        />
        <Figure
          large
          name={t.balancedAccuracy}
          help={t.balancedAccuracyHelp}
          of={report.balanced_accuracy}
          format={asPercent}
        />
        <Figure name={t.melanomaAuc} of={report.melanoma_auc} format={asNumber} />
        <Figure name={t.malignantAuc} of={report.malignant_auc} format={asNumber} />
        <Figure name={t.macroAuc} of={report.macro_auc} format={asNumber} />
        <Figure name={t.accuracy} of={report.accuracy} format={asPercent} />
        <Figure name={t.calibration} of={report.expected_calibration_error} format={asPercent} />
      </dl>
      <div class="table-scroll" tabIndex={0} role="group" aria-label={t.perKind}>
        <table class="per-kind">
          <caption>{t.perKind}</caption>
          <thead>
            <tr>
              <th scope="col">{t.kind}</th>
              <th scope="col">{t.count}</th>
              <th scope="col">{t.sensitivity}</th>
              <th scope="col">{t.specificity}</th>
              <th scope="col">{t.auc}</th>
            </tr>
          </thead>
          <tbody>
            {inOrder(card).map(({ code, name }) => {
              const one = report.per_class[code];
              return (
                <tr key={code}>
                  <th scope="row">{className(code, name)}</th>
                  <td>{one ? decimal(one.count, 0) : t.unknown}</td>
                  <Cell of={one?.sensitivity} format={asPercent} />
                  <Cell of={one?.specificity} format={asPercent} />
                  <Cell of={one?.auc} format={asNumber} />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

export function OperatingPoints({ points }: { points: readonly OperatingPoint[] }) {
  const t = text.value.model;
  if (points.length === 0) return <p>{t.points.none}</p>;
  return (
    <>
      <p class="quiet">{t.points.help}</p>
      <div class="table-scroll" tabIndex={0} role="group" aria-label={t.points.title}>
        <table class="per-kind">
          <caption class="visually-hidden">{t.points.title}</caption>
          <thead>
            <tr>
              <th scope="col">{t.points.target}</th>
              <th scope="col">{t.points.threshold}</th>
              <th scope="col">{t.metrics.sensitivity}</th>
              <th scope="col">{t.metrics.specificity}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ target, threshold, sensitivity, specificity }) => (
              <tr key={`${target}/${threshold}`}>
                <th scope="row">{className(target)}</th>
                <td>{percent(threshold, 1)}</td>
                <td>{percent(sensitivity, 1)}</td>
                <td>{percent(specificity, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
