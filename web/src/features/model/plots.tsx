// ROC, reliability and confusion of the card, drawn as SVG and table so that they follow the page's colours.
import { signal } from '@preact/signals';
import type { MetricReport, ModelCard, ReliabilityBin, RocCurve } from '@core';
import { className } from '@/i18n/class-name';
import { percent, text } from '@/i18n/language';
import { ConfusionTable } from './confusion';

const size = 240;
const left = 44;
const bottom = 38;
const top = 8;
const right = 10;
const ticks = [0, 0.25, 0.5, 0.75, 1];

const x = (share: number) => left + share * size;
const y = (share: number) => top + (1 - share) * size;

function Axes({
  nameX,
  nameY,
  children,
}: {
  nameX: string;
  nameY: string;
  children: preact.ComponentChildren;
}) {
  return (
    <>
      {ticks.map((tick) => (
        <g key={tick}>
          <path class="plot-grid" d={`M${x(tick)} ${y(0)}V${y(1)}M${x(0)} ${y(tick)}H${x(1)}`} />
          <text class="plot-tick" x={x(tick)} y={y(0) + 15} text-anchor="middle">
            {percent(tick, 0)}
          </text>
          <text class="plot-tick" x={left - 6} y={y(tick) + 4} text-anchor="end">
            {percent(tick, 0)}
          </text>
        </g>
      ))}
      {children}
      <text class="plot-name" x={x(0.5)} y={y(0) + 33} text-anchor="middle">
        {nameX}
      </text>
      <text class="plot-name" transform={`translate(11 ${y(0.5)}) rotate(-90)`} text-anchor="middle">
        {nameY}
      </text>
    </>
  );
}

function Plot({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${left + size + right} ${top + size + bottom}`}
      role="img"
      aria-label={text.value.model.plots.describe(label)}
    >
      {children}
    </svg>
  );
}

interface NamedCurve {
  code: string;
  name: string;
  curve: RocCurve;
  auc: number | null;
}

function curvesOf(card: ModelCard, report: MetricReport): NamedCurve[] {
  const kinds = card.classes.flatMap((code, k) => {
    const one = report.per_class[code];
    return one?.roc
      ? [{ code, name: className(code, card.class_names[k]), curve: one.roc, auc: one.auc?.value ?? null }]
      : [];
  });
  const malignant = report.malignant_roc
    ? [
        {
          code: 'malignant',
          name: className('malignant'),
          curve: report.malignant_roc,
          auc: report.malignant_auc?.value ?? null,
        },
      ]
    : [];
  return [
    ...kinds.filter(({ code }) => code === 'MEL'),
    ...malignant,
    ...kinds.filter(({ code }) => code !== 'MEL'),
  ];
}

/** The curve that is drawn strongly; the others stay behind it. */
const strong = signal<string | null>(null);

function Roc({ curves }: { curves: NamedCurve[] }) {
  const t = text.value.model.plots;
  const chosen = curves.find(({ code }) => code === strong.value) ?? curves[0];
  const path = ({ curve }: NamedCurve) =>
    curve.false_positive_rate
      .map(
        (rate, i) =>
          `${i === 0 ? 'M' : 'L'}${x(rate).toFixed(1)} ${y(curve.true_positive_rate[i] ?? 0).toFixed(1)}`,
      )
      .join('');
  if (!chosen) return <p class="quiet">{t.absent}</p>;
  return (
    <>
      <label class="plot-choice">
        <span class="visually-hidden">{t.roc}</span>
        <select value={chosen.code} onChange={(event) => (strong.value = event.currentTarget.value)}>
          {curves.map(({ code, name, auc }) => (
            <option key={code} value={code}>
              {name}
              {auc === null ? '' : ` – AUC ${auc.toFixed(3)}`}
            </option>
          ))}
        </select>
      </label>
      <Plot label={`${t.roc}, ${chosen.name}`}>
        <Axes nameX={t.rocAxisX} nameY={t.rocAxisY}>
          <path class="plot-chance" d={`M${x(0)} ${y(0)}L${x(1)} ${y(1)}`} />
          {curves.map((one) => one !== chosen && <path key={one.code} class="plot-faint" d={path(one)} />)}
          <path class="plot-line" d={path(chosen)} />
        </Axes>
      </Plot>
    </>
  );
}

function ReliabilityPlot({ bins }: { bins: readonly ReliabilityBin[] }) {
  const t = text.value.model.plots;
  const used = bins.filter(({ count }) => count > 0);
  const most = Math.max(...used.map(({ count }) => count));
  return (
    <Plot label={t.reliability}>
      <Axes nameX={t.reliabilityAxisX} nameY={t.reliabilityAxisY}>
        <path class="plot-chance" d={`M${x(0)} ${y(0)}L${x(1)} ${y(1)}`} />
        {used.map((bin) => (
          <g key={bin.low}>
            <title>
              {t.bin(percent(bin.low, 0), percent(bin.high, 0), percent(bin.accuracy, 0), bin.count)}
            </title>
            <path
              class="plot-bin"
              d={`M${x(bin.low) + 1} ${y(0)}V${y(bin.accuracy)}H${x(bin.high) - 1}V${y(0)}Z`}
            />
            <circle
              class="plot-dot"
              cx={x(bin.mean_confidence)}
              cy={y(bin.accuracy)}
              r={2.5 + 3.5 * Math.sqrt(bin.count / most)}
            />
          </g>
        ))}
      </Axes>
    </Plot>
  );
}

export function Plots({ card, report }: { card: ModelCard; report: MetricReport }) {
  const t = text.value.model.plots;
  const of = report.classes.map((code) => ({
    code,
    name: card.class_names[card.classes.indexOf(code)] ?? code,
  }));
  return (
    <div class="plots">
      <figure>
        <figcaption>
          <h3>{t.roc}</h3>
          <p class="quiet small">{t.rocHelp}</p>
        </figcaption>
        <Roc curves={curvesOf(card, report)} />
      </figure>
      <figure>
        <figcaption>
          <h3>{t.reliability}</h3>
          <p class="quiet small">{t.reliabilityHelp}</p>
        </figcaption>
        {report.reliability && report.reliability.some(({ count }) => count > 0) ? (
          <ReliabilityPlot bins={report.reliability} />
        ) : (
          <p class="quiet">{t.absent}</p>
        )}
      </figure>
      <figure>
        <ConfusionTable title={t.confusion} of={of} counts={report.confusion} />
      </figure>
    </div>
  );
}
