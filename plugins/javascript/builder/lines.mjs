import { dirname, join, relative, resolve, sep } from 'node:path';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * A source map boiled down to what a stack needs: for each line of the bundle the steps at which the source's line
 * changes, `column, file, line` one after another. Files of the SDK are no files here: their frames are left out.
 */
export function lineTable(map, mapFolder, folder, sdk) {
  const { mappings, sources } = JSON.parse(map);
  const files = sources.map((source) => {
    const path = resolve(mapFolder, source);
    const own = dirname(path) === sdk || path.startsWith(join(sdk, 'src') + sep);
    return own ? null : relative(folder, path).split(sep).join('/');
  });
  let [file, line] = [0, 0];
  const lines = mappings.split(';').map((segments) => {
    let column = 0;
    const steps = [];
    for (const segment of segments.split(',').filter((segment) => segment !== '')) {
      const [columnStep, fileStep, lineStep] = numbers(segment);
      column += columnStep;
      if (fileStep === undefined) continue;
      file += fileStep;
      line += lineStep;
      const [lastFile, lastLine] = steps.slice(-2);
      if (lastFile !== file || lastLine !== line + 1) steps.push(column, file, line + 1);
    }
    return steps.some((step, i) => i % 3 === 1 && files[step] !== null) ? steps : 0;
  });
  return { files, lines };
}

/** The numbers of a segment: base 64, variable length, the sign in the lowest bit. */
function numbers(segment) {
  const found = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return found;
}
