// Draws the whole page at an address, with the network played by a table of answers.
import { QueryClient } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { vi } from 'vitest';
import { App } from '../App';

export type Reply = { status?: number; body?: unknown } | 'unreachable' | 'silent';

const V2 = '/api/insights-results-aggregator/v2';

export const UUID = '34c3ecc5-624a-49a5-bab8-4fdc5e51a266';

export const paths = {
  clusters: `${V2}/clusters`,
  rules: `${V2}/rule`,
  report: `${V2}/cluster/${UUID}/reports?get_disabled=false&rendered=true`,
  info: `${V2}/cluster/${UUID}/info`,
  outcomes: `/api/insightd/v1/clusters/${UUID}/outcomes`,
  content: (id: string) => `${V2}/rule/${encodeURIComponent(id)}/content`,
  detail: (id: string) => `${V2}/rule/${encodeURIComponent(id)}/clusters_detail`,
};

function answer(reply: Reply | undefined, signal: AbortSignal): Promise<Response> {
  if (reply === 'unreachable') return Promise.reject(new TypeError('Failed to fetch'));
  if (reply === 'silent') {
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
    );
  }
  const { status = 200, body } = reply ?? { status: 404, body: { status: 'Item was not found' } };
  return Promise.resolve(
    new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    }),
  );
}

/** What is asked and has no entry in `replies` is answered with 404. */
export function showPage(path: string, replies: Record<string, Reply>) {
  const asked: string[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    const request = input as Request;
    const url = new URL(request.url);
    asked.push(url.pathname + url.search);
    return answer(replies[url.pathname + url.search], request.signal);
  });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const view = render(
    <MemoryRouter initialEntries={[path]}>
      <App queryClient={queryClient} />
    </MemoryRouter>,
  );
  return { ...view, asked };
}
