/** What the kernel knows of processes and sockets (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/** Open file descriptors of a process. */
export const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export const threads = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

/** Datagrams that the kernel has dropped at the IPv4 sockets of a UDP port, because they were full. */
export function kernelDrops(port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  let drops = 0;
  for (const line of readFileSync('/proc/net/udp', 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.split(':')[1] === wanted) drops += Number(fields.at(-1));
  }
  return drops;
}
