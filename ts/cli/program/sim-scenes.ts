/** `portolan sim scenes`: its options. */
import { Argument, Command } from 'commander';
import type { SceneName } from '../../sim/index.js';
import { examples, jsonOption } from './option.js';

// Written out, so that the command line starts without loading the simulator.
export const RULES = [
  'strictlySmaller',
  'feasibility',
  'labelNeverRises',
  'labelKeptWhenUnreachable',
  'recheckOnLowering',
  'layersStayInZone',
  'sessionsAreFresh',
  'seqnosRise',
] as const satisfies readonly SceneName[];
const SCENES = [...RULES, 'perOrigin', 'pathVector', 'poisonReverse'] as const satisfies readonly SceneName[];

export function simScenes(): Command {
  return new Command('scenes')
    .summary('show that the checker can fail: a scene for each safety rule, with the rule and without')
    .description(
      'play a scene of a few nodes for each safety rule of routing, with the rule and without, and for other protocols, with labels and without: the second loops, and the checker says so; exits 1 when it does not',
    )
    .addArgument(new Argument('[scene]', 'one of them (default: all)').choices(SCENES))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['portolan sim scenes', 'all of them'],
        ['portolan sim scenes labelNeverRises', 'one, with what the checker says'],
        ['portolan sim --runs 20 --without labelNeverRises', 'the same in random networks'],
      ),
    )
    .action(async (scene: SceneName | undefined, { json }: { json?: boolean }) => {
      const { runSimScenes } = await import('../commands/sim-scenes.js');
      runSimScenes(scene, json === true);
    });
}
