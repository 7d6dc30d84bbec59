// Small archives as the Insights Operator makes them: gzipped tar of JSON files.
import { gzipSync } from 'node:zlib';

const BLOCK = 512;
const GATHERED_S = 1_785_578_292; // 2026-08-01T09:58:12Z; the archive's own time, never today's

function header(name, size) {
  const block = Buffer.alloc(BLOCK);
  const octal = (value, digits) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(GATHERED_S, 11), 136);
  block.write('        ', 148); // the checksum counts itself as spaces
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** `files`: names and contents; what is no text is written as JSON. */
export function makeArchive(files) {
  const blocks = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    blocks.push(
      header(name, bytes.length),
      bytes,
      Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
    );
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return gzipSync(Buffer.concat(blocks));
}

function version(number) {
  return {
    metadata: { name: 'version' },
    spec: { channel: 'stable-4.18' },
    status: {
      desired: { version: number },
      history: [
        {
          state: 'Completed',
          version: number,
          startedTime: '2026-07-01T00:00:00Z',
          verified: true,
        },
      ],
      conditions: [],
    },
  };
}

function node(name, memory) {
  return {
    metadata: { name, labels: { 'node-role.kubernetes.io/worker': '' } },
    status: {
      capacity: { cpu: '8', memory, 'ephemeral-storage': '500Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

// The name of a node that Markdown, HTML and a template could each take for their own.
const HOSTILE_NAME = 'worker_0_*{{=1}}<img src=x onerror=alert(1)>';

// More of them: what ends a code span, a link and a script.
export const HOSTILE_NAMES = [
  HOSTILE_NAME,
  'b` <script>alert(1)</script> `b',
  '[x](javascript:alert(1)) ``',
  '</code></pre><svg onload=alert(1)>',
];

/** Clusters by how they fare; each hits at least the rule that its comment names. */
export const CLUSTERS = {
  // FEATURE_SET_PREVENTS_UPGRADE (important), NODES_MINIMUM_REQUIREMENTS_NOT_MET (moderate)
  worst: {
    id: '0e7d1c52-5a3b-4f0e-9b1a-7d0f3c9a1e01',
    files: {
      'config/version.json': version('4.18.3'),
      'config/featuregate.json': {
        metadata: { name: 'cluster' },
        spec: { featureSet: 'TechPreviewNoUpgrade' },
      },
      ...Object.fromEntries(
        HOSTILE_NAMES.map((name, i) => [`config/node/small${i}.json`, node(name, '2Gi')]),
      ),
    },
  },
  // NO_IDENTITY_PROVIDER (low)
  mild: {
    id: '1e7d1c52-5a3b-4f0e-9b1a-7d0f3c9a1e02',
    files: {
      'config/version.json': version('4.17.12'),
      'config/oauth.json': { metadata: { name: 'cluster' }, spec: {} },
    },
  },
  healthy: {
    id: '2e7d1c52-5a3b-4f0e-9b1a-7d0f3c9a1e03',
    files: { 'config/version.json': version('4.18.10') },
  },
  // Holds nothing that a rule reads.
  blank: {
    id: '4e7d1c52-5a3b-4f0e-9b1a-7d0f3c9a1e05',
    files: { 'config/nothing.json': {} },
  },
  // Uploads only while its page is open.
  late: {
    id: '3e7d1c52-5a3b-4f0e-9b1a-7d0f3c9a1e04',
    files: { 'config/version.json': version('4.18.10') },
  },
};

/** Uploads as the operator does; gives the answer's body. */
export async function upload(base, { id, files }) {
  const archive = makeArchive({ 'config/id': id, ...files });
  const form = new FormData();
  const type = 'application/vnd.redhat.openshift.periodic';
  form.append('file', new Blob([archive], { type }), 'payload.tar.gz');
  const response = await fetch(`${base}/api/ingress/v1/upload`, {
    method: 'POST',
    headers: { 'user-agent': `insights-operator/e2e cluster/${id}` },
    body: form,
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`upload of ${id}: ${response.status} ${text}`);
  return JSON.parse(text);
}
