// What the console uses of uPlot, by hand: for tools/tsconfig.json.
export default class UPlot {
    constructor(options: object, data: (number | null)[][], box: HTMLElement);
    setData(data: (number | null)[][]): void;
    setSize(size: { width: number; height: number }): void;
    destroy(): void;
}
