/**
 * A copy in random order, every order as likely as any other: Fisher and Yates, from the last place to the first.
 * @param random a uniform number in [0, 1), drawn once for each item but the first
 */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
