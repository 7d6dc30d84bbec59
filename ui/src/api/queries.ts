// What the pages ask, each as a hook. Lists come whole; sorting and filtering are the page's.
import { QueryClient, useQuery } from '@tanstack/react-query';
import { ApiError, ask, client } from './client';

const PREFIX = '/api/insights-results-aggregator/v2';
const REFRESH_MS = 30_000;
// A page that waits for a cluster's first result shows it within seconds.
const AWAIT_RESULT_MS = 5_000;
const STALE_MS = 3_000;
const RETRIES_MAX = 2;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        refetchInterval: REFRESH_MS,
        // What the server has understood and refused, it refuses again.
        retry: (failures, error) =>
          failures < RETRIES_MAX &&
          error instanceof ApiError &&
          (error.status === 0 || error.status >= 500),
      },
    },
  });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 400);
}

export function useClusters() {
  return useQuery({
    queryKey: ['clusters'],
    queryFn: ({ signal }) => ask(() => client.GET(`${PREFIX}/clusters`, { signal })),
    select: (answer) => answer.data.filter((x) => x.cluster_id !== ''),
  });
}

function awaited(error: unknown): number {
  return isNotFound(error) ? AWAIT_RESULT_MS : REFRESH_MS;
}

export function useClusterReport(cluster: string) {
  return useQuery({
    queryKey: ['cluster', cluster, 'report'],
    queryFn: ({ signal }) =>
      ask(() =>
        client.GET(`${PREFIX}/cluster/{cluster}/reports`, {
          params: { path: { cluster }, query: { get_disabled: false, rendered: true } },
          signal,
        }),
      ),
    select: (answer) => answer.report,
    refetchInterval: (query) => awaited(query.state.error),
  });
}

export function useClusterInfo(cluster: string) {
  return useQuery({
    queryKey: ['cluster', cluster, 'info'],
    queryFn: ({ signal }) =>
      ask(() =>
        client.GET(`${PREFIX}/cluster/{cluster}/info`, { params: { path: { cluster } }, signal }),
      ),
    select: (answer) => answer.cluster,
    refetchInterval: (query) => awaited(query.state.error),
  });
}

export function useClusterOutcomes(cluster: string) {
  return useQuery({
    queryKey: ['cluster', cluster, 'outcomes'],
    queryFn: ({ signal }) =>
      ask(() =>
        client.GET('/api/insightd/v1/clusters/{cluster}/outcomes', {
          params: { path: { cluster } },
          signal,
        }),
      ),
    select: (answer) => answer.outcomes,
    refetchInterval: (query) => awaited(query.state.error),
  });
}

export function useRecommendations() {
  return useQuery({
    queryKey: ['recommendations'],
    queryFn: ({ signal }) => ask(() => client.GET(`${PREFIX}/rule`, { signal })),
    select: (answer) => answer.recommendations,
  });
}

export function useRuleContent(ruleId: string) {
  return useQuery({
    queryKey: ['rule', ruleId, 'content'],
    queryFn: ({ signal }) =>
      ask(() =>
        client.GET(`${PREFIX}/rule/{rule_id}/content`, {
          params: { path: { rule_id: ruleId } },
          signal,
        }),
      ),
    select: (answer) => answer.content,
  });
}

export function useRuleClusters(ruleId: string) {
  return useQuery({
    queryKey: ['rule', ruleId, 'clusters'],
    queryFn: ({ signal }) =>
      ask(() =>
        client.GET(`${PREFIX}/rule/{rule_selector}/clusters_detail`, {
          params: { path: { rule_selector: ruleId } },
          signal,
        }),
      ),
    select: (answer) => answer.data,
  });
}
