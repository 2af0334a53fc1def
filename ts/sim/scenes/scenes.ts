/** All scenes, by the name of what is missing in them: a safety rule, or (of the other protocols) the labels. */
import type { Violation } from '../checker.js';
import { PROTOCOL_SCENES } from './protocol-scenes.js';
import { RULE_SCENES } from './rule-scenes.js';
import type { Scene } from './scene.js';

export type SceneName = keyof typeof RULE_SCENES | keyof typeof PROTOCOL_SCENES;

const SCENES: Readonly<Record<SceneName, Scene>> = { ...RULE_SCENES, ...PROTOCOL_SCENES };

export const SCENE_NAMES = Object.keys(SCENES) as readonly SceneName[];

/** Whether the name is that of a safety rule, which can be switched off in any network. */
export function isRuleName(name: SceneName): name is keyof typeof RULE_SCENES {
  return name in RULE_SCENES;
}

/** What the checker said of one playing. */
export interface PlayResult {
  readonly changes: number;
  readonly loops: number;
  readonly labelInversions: number;
  readonly escapes: number;
  /** Nodes that could reach the destination, and do not. */
  readonly starved: number;
  readonly violations: readonly Violation[];
}

export interface SceneResult {
  readonly name: SceneName;
  readonly story: string;
  readonly whole: PlayResult;
  readonly without: PlayResult;
  /** Nothing is wrong with the rule, and what it prevents is reported without it. */
  readonly isAsExpected: boolean;
}

/** Plays a scene with the rule and without. */
export function playScene(name: SceneName): SceneResult {
  const scene = SCENES[name];
  const [whole, without] = [play(scene, true), play(scene, false)];
  const isQuiet = whole.loops + whole.labelInversions + whole.escapes + whole.starved === 0;
  const isReported = scene.fault === 'loop' ? without.loops > 0 : without.loops === 0 && without.starved > 0;
  return { name, story: scene.story, whole, without, isAsExpected: isQuiet && isReported };
}

function play(scene: Scene, isWhole: boolean): PlayResult {
  const { net, starved } = scene.play(isWhole);
  const { sums, violations } = net.checker;
  return { ...sums, starved: starved.length, violations };
}
