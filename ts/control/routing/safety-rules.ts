/** The switches of the safety rules. All are on, but in the simulator's proof that its checker can fail. */
import type { SafetyRules } from './router.types.js';

export const ALL_ON: SafetyRules = {
  strictlySmaller: true,
  feasibility: true,
  labelNeverRises: true,
  labelKeptWhenUnreachable: true,
  recheckOnLowering: true,
  layersStayInZone: true,
  sessionsAreFresh: true,
  seqnosRise: true,
};

export function safetyRules(changed: Partial<SafetyRules> | undefined): SafetyRules {
  return changed ? { ...ALL_ON, ...changed } : ALL_ON;
}
