/** CPU time of other processes, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds that all threads of the process have spent on a CPU: the first field of each thread's schedstat, exact where
 * the ticks of /proc/PID/stat are 10 ms. Threads that have ended are not in it: measure between two moments without such.
 */
export function cpuNanoseconds(pid: number): number {
  let sum = 0;
  for (const spent of threadNanoseconds(pid).values()) sum += spent;
  return sum;
}

/** The same, thread by thread, by the threads' ids. */
export function threadNanoseconds(pid: number): Map<number, number> {
  const spent = new Map<number, number>();
  for (const task of readdirSync(`/proc/${pid}/task`))
    spent.set(Number(task), Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return spent;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}
