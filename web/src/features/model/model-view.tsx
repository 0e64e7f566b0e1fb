// The view "model": what the model file says of itself, and the place to open another.
import { useEffect } from 'preact/hooks';
import type { MetricReport, ModelCard } from '@core';
import { className } from '@/i18n/class-name';
import { decimal, text } from '@/i18n/language';
import type { ModelInfo } from '@/shared/model-info';
import { modelState, openShippedModel } from '@/worker/client';
import { ModelProgress } from '@/features/personalise/client/model-progress';
import { Licence, Training } from './card-texts';
import { Hash } from './hash';
import { Metrics, OperatingPoints } from './metrics';
import './model.css';
import { OwnModel } from './own-model';
import { Plots } from './plots';

function Facts({ info }: { info: ModelInfo }) {
  const t = text.value.model.facts;
  const card = info.shippedCard;
  const { preprocessing } = card;
  const rows: [string, preact.ComponentChildren][] = [
    [t.name, card.name],
    [t.file, `${info.fileName} (${info.source === 'shipped' ? t.shipped : t.own})`],
    [t.size, t.megabytes(decimal(info.bytes / 1e6, 1))],
    [t.architecture, `${card.architecture}, ${t.width(decimal(card.width, 2))}`],
    [
      t.input,
      [
        t.inputSize(preprocessing.size),
        t[preprocessing.resize],
        ...(preprocessing.detail ? [t.detail(preprocessing.detail)] : []),
        ...(card.orientations > 1 ? [t.orientations(card.orientations)] : []),
      ].join(', '),
    ],
    [t.kinds, <ClassNames key="kinds" card={card} />],
    [
      t.temperature,
      <>
        {decimal(card.temperature, 3)} <span class="quiet small">{t.temperatureHelp}</span>
      </>,
    ],
    [t.unlike, info.knowsUnlike ? t.yes : t.no],
    [t.head, info.headName ?? t.ownHead],
    [t.hash, <Hash key="hash" value={card.weights_sha256} />],
    [t.trunkHash, <Hash key="trunk" value={info.trunkSha256} />],
  ];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ClassNames({ card }: { card: ModelCard }) {
  return (
    <ul class="kinds">
      {card.classes.map((code, k) => (
        <li key={code} class="tag">
          {className(code, card.class_names[k])}
        </li>
      ))}
    </ul>
  );
}

/** Test figures are shown where the file has them: nothing was chosen by them. */
function measured(card: ModelCard): { part: string; report: MetricReport } | null {
  for (const part of ['test', 'validation'] as const) {
    const report = card.metrics[part];
    if (report !== undefined && report.balanced_accuracy !== undefined) return { part, report };
  }
  return null;
}

/** By the name of its data set; only then is it known where its pictures come from. */
function learntFromIsic({ training }: ModelCard): boolean {
  return /isic/i.test(JSON.stringify(training));
}

function Section({ id, title, children }: { id: string; title: string; children: preact.ComponentChildren }) {
  return (
    <section class="card stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

export function ModelView() {
  const t = text.value.model;
  const state = modelState.value;
  useEffect(() => void openShippedModel(), []);
  const info = state.step === 'ready' ? state.info : null;
  const card = info?.shippedCard;
  const figures = card ? measured(card) : null;
  return (
    <div class="model-view">
      <div class="model-lead">
        <h1>{t.title}</h1>
        <p class="quiet">{t.lead}</p>
      </div>
      <ModelProgress />
      {info && card && (
        <>
          <Section id="model-metrics" title={t.metrics.title}>
            {info.headName !== null && <p class="message warn">{t.metrics.personalised}</p>}
            {figures ? <Metrics card={card} {...figures} /> : <p>{t.metrics.none}</p>}
          </Section>
          <Section id="model-who" title={t.who.title}>
            <ul class="who">
              {[...t.who.items, learntFromIsic(card) ? t.who.isic : t.who.otherData].map((item) => (
                <li key={item}>{item}</li>
              ))}
            </ul>
          </Section>
          {figures && (
            <Section id="model-plots" title={t.plots.title}>
              <Plots card={card} report={figures.report} />
            </Section>
          )}
          <Section id="model-points" title={t.points.title}>
            <OperatingPoints points={card.operating_points} />
          </Section>
          <Section id="model-facts" title={t.facts.title}>
            <Facts info={info} />
          </Section>
          <Section id="model-training" title={t.training.title}>
            <Training card={card} />
          </Section>
          <Section id="model-licence" title={t.licence.title}>
            <Licence notices={card.notices} />
          </Section>
        </>
      )}
      <Section id="model-own" title={t.own.title}>
        <OwnModel />
      </Section>
    </div>
  );
}
