import { replaceConsole, replaceFetch } from './globals.js';
import { connect, flush, start } from './host.js';
import { UNSETTLED, run } from './records.js';
import { BatchError, failure } from './thrown.js';

/** The export `batch` of a plugin: what the build puts around the author's module. */
export function batch(plugin, host) {
  if (typeof plugin.transform !== 'function') throw new TypeError('the plugin exports no function `transform`');
  let params = null;
  return {
    init(given, context) {
      // Not before: what a module says while the component is built goes to whoever builds it.
      connect(host);
      replaceConsole();
      replaceFetch();
      return settings(plugin, JSON.parse(given), JSON.parse(context), (made) => {
        params = { made };
        flush();
      });
    },

    transform(records) {
      if (params === null) {
        throw new BatchError('not-initialised', '`transform` was called before `init`');
      }
      start();
      const outcomes = run(records, plugin.transform, params.made, patience);
      return typeof outcomes.then === 'function' ? outcomes.then(flushed) : flushed(outcomes);
    },
  };
}

/** What the author's `init` makes of the params, passed to `done`; the params themselves without one. */
function settings(plugin, params, context, done) {
  try {
    const made = plugin.init?.(params, context);
    if (typeof made?.then !== 'function') return done(made ?? params);
    return made.then((made) => done(made ?? params), refuse);
  } catch (thrown) {
    return refuse(thrown);
  }
}

function flushed(outcomes) {
  flush();
  return outcomes;
}

function refuse(thrown) {
  const { code, message } = failure(thrown);
  throw new BatchError(code, message);
}

/** So often the author's own timers get their turn, also where a host calls all that there are at once. */
const MOST_TURNS = 100;
/** Longer than anybody waits within a record. The host's clock is there at once when nothing else is left to do. */
const TURN_MS = 60_000;

/** A promise that nothing will settle would end the instance without a word. To wait for it moves the clock. */
function patience(promise) {
  return new Promise((resolve, reject) => {
    let turns = 0;
    let timer;
    const wait = () => {
      if (turns++ < MOST_TURNS) timer = setTimeout(wait, TURN_MS);
      else reject(UNSETTLED);
    };
    wait();
    Promise.resolve(promise).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
