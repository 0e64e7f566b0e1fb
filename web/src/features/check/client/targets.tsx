// The table behind the sentences: every operating point of every target.
import { percent, text } from '@/i18n/language';
import type { CheckResult } from '../shared/result';
import { targetName } from './summary';

export function Targets({ result }: { result: CheckResult }) {
  const t = text.value.check.result;
  const targets = result.assessment.targets.filter(({ points }) => points.length > 0);
  if (targets.length === 0) return null;
  return (
    <details class="targets">
      <summary>{t.points}</summary>
      <p class="small quiet">{t.pointsHelp}</p>
      <div class="table-place" tabIndex={0} role="group" aria-label={t.points}>
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{t.target}</th>
              <th scope="col">{t.probability}</th>
              <th scope="col">{t.threshold}</th>
              <th scope="col">{t.reached}</th>
              <th scope="col">{t.sensitivity}</th>
              <th scope="col">{t.specificity}</th>
            </tr>
          </thead>
          <tbody>
            {targets.flatMap(({ target, probability, points }) =>
              points.map((point) => (
                <tr key={`${target}/${point.threshold}`}>
                  <th scope="row">{targetName(target, result)}</th>
                  <td>{percent(probability)}</td>
                  <td>{percent(point.threshold)}</td>
                  <td>{point.reached ? t.above : t.below}</td>
                  <td>{percent(point.sensitivity)}</td>
                  <td>{percent(point.specificity)}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </details>
  );
}
