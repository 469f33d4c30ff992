// Makes web/vendor: each library as one file without imports, its licence, and what it was made of.
//
//     cd crates/serverwamp-console/tools && npm ci --ignore-scripts --no-audit --no-fund && node vendor.mjs
//
// Maintainers run it after a change of package.json; a build of the crate needs neither this nor Node.js. Afterwards
// `SERVERWAMP_BLESS=1 cargo test -p serverwamp-console` packs the files. `node vendor.mjs --check` changes nothing, and fails when
// web/vendor is not what the packages give.
//
// The lock file leaves out the native accelerators of wampy's serializers (cbor-extract, msgpackr-extract), which wampy.js does not need and
// not every registry has: take them out again after an update of it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, '..', 'web', 'vendor');
const packages = join(here, 'node_modules');
const checks = process.argv.includes('--check');

/** What of a package the console uses: an entry for esbuild. */
const LIBRARIES = [
    {
        name: 'lit-html',
        file: 'lit.js',
        entry: `export { html, svg, render, nothing } from 'lit-html';
export { repeat } from 'lit-html/directives/repeat.js';
export { ref } from 'lit-html/directives/ref.js';
export { live } from 'lit-html/directives/live.js';`,
    },
    { name: 'uplot', file: 'uplot.js', entry: "export { default } from 'uplot/dist/uPlot.esm.js';" },
    { name: 'wampy', file: 'wampy.js', entry: "export { Wampy } from 'wampy';" },
];

/** @param {string | Uint8Array} content */
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

let differs = false;

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
function put(file, content) {
    const path = join(vendor, file);
    const bytes = Buffer.from(content);
    if (existsSync(path) && readFileSync(path).equals(bytes)) return;
    differs = true;
    console.log(`${checks ? 'differs' : 'written'}: web/vendor/${file}`);
    if (!checks) writeFileSync(path, bytes);
}

mkdirSync(vendor, { recursive: true });
const lines = ['# Made by tools/vendor.mjs: file, package, version, licence, SHA-256 of the file.'];
const licences = [];
for (const { name, file, entry } of LIBRARIES) {
    const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
    const banner = `/* ${name} ${manifest.version}, ${manifest.license}; see LICENSES. Made by tools/vendor.mjs. */`;
    const made = await build({
        stdin: { contents: entry, resolveDir: here },
        bundle: true,
        format: 'esm',
        minify: true,
        target: 'es2022',
        legalComments: 'none',
        banner: { js: banner },
        conditions: ['production'],
        write: false,
    });
    const content = made.outputFiles[0].contents;
    put(file, content);
    lines.push([file, name, manifest.version, manifest.license, sha256(content)].join(' '));
    licences.push(`${name} ${manifest.version}\n\n${readFileSync(join(packages, name, 'LICENSE'), 'utf8').trim()}\n`);
}
const style = readFileSync(join(packages, 'uplot/dist/uPlot.min.css'));
put('uplot.css', style);
const uplot = JSON.parse(readFileSync(join(packages, 'uplot/package.json'), 'utf8'));
lines.push(['uplot.css', 'uplot', uplot.version, uplot.license, sha256(style)].join(' '));
put('vendor.lock', `${lines.join('\n')}\n`);
put('LICENSES', licences.join(`\n${'-'.repeat(80)}\n\n`));
if (differs && checks) {
    console.error('web/vendor is not what the packages give: run node vendor.mjs');
    process.exit(1);
}
