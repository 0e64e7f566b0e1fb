// The answer in sentences: what is found, how far to trust it, and where it stands against the operating points.
import type { TargetAssessment } from '@core';
import { className } from '@/i18n/class-name';
import { percent, text } from '@/i18n/language';
import type { CheckResult } from '../shared/result';

export function targetName(target: string, result: CheckResult): string {
  const found = result.classes.find(({ code }) => code === target);
  return className(target, found?.name ?? target);
}

/** The name to show for a class of the result. */
export function nameOf(result: CheckResult, index: number): string {
  const found = result.classes[index];
  return found === undefined ? '' : className(found.code, found.name);
}

/** The strictest point that the probability reaches, else the most sensitive one, which it does not. */
function decidingPoint({ points }: TargetAssessment) {
  return points.filter(({ reached }) => reached).at(-1) ?? points[0];
}

export function summarySentences(result: CheckResult): string[] {
  const t = text.value.check.result;
  const { assessment } = result;
  const top = nameOf(result, assessment.top);
  const sure = assessment.rightWhenThisSure;
  const sentences = [
    t.finds(top, percent(assessment.confidence)),
    sure
      ? t.right(percent(sure.accuracy, 0), percent(sure.low, 0), percent(sure.high, 0), sure.count)
      : t.rightUnknown,
  ];
  for (const target of assessment.targets) {
    const point = decidingPoint(target);
    if (point === undefined) continue;
    const say = point.reached ? t.targetAbove : t.targetBelow;
    sentences.push(
      say(
        targetName(target.target, result),
        percent(target.probability),
        percent(point.threshold),
        percent(point.sensitivity, 0),
        percent(point.specificity, 0),
      ),
    );
  }
  if (!assessment.targets.some(({ points }) => points.length > 0))
    sentences.push(result.model.head === null ? t.noPoints : t.personalised);
  return sentences;
}

export function Summary({ result }: { result: CheckResult }) {
  const [finding = '', ...rest] = summarySentences(result);
  return (
    <div class="summary">
      <p class="finding">{finding}</p>
      {rest.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </div>
  );
}
