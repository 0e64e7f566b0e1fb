// Opening a model file of one's own, and the way back.
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { text } from '@/i18n/language';
import type { Problem } from '@/shared/problem';
import { modelState, openOwnModel, reopenShippedModel } from '@/worker/client';

type State = { step: 'idle' } | { step: 'opening' } | { step: 'refused'; file: string; problem: Problem };
const state = signal<State>({ step: 'idle' });
const dragging = signal(false);

async function open(file: File): Promise<void> {
  if (state.value.step === 'opening') return;
  state.value = { step: 'opening' };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    state.value = { step: 'refused', file: file.name, problem: { code: 'unknown', detail: String(error) } };
    return;
  }
  const problem = await openOwnModel(bytes, file.name);
  state.value = problem === null ? { step: 'idle' } : { step: 'refused', file: file.name, problem };
}

async function back(): Promise<void> {
  state.value = { step: 'opening' };
  await reopenShippedModel();
  state.value = { step: 'idle' };
}

/** Why the file was refused, in the person's language. */
function reasonOf({ code, reason, detail }: Problem): string {
  const t = text.value;
  if (code !== 'model-refused' || reason === undefined) return t.problems[code];
  const sentence = t.model.own.reasons[reason];
  // The error's text ends with what it is about, in parentheses.
  return typeof sentence === 'string' ? sentence : sentence(/\((.*)\)$/.exec(detail)?.[1] ?? '');
}

export function OwnModel() {
  const t = text.value.model.own;
  const input = useRef<HTMLInputElement>(null);
  const now = state.value;
  const model = modelState.value;
  const own = model.step === 'ready' && model.info.source === 'own';
  return (
    <div
      class={`own-model stack${dragging.value ? ' own-model-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        dragging.value = true;
      }}
      onDragLeave={() => (dragging.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        dragging.value = false;
        const [file] = event.dataTransfer?.files ?? [];
        if (file) void open(file);
      }}
    >
      <p class="quiet">{dragging.value ? t.drop : t.help}</p>
      <div class="row">
        <button type="button" disabled={now.step === 'opening'} onClick={() => input.current?.click()}>
          {t.open}
        </button>
        {own && (
          <button type="button" disabled={now.step === 'opening'} onClick={() => void back()}>
            {t.back}
          </button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        hidden
        accept=".onnx"
        data-testid="pick-model"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void open(file);
          event.currentTarget.value = '';
        }}
      />
      <p role="status" data-testid="own-model-status">
        {now.step === 'opening'
          ? t.opening
          : model.step === 'ready'
            ? own
              ? t.opened(model.info.fileName)
              : t.isShipped
            : ''}
      </p>
      {now.step === 'refused' && (
        <div class="message problem" role="alert" data-testid="own-model-problem">
          <p>
            {t.refused(now.file)} {reasonOf(now.problem)} {model.step === 'ready' && t.kept}
          </p>
          {now.problem.detail !== '' && (
            <details>
              <summary>{text.value.common.details}</summary>
              <p class="small">{now.problem.detail}</p>
            </details>
          )}
        </div>
      )}
    </div>
  );
}
