import { Tooltip } from '@patternfly/react-core';
import { useSyncExternalStore } from 'react';
import { exactDate, exactTime, parseTime, relativeTime } from '../lib/time';

// One clock for all times on the page.
const TICK_MS = 20_000;
let now = new Date();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = new Date();
    listeners.forEach((x) => x());
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function useNow(): Date {
  const ticked = useSyncExternalStore(subscribe, () => now);
  // Between ticks a time newer than the last one must not lie in the future.
  return new Date(Math.max(ticked.getTime(), Date.now() - TICK_MS));
}

/** "10 days ago", the exact time on hover. `label` says what the time is of. */
export function RelativeTime({ time, label }: { time: string | undefined; label: string }) {
  const current = useNow();
  const parsed = parseTime(time);
  if (!parsed) return <span className="insightd-none">Not available</span>;
  return (
    <Tooltip content={`${label}: ${exactTime(parsed)}`}>
      <time dateTime={parsed.toISOString()}>{relativeTime(parsed, current)}</time>
    </Tooltip>
  );
}

export function ExactTime({ time }: { time: string | undefined }) {
  const parsed = parseTime(time);
  if (!parsed) return <span className="insightd-none">Unknown</span>;
  return <time dateTime={parsed.toISOString()}>{exactTime(parsed)}</time>;
}

export function ExactDate({ time }: { time: string | undefined }) {
  const parsed = parseTime(time);
  if (!parsed) return <span className="insightd-none">Not available</span>;
  return <time dateTime={parsed.toISOString()}>{exactDate(parsed)}</time>;
}
