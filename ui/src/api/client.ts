// Asks the server that the page came from. Types are made from the API's own description.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

export type FleetCluster = components['schemas']['FleetCluster'];
export type ReportItem = components['schemas']['ReportItem'];
export type Evidence = components['schemas']['Evidence'];
export type ClusterReport = components['schemas']['ClusterReport']['report'];
export type ClusterInfo = components['schemas']['ClusterInfo']['cluster'];
export type Outcomes = components['schemas']['Outcomes']['outcomes'];
export type Recommendation = components['schemas']['Recommendation'];
export type RuleContent = components['schemas']['RuleContent'];
export type HitCluster = components['schemas']['HitCluster'];
export type ClustersDetail = components['schemas']['ClustersDetail']['data'];

/** An answer that is not what was asked for. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

// `fetch` is looked up at each call, so that tests can stand in for the network.
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => globalThis.fetch(request),
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

function messageOf(error: unknown, response: Response): string {
  const status = (error as { status?: unknown } | undefined)?.status;
  return typeof status === 'string' ? status : `The server answered ${response.status}.`;
}

/** The body of a good answer; anything else is an ApiError. */
export async function ask<T>(call: () => Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof SyntaxError)
      throw new ApiError(0, 'The server answered with something that is no JSON.');
    throw new ApiError(0, 'The server could not be reached.');
  }
  if (answer.data === undefined) {
    throw new ApiError(answer.response.status, messageOf(answer.error, answer.response));
  }
  return answer.data;
}
