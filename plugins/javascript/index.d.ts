/** One record. It is good until the function returns, or until the promise that it returned is settled. */
export interface InputRecord {
  /** Its bytes. Lines come without their line ending. */
  readonly payload: Uint8Array;
  /** When it arrived, in milliseconds since 1970. */
  readonly arrivalMs: number;
  /** Its bytes as text. Fails the record with `not-utf8` if they are none. */
  text(): string;
  /** The value that it is the JSON of, the same one at every call. Fails the record with `not-json` if it is none. */
  json<T = unknown>(): T;
  /** The same, for records that are JSON objects: anything else fails with `not-json`. */
  object<T extends object = { [member: string]: unknown }>(): T;
  /** Its value in the column `name`, if it has one. There are those that `plugin.json` asks for. */
  column(name: string): Uint8Array | undefined;
  /** The same as text. */
  columnText(name: string): string | undefined;
}

/** Where the outputs of a record go. Whatever a record emitted is taken back if it fails or is dropped. */
export interface Outputs {
  /** Adds an output. `columns` are its partition keys and routes; it inherits those of its record. */
  emit(output: string | Uint8Array, columns?: { [name: string]: string | Uint8Array | undefined }): void;
  /** Leaves the record out on purpose. */
  drop(): void;
}

/** What `init` is told besides the params. */
export interface Context {
  readonly stream?: string;
  readonly arn?: string;
  readonly region?: string;
  /** The host's version. */
  readonly host: string;
}

/** A plugin: `transform` is what it exports, and `init` if there is something to be worked out once. */
export type Transform<Params = unknown> = (record: InputRecord, params: Params, out: Outputs) => void | Promise<void>;
/** What it returns is given to `transform` in place of the params. */
export type Init<Given = unknown, Params = unknown> = (params: Given, context: Context) => Params | Promise<Params>;

/** Why a record, or `init`, fails: throw it. Anything else that is thrown fails as `uncaught`, with its stack. */
export class Failure extends Error {
  /** `code` is a short word for machines such as `not-json`, `message` a sentence for people. */
  constructor(code: string, message: string);
  readonly code: string;
}

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Writes a line to the host's log. What is logged while a record fails is kept with its failure. */
export function log(level: Level, message: string): void;

/** Adds `value`, 1 without one, to the counter `metric`, which `plugin.json` lists. */
export function count(metric: string, value?: number | bigint): void;
