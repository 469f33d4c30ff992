/**
 * A plot over time, of uPlot, in the colours of the page.
 */
import { html, ref } from '../vendor/lit.js';
import UPlot from '../vendor/uplot.js';
import { clock } from './format.js';

/** The height of a plot, in CSS pixels. */
const HEIGHT = 180;
/** The seconds that it shows, at most and at least. */
const SECONDS = 300;
const FEWEST = 60;

export class Plot {
    /**
     * @param {{label: string, names: string[], value: (value: number) => string}} settings
     */
    constructor({ label, names, value }) {
        this.label = label;
        this.names = names;
        this.value = value;
        /** @type {any} */
        this.plot = null;
        /** @type {(number | null)[][]} */
        this.data = [[], ...names.map(() => [])];
        this.attach = ref((element) => this.#attach(/** @type {HTMLElement | undefined} */ (element)));
        this.width = 0;
        /** @type {HTMLElement | null} */
        this.box = null;
        this.resized = new ResizeObserver(() => this.#resize());
    }

    /** @param {(number | null)[][]} data Seconds since 1970, then the values of each name. */
    show(data) {
        const wasEmpty = this.data[0]?.length === 0;
        this.data = data;
        if (wasEmpty && data[0]?.length !== 0) this.recolour();
        else this.plot?.setData(data);
    }

    view() {
        const last = this.data.slice(1).map((values) => values.at(-1));
        return html`<figure class="plot">
            <figcaption>
                ${this.label}:
                ${this.names.map(
                    (name, at) =>
                        html`<span class="series s${at}">${name} <b>${last[at] == null ? '–' : this.value(last[at])}</b></span> `,
                )}
            </figcaption>
            <div class="canvas" aria-hidden="true" ${this.attach}></div>
        </figure>`;
    }

    /** Makes it again, with the colours and the axes that it has now. */
    recolour() {
        if (this.box) this.#attach(this.box);
    }

    /** @param {HTMLElement | undefined} box */
    #attach(box) {
        this.plot?.destroy();
        this.plot = null;
        this.resized.disconnect();
        this.box = box ?? null;
        if (!box) return;
        const style = getComputedStyle(document.documentElement);
        const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
        // Of nothing uPlot makes the year 1970.
        const show = this.data[0]?.length !== 0;
        const axis = { show, stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
        this.width = box.clientWidth || 300;
        this.plot = new UPlot(
            {
                width: this.width,
                height: HEIGHT,
                legend: { show: false },
                cursor: { sync: { key: 'overview' }, points: { size: 5 } },
                axes: [{ ...axis, space: 80, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((at) => clock(at * 1000)) }, { ...axis, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(this.value) }],
                scales: { x: { range: (/** @type {any} */ _, /** @type {number} */ first, /** @type {number} */ last) => [Math.max(last - SECONDS, Math.min(first, last - FEWEST)), last] }, y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ top) => [0, Math.max(1, (top || 0) * 1.15)] } },
                series: [
                    {},
                    ...this.names.map((name, at) => ({ label: name, stroke: colour(`--series-${at}`), width: 1.5, spanGaps: false, points: { show: false } })),
                ],
            },
            this.data,
            box,
        );
        this.resized.observe(box);
    }

    #resize() {
        const width = this.box?.clientWidth ?? 0;
        if (width === 0 || width === this.width) return;
        this.width = width;
        this.plot?.setSize({ width, height: HEIGHT });
    }
}
