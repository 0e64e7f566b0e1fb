// A picture from the camera; the stream ends with the dialog.
import { useEffect, useRef, useState } from 'preact/hooks';
import { text } from '@/i18n/language';
import { Dialog } from '@/app/dialog';
import type { ProblemCode } from '@/shared/problem';
import { addFiles } from './items';

let taken = 0;

function codeOf(error: unknown): ProblemCode {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'camera-refused';
  return name === 'NotReadableError' || name === 'AbortError' ? 'camera-busy' : 'camera-missing';
}

function photograph(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  // PNG: a second lossy compression would change what the model sees.
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

export function CameraDialog({ close }: { close: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  const [problem, setProblem] = useState<ProblemCode | null>(null);
  const t = text.value.check.camera;

  useEffect(() => {
    let stream: MediaStream | null = null;
    let closed = false;
    const wanted = { video: { facingMode: 'environment', width: { ideal: 1920 } }, audio: false };
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    (devices?.getUserMedia(wanted) ?? Promise.reject(new DOMException('', 'NotFoundError')))
      .then((opened) => {
        stream = opened;
        if (closed) opened.getTracks().forEach((track) => track.stop());
        else if (video.current) video.current.srcObject = opened;
      })
      .catch((error: unknown) => setProblem(codeOf(error)));
    return () => {
      closed = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  const take = async () => {
    const picture = video.current && (await photograph(video.current));
    if (picture) {
      taken += 1;
      addFiles([new File([picture], `${text.value.check.intake.taken(taken)}.png`, { type: 'image/png' })]);
    }
    close();
  };

  return (
    <Dialog title={t.title} close={close}>
      {problem === null ? (
        <video
          ref={video}
          class="camera"
          autoplay
          muted
          playsInline
          aria-label={t.view}
          onLoadedData={() => setReady(true)}
        />
      ) : (
        <p class="message problem" role="alert">
          {text.value.problems[problem]}
        </p>
      )}
      {problem === null && !ready && (
        <p class="quiet" role="status">
          {t.waiting}
        </p>
      )}
      <div class="row end">
        <button type="button" onClick={close}>
          {t.cancel}
        </button>
        <button type="button" class="primary" disabled={!ready} onClick={() => void take()}>
          {t.take}
        </button>
      </div>
    </Dialog>
  );
}
