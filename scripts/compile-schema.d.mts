// Types of compile-schema.mjs, for the test that calls it.
export declare function generate(): Promise<Record<string, string>>;
