// Which model and head gave an answer, and whether these are still the ones in use.
import { text } from '@/i18n/language';
import { modelState } from '@/worker/client';
import type { CheckResult } from '../shared/result';

export function answeredBy({ model }: CheckResult): string {
  const t = text.value.check;
  const head = model.head === null ? '' : ` ${t.report.head(model.head)}`;
  return t.result.answeredBy(`${model.name}${head}`);
}

/** Another model or head is in use now than gave this answer. */
export function isOlder({ model }: CheckResult): boolean {
  const state = modelState.value;
  if (state.step !== 'ready') return false;
  const { card, headName } = state.info;
  return card.weights_sha256 !== model.weightsSha256 || card.name !== model.name || headName !== model.head;
}
