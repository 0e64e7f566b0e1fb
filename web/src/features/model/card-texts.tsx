// The free-form parts of a card: what it was trained on, licences and notices. Shown as the file has them.
import type { ModelCard } from '@core';
import { text } from '@/i18n/language';

/** "data.split.rule" -> its value, for every value that is no object. */
function flatten(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return [[path, value.join(', ')]];
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) =>
      flatten(inner, path === '' ? name : `${path}.${name}`),
    );
  }
  return [[path, String(value)]];
}

function Pairs({ pairs }: { pairs: [string, string][] }) {
  const known: Readonly<Record<string, string>> = text.value.model.training.keys;
  return (
    <dl class="facts">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{known[name] ?? name.replaceAll('_', ' ').replaceAll('.', ' › ')}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Training({ card }: { card: ModelCard }) {
  const t = text.value.model.training;
  const pairs = flatten(card.training).filter(([name]) => name !== '');
  if (pairs.length === 0) return <p>{t.none}</p>;
  // What most people ask for comes first, in the dictionary's order; a personalised head's story belongs to it.
  const asked = Object.keys(t.keys);
  const first = [
    ...asked.flatMap((key) => pairs.filter(([name]) => name === key)),
    ...pairs.filter(([name]) => name.startsWith('personalised')),
  ];
  const rest = pairs.filter((pair) => !first.includes(pair));
  return (
    <>
      <Pairs pairs={first} />
      {rest.length > 0 && (
        <details>
          <summary>{t.more}</summary>
          <Pairs pairs={rest} />
        </details>
      )}
    </>
  );
}

export function Licence({ notices }: { notices: readonly unknown[] }) {
  const t = text.value.model.licence;
  if (notices.length === 0) return <p>{t.none}</p>;
  return (
    <ul class="who">
      {notices.map((notice, k) => (
        <li key={k}>
          {typeof notice === 'string'
            ? notice
            : flatten(notice)
                .map(([name, value]) => `${name.replaceAll('.', ', ')}: ${value}`)
                .join('; ')}
        </li>
      ))}
    </ul>
  );
}
