// The view "personalise": pictures, training, before and after, heads.
import { useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { text } from '@/i18n/language';
import { modelState, openShippedModel } from '@/worker/client';
import { Collection } from './collection-section';
import { Comparison } from './comparison';
import { restoreKept } from './embeddings';
import { loadHeads } from './heads';
import { HeadList } from './head-list';
import { ModelProgress } from './model-progress';
import './personalise.css';
import './collection.css';
import './training.css';
import './comparison.css';
import './heads.css';
import { discard, headCardOf } from './training-run';
import { TrainingSection } from './training-section';

/** The trunk whose heads and embeddings were read last: a change of head is no other trunk. */
let readFor = '';

export function PersonaliseView() {
  const t = text.value.personalise;
  useEffect(() => void openShippedModel(), []);
  useSignalEffect(() => {
    const state = modelState.value;
    if (state.step !== 'ready' || state.info.trunkSha256 === readFor) return;
    // A head that was trained for another trunk fits this one no more.
    if (readFor !== '') discard();
    readFor = state.info.trunkSha256;
    void loadHeads(state.info);
    void restoreKept(state.info);
  });
  const trained = headCardOf();
  return (
    <div class="personalise">
      <div class="personalise-lead">
        <h1>{t.title}</h1>
        <p class="quiet">{t.lead}</p>
      </div>
      <ModelProgress />
      <section class="card" aria-labelledby="personalise-pictures">
        <h2 id="personalise-pictures">
          <span class="step-number" aria-hidden="true">
            1
          </span>
          {t.steps.pictures}
        </h2>
        <Collection />
      </section>
      <section class="card" aria-labelledby="personalise-training">
        <h2 id="personalise-training">
          <span class="step-number" aria-hidden="true">
            2
          </span>
          {t.steps.training}
        </h2>
        <TrainingSection />
      </section>
      {trained && (
        <section class="card" aria-labelledby="personalise-result">
          <h2 id="personalise-result">
            <span class="step-number" aria-hidden="true">
              3
            </span>
            {t.steps.result}
          </h2>
          <Comparison card={trained} />
        </section>
      )}
      <section class="card" aria-labelledby="personalise-heads">
        <h2 id="personalise-heads">{t.steps.heads}</h2>
        <HeadList />
      </section>
    </div>
  );
}
