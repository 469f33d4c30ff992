// What the console uses of wampy.js, by hand: for tools/tsconfig.json.
export class Wampy {
    constructor(url: string, options: object);
    connect(): Promise<Record<string, any>>;
    disconnect(): Promise<unknown>;
    getSessionId(): number | null;
    getOpStatus(): { reqId: number };
    call(uri: string, payload: object, options: object): Promise<any>;
    cancel(request: number, options: object): boolean;
    publish(topic: string, payload: object, options: object): Promise<any>;
    subscribe(topic: string, handler: (event: any) => void, options: object): Promise<any>;
    unsubscribe(id: number, handler?: (event: any) => void): Promise<unknown>;
    _requests: Record<number, { advancedOptions?: object }>;
    register(uri: string, handler: (invocation: any) => unknown, options: object): Promise<any>;
    unregister(uri: string): Promise<unknown>;
}
