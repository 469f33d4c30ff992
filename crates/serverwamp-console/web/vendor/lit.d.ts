// What the console uses of lit-html, by hand: for tools/tsconfig.json.
export interface TemplateResult {
    readonly strings: TemplateStringsArray;
}
export interface Directive {
    readonly _$litDirective$: unknown;
}
export const nothing: unique symbol;
export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
export function svg(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
export function render(value: unknown, container: HTMLElement): unknown;
export function repeat<T>(items: Iterable<T>, key: (item: T) => unknown, template: (item: T) => unknown): Directive;
export function ref(callback: (element: Element | undefined) => void): Directive;
export function live(value: unknown): Directive;
