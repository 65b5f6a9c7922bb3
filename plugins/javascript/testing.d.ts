import type { Level, Transform } from './index.js';

/** What a plugin's module exports. */
export interface PluginModule {
  transform: Transform<any>;
  init?: (params: any, context: any) => unknown;
}

export interface Options {
  /** The params, as the config has them. */
  params?: unknown;
  /** When the records arrived: all of them, or each. */
  arrivalMs?: number | number[];
  /** Input columns: for each name the records' values. */
  columns?: { [name: string]: (string | Uint8Array | undefined)[] };
  /** What `init` is told. */
  context?: { [member: string]: string };
}

export interface Output {
  /** The number of the record that it came from. */
  origin: number;
  payload: Uint8Array;
  /** `payload` as text. */
  text: string;
  /** The columns that it goes on with: those of its record, and over them those that the plugin set. */
  columns: { [name: string]: string };
}

export interface Outcomes {
  outputs: Output[];
  /** The numbers of the records that were dropped. */
  dropped: number[];
  failed: { index: number; code: string; message: string; stack: string }[];
  logs: { level: Level; message: string }[];
  counts: { [metric: string]: number };
}

/**
 * Runs a plugin, its module or its `transform` alone, over some records as the host would. Rejects when `init` fails, and
 * when a record is neither emitted nor dropped nor failed.
 */
export function run(
  plugin: PluginModule | Transform<any>,
  records: (string | Uint8Array)[],
  options?: Options,
): Promise<Outcomes>;
