/** `portolan sim scenes`: scenes in which the checker must fail. */
import { type PlayResult, playScene, SCENE_NAMES, type SceneName, type SceneResult } from '../../sim/index.js';
import { BadAnswerError } from '../errors.js';
import { printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';

const SHOWN_VIOLATIONS = 5;

export function runSimScenes(scene: SceneName | undefined, json: boolean): void {
  const results = (scene === undefined ? SCENE_NAMES : [scene]).map(playScene);
  if (json) printJson(results);
  else {
    printLines(table(COLUMNS, results));
    if (scene !== undefined) for (const result of results) printLines(tale(result));
  }
  if (results.some(({ isAsExpected }) => !isAsExpected)) throw new BadAnswerError('');
}

function tale({ story, without }: SceneResult): string[] {
  const said = without.violations.slice(0, SHOWN_VIOLATIONS).map(({ time, text }) => `${time.toFixed(0)} ms: ${text}`);
  return ['', story, ...(said.length > 0 ? ['', 'Without, the checker says:', ...said] : [])];
}

const sums = ({ loops, labelInversions, escapes, starved }: PlayResult): string =>
  [
    `${loops} loops`,
    `${labelInversions + escapes} inversions`,
    ...(starved > 0 ? [`${starved} without a way`] : []),
  ].join(', ');

const COLUMNS: readonly Column<SceneResult>[] = [
  { title: 'SCENE', cell: ({ name }) => style.bold(name) },
  { title: 'WITH', cell: ({ whole }) => sums(whole) },
  { title: 'WITHOUT', cell: ({ without }) => sums(without) },
  {
    title: 'CHECKER',
    cell: ({ isAsExpected }) => (isAsExpected ? style.green('sees it') : style.red('is wrong')),
  },
];
