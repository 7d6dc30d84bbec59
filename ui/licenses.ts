// Writes /licenses.txt beside the page: the licence of each package that went into it, which their
// licences ask for.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

type Manifest = { name?: string; version?: string; license?: string };

// The folder of the package that a module belongs to. Some packages have a package.json without a
// name in folders within.
function packageOf(module: string): string | null {
  for (let folder = dirname(module); folder.includes('node_modules'); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as Manifest).version) {
      return folder;
    }
  }
  return null;
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  const file = readdirSync(folder).find((x) => /^licen[cs]e/i.test(x));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
  return `${name} ${version}: ${license ?? 'see below'}\n\n${text}\n`;
}

export function licenses(): Plugin {
  return {
    name: 'licenses',
    apply: 'build',
    generateBundle() {
      const modules = [...this.getModuleIds()].map((x) =>
        x.replace(/^\0/, '').replace(/\?.*$/, ''),
      );
      const folders = new Set(modules.filter((x) => x.includes('node_modules')).map(packageOf));
      const notices = [...folders]
        .filter((x) => x !== null)
        .map(notice)
        .sort();
      this.emitFile({
        type: 'asset',
        fileName: 'licenses.txt',
        source: notices.join(`\n${'-'.repeat(80)}\n\n`),
      });
    },
  };
}
