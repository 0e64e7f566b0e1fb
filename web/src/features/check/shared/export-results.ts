// The results as a table and as data. Numbers are written in the one form that programs read.
import type { Problem } from '@/shared/problem';
import type { CheckResult } from './result';

export interface Exported {
  name: string;
  /** One of the two. */
  result: CheckResult | null;
  problem: (Problem & { message: string }) | null;
}

/** A field as RFC 4180 has it; a leading sign that a spreadsheet would take for a formula is kept from acting as one. */
export function csvField(value: string): string {
  const inert = /^[=+\-@\t]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

const number = (value: number | undefined) => (value === undefined ? '' : value.toPrecision(6));

/** A line a picture. Columns of classes and targets are those that occur in any result. */
export function toCsv(all: readonly Exported[], notice: string): string {
  const codes: string[] = [];
  const targets: string[] = [];
  for (const { result } of all) {
    for (const { code } of result?.classes ?? []) if (!codes.includes(code)) codes.push(code);
    for (const { target } of result?.assessment.targets ?? [])
      if (!targets.includes(target)) targets.push(target);
  }
  const head = [
    'file',
    'status',
    'top_class',
    'top_class_name',
    'confidence',
    ...codes.map((code) => `p_${code}`),
    ...codes.map((code) => `spread_${code}`),
    ...targets.map((target) => `target_${target}`),
    ...targets.map((target) => `points_reached_${target}`),
    'unlike_known_images',
    'unlike_score',
    'warnings',
    'crop',
    'model',
    'head',
    'weights_sha256',
    'note',
  ];
  const lines = all.map(({ name, result, problem }) => {
    if (result === null)
      return [name, problem?.code ?? 'not-checked', ...head.slice(3).map(() => ''), problem?.message ?? ''];
    const indexOf = (code: string) => result.classes.findIndex((each) => each.code === code);
    const target = (wanted: string) => result.assessment.targets.find((each) => each.target === wanted);
    const top = result.classes[result.assessment.top];
    const { crop } = result;
    return [
      name,
      'checked',
      top?.code ?? '',
      top?.name ?? '',
      number(result.assessment.confidence),
      ...codes.map((code) => number(result.probabilities[indexOf(code)])),
      ...codes.map((code) => number(result.spread?.[indexOf(code)])),
      ...targets.map((wanted) => number(target(wanted)?.probability)),
      ...targets.map((wanted) => {
        const points = target(wanted)?.points ?? [];
        return `${points.filter(({ reached }) => reached).length} of ${points.length}`;
      }),
      result.unlike === null ? '' : result.unlike.unlike ? 'yes' : 'no',
      number(result.unlike?.score),
      result.quality?.warnings.join(' ') ?? '',
      crop === null ? '' : `${crop.left} ${crop.top} ${crop.width} ${crop.height}`,
      result.model.name,
      result.model.head ?? '',
      result.model.weightsSha256,
      notice,
    ];
  });
  // The mark at the beginning tells spreadsheets that this is UTF-8.
  return '\ufeff' + [head, ...lines].map((line) => line.map(csvField).join(',')).join('\r\n') + '\r\n';
}

function byClass({ classes }: CheckResult, values: Float32Array): Record<string, number | undefined> {
  return Object.fromEntries(classes.map(({ code }, k) => [code, values[k]]));
}

/** Everything, maps included; the card says what the model is. */
export function toJson(all: readonly Exported[], card: unknown, notice: string, date: Date): string {
  const pictures = all.map(({ name, result, problem }) =>
    result === null
      ? { file: name, problem }
      : {
          file: name,
          ...result,
          maps: {
            width: result.maps.width,
            height: result.maps.height,
            // Each map sums to its class's logit less its bias.
            logits: byClass(result, result.maps.logits),
            bias: byClass(result, result.maps.bias),
            values: Object.fromEntries(
              result.classes.map(({ code }, k) => {
                const count = result.maps.width * result.maps.height;
                return [code, Array.from(result.maps.values.subarray(k * count, (k + 1) * count))];
              }),
            ),
          },
        },
  );
  return JSON.stringify({ made: date.toISOString(), notice, model: card, pictures }, null, 2) + '\n';
}
