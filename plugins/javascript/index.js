export { Failure } from './src/failure.js';
export { count, log } from './src/host.js';
