// Starts the real program on free ports and a data folder of its own.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 15_000;
const LOG_LINES_SHOWN = 30;

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export async function startServer(binary) {
  const folder = mkdtempSync(join(tmpdir(), 'insightd-e2e-'));
  const base = `http://127.0.0.1:${await freePort()}`;
  const config = join(folder, 'insightd.toml');
  writeFileSync(
    config,
    `data_dir = "${join(folder, 'data')}"\n\n[http]\naddress = "${base.slice('http://'.length)}"\n` +
      'metrics_address = "127.0.0.1:0"\naggregator_address = "127.0.0.1:0"\n',
  );
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'w');
  const child = spawn(binary, ['all', '--config', config], { stdio: ['ignore', log, log] });
  closeSync(log);
  let end = null;
  child.on('error', (error) => (end = error.message));
  child.on('exit', (code, signal) => (end = signal ?? `exit status ${code}`));

  const lastLines = () =>
    readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  const stop = async () => {
    if (end === null) child.kill('SIGTERM');
    for (const begin = Date.now(); end === null && Date.now() - begin < STOP_MS_MAX;)
      await wait(20);
    const shown = lastLines();
    if (end === null) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    if (end !== 'exit status 0')
      throw new Error(`${binary} ended with ${end ?? 'no answer to SIGTERM'}\n${shown}`);
  };

  for (const begin = Date.now(); Date.now() - begin < START_MS_MAX; await wait(20)) {
    if (end !== null) break;
    const answer = await fetch(`${base}/api/ingress/v1/version`).catch(() => null);
    if (answer?.ok) return { base, stop };
  }
  const shown = lastLines();
  await stop().catch(() => undefined);
  throw new Error(
    `${binary} did not start (${end ?? `not ready after ${START_MS_MAX} ms`})\n${shown}`,
  );
}
