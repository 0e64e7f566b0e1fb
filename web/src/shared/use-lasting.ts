// What comes and goes within a moment is not shown: it would flicker, and drawing it takes time from what is waited for.
import { useEffect, useState } from 'preact/hooks';

/** Whether `active` has held without a break for so many milliseconds. */
export function useLasting(active: boolean, milliseconds = 250): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(() => setLasting(true), milliseconds);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [active, milliseconds]);
  return active && lasting;
}
