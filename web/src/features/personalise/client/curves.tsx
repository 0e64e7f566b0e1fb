// Loss and balanced accuracy of every epoch, while it trains.
import { useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '@/app/theme';
import { decimal, language, percent, text } from '@/i18n/language';
import { epochs } from './training-run';

interface Line {
  name: string;
  /** A custom property of the page's style. */
  colour: string;
  dash?: number[];
  values: (number | null)[];
}

/** light-dark() and var() as the element has them: the canvas knows neither. */
function colourOf(element: HTMLElement, property: string): string {
  element.style.color = `var(${property})`;
  const colour = getComputedStyle(element).color;
  element.style.color = '';
  return colour;
}

function options(element: HTMLElement, lines: Line[], width: number, shares: boolean): UPlot.Options {
  const quiet = colourOf(element, '--quiet');
  const grid = { stroke: colourOf(element, '--line'), width: 1 };
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  return {
    width,
    height: 220,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: shares ? { range: [0, 1] } : {} },
    axes: [
      { stroke: quiet, grid, ticks: grid, font, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200] },
      {
        stroke: quiet,
        grid,
        ticks: grid,
        font,
        size: 52,
        values: (_, splits) => splits.map((value) => (shares ? percent(value, 0) : decimal(value, 2))),
      },
    ],
    series: [
      {},
      ...lines.map((line): UPlot.Series => ({
        stroke: colourOf(element, line.colour),
        width: 2,
        ...(line.dash ? { dash: line.dash } : {}),
        points: { show: lines.every(({ values }) => values.length < 3) },
      })),
    ],
  };
}

function Chart({ title, lines, shares }: { title: string; lines: Line[]; shares: boolean }) {
  const t = text.value.personalise.curves;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const count = epochs.value.length;
  const data: UPlot.AlignedData = [
    epochs.value.map(({ epoch }) => epoch),
    ...lines.map(({ values }) => values),
  ];
  const latest = useRef(data);
  latest.current = data;
  const look = `${theme.value}/${language.value}/${lines.length}/${count < 3}`;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new UPlot(
        options(element, lines, element.clientWidth, shares),
        latest.current,
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: 220 }),
    );
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [look]);
  useEffect(() => chart.current?.setData(data), [count]);

  const shown = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : shares ? percent(value, 0) : decimal(value, 3);
  const now = lines.map(({ name, values }) => t.value(name, shown(values.at(-1)))).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="chart-legend">
          {lines.map(({ name, colour, values, dash }) => (
            <li key={name}>
              <svg
                viewBox="0 0 24 8"
                aria-hidden="true"
                class={`chart-key ${colour.replace('--series', 'chart-key')}`}
              >
                <path d="M0 4h24" stroke-dasharray={dash?.join(' ')} />
              </svg>
              {name} <strong class="number">{shown(values.at(-1))}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} class="chart-place" role="img" aria-label={t.describe(title, count, now)} />
    </figure>
  );
}

export function Curves() {
  const t = text.value.personalise.curves;
  const has = useComputed(() => ({
    heldOut: epochs.value.some((one) => one.heldOutLoss !== null),
    replay: epochs.value.some((one) => one.replayLoss !== null),
  })).value;
  const all = epochs.value;
  const heldOut = (values: (number | null)[]): Line[] =>
    has.heldOut ? [{ name: t.heldOut, colour: '--series-2', values }] : [];
  const replay = (values: (number | null)[]): Line[] =>
    has.replay ? [{ name: t.replay, colour: '--series-3', dash: [6, 4], values }] : [];
  return (
    <div class="charts">
      <Chart
        title={t.loss}
        shares={false}
        lines={[
          { name: t.training, colour: '--series-1', values: all.map((one) => one.trainingLoss) },
          ...heldOut(all.map((one) => one.heldOutLoss)),
          ...replay(all.map((one) => one.replayLoss)),
        ]}
      />
      {(has.heldOut || has.replay) && (
        <Chart
          title={t.balancedAccuracy}
          shares
          lines={[
            ...heldOut(all.map((one) => one.heldOutBalancedAccuracy)),
            ...replay(all.map((one) => one.replayBalancedAccuracy)),
          ]}
        />
      )}
    </div>
  );
}
