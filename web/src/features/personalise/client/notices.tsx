// What was noticed about the files: doubles, contradictions, what could not be used.
import { className } from '@/i18n/class-name';
import { text } from '@/i18n/language';
import { Cross } from './bucket';
import {
  type Notice,
  classes,
  conflicts,
  dismiss,
  failures,
  images,
  notices,
  removeImage,
} from './collection';

/** More names than this are counted only. */
const named = 6;

function Names({ names }: { names: readonly string[] }) {
  const t = text.value.personalise.notices;
  const rest = names.length - named;
  return (
    <span class="notice-names">
      {names.slice(0, named).join(', ')}
      {rest > 0 && ` ${t.more(rest)}`}
    </span>
  );
}

function NoticeText({ notice }: { notice: Notice }) {
  const t = text.value.personalise.notices;
  switch (notice.kind) {
    case 'table-lines':
      return <p>{t.tableLines(notice.name, notice.lines.slice(0, 12).join(', '))}</p>;
    case 'table-fault':
      return <p>{t.tableFault[notice.fault](notice.name)}</p>;
    default:
      return (
        <p>
          {t[notice.kind](notice.names.length)} <Names names={notice.names} />
        </p>
      );
  }
}

function labelName(code: string): string {
  return className(code, classes.value.find((one) => one.code === code)?.name);
}

function Conflicts() {
  const t = text.value.personalise.notices;
  if (conflicts.value.length === 0) return null;
  return (
    <div class="message warn">
      <p>
        <strong>{t.conflictTitle}</strong>
      </p>
      <ul class="message-list">
        {conflicts.value.slice(0, 20).map(({ hash, images: same }) => (
          <li key={hash} class="row">
            <span>
              {t.conflict(same[0]?.name ?? '', same.map(({ label }) => labelName(label)).join(' / '))}
            </span>
            {same.map((keep) => (
              <button
                key={keep.id}
                type="button"
                class="small"
                onClick={() => same.filter((one) => one !== keep).forEach((one) => removeImage(one.id))}
              >
                {t.keepOnly(labelName(keep.label))}
              </button>
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Failures() {
  const t = text.value;
  const failed = images.value.filter(({ id }) => failures.value.has(id));
  if (failed.length === 0) return null;
  return (
    <div class="message problem" data-testid="failed-pictures">
      <p>
        <strong>{t.personalise.notices.failedTitle(failed.length)}</strong>
      </p>
      <ul class="message-list">
        {failed.slice(0, 20).map(({ id, name }) => {
          const problem = failures.value.get(id);
          return (
            <li key={id}>
              <strong>{name}</strong>: {problem ? t.problems[problem.code] : t.personalise.notices.gone}
            </li>
          );
        })}
      </ul>
      {failed.length > 20 && <p>{t.personalise.notices.more(failed.length - 20)}</p>}
    </div>
  );
}

export function Notices() {
  const t = text.value.personalise.notices;
  return (
    <div class="notices" role="status" data-testid="notices">
      {notices.value.map((notice, k) => (
        <div key={k} class="message warn notice-line">
          <NoticeText notice={notice} />
          <button type="button" class="plain small" aria-label={t.dismiss} onClick={() => dismiss(notice)}>
            <Cross />
          </button>
        </div>
      ))}
      <Conflicts />
      <Failures />
    </div>
  );
}
