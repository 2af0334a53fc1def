/** The router of a node that another thread runs: here it does nothing and says nothing. */
import type { Router } from '../../control/routing/router.types.js';

export const ELSEWHERE: Router = {
  linkUp() {},
  leafUp() {},
  linkDown() {},
  linkQuality() {},
  handleSync: () => true,
  handleTimeout() {},
  nextTimeout: () => Number.POSITIVE_INFINITY,
  poll: () => undefined,
  routes: () => [],
  ways: () => [],
  explain: () => undefined,
  entry: () => ({ label: undefined, primary: 0, backup: 0 }),
};
