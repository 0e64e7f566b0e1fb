// A confusion matrix as a table: rows are what it was, columns what was named; darker is a larger share of its row.
import { className } from '@/i18n/class-name';
import { percent, text } from '@/i18n/language';
import './figures.css';

export interface NamedClass {
  code: string;
  name: string;
}

export function ConfusionTable({
  title,
  of,
  counts,
}: {
  title: string;
  of: readonly NamedClass[];
  counts: readonly number[][];
}) {
  const t = text.value.model.plots;
  return (
    <div class="confusion-scroll" tabIndex={0} role="group" aria-label={title}>
      <table class="confusion">
        <caption>
          {title}
          <span class="quiet">{t.confusionHelp}</span>
        </caption>
        <thead>
          <tr>
            <td />
            {of.map(({ code, name }) => (
              <th key={code} scope="col">
                <abbr title={className(code, name)}>{code}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map(({ code, name }, row) => {
            const line = counts[row] ?? [];
            const total = line.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={code}>
                <th scope="row">
                  <abbr title={className(code, name)}>{code}</abbr>
                </th>
                {of.map((column, k) => {
                  const count = line[k] ?? 0;
                  const share = total > 0 ? count / total : 0;
                  const style = { '--share': share.toFixed(3) };
                  return (
                    <td
                      key={column.code}
                      class={k === row ? 'confusion-right' : undefined}
                      style={style}
                      title={t.cell(count, percent(share, 0))}
                    >
                      {count === 0 ? <span class="quiet">0</span> : count}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
