/** `portolan bench`: the same code as `npm run bench`. */
export async function runBench(args: readonly string[]): Promise<void> {
  const { benchCommand } = await import('../../../bench/main.js');
  process.exitCode = await benchCommand([...args]);
}
