/** Runs the screen of `top`: looks, keys, sizes, and the terminal as it was before at the end. */
import { render, useApp, useInput, useStdout } from 'ink';
import { useEffect, useState } from 'react';
import { SORTS, type Sort } from './layout.js';
import type { Sample } from './sampler.js';
import { View } from './view.js';

/** Takes a look at the node. */
export type Look = () => Promise<Sample>;

const ENTER_ALTERNATE_SCREEN = '\u001B[?1049h\u001B[H';
const LEAVE_ALTERNATE_SCREEN = '\u001B[?1049l';

/** Shows the screen until q, Ctrl-C or, if given, `count` looks. */
export async function showScreen(
  first: Sample,
  look: Look,
  intervalMs: number,
  count: number | undefined,
): Promise<void> {
  process.stdout.write(ENTER_ALTERNATE_SCREEN);
  try {
    await render(<Screen first={first} look={look} intervalMs={intervalMs} count={count} />).waitUntilExit();
  } finally {
    process.stdout.write(LEAVE_ALTERNATE_SCREEN);
  }
}

interface ScreenProps {
  readonly first: Sample;
  readonly look: Look;
  readonly intervalMs: number;
  readonly count: number | undefined;
}

function Screen({ first, look, intervalMs, count }: ScreenProps) {
  const { exit } = useApp();
  const { width, height } = useTerminalSize();
  const [sort, setSort] = useState<Sort>('peer');
  const [paused, setPaused] = useState(false);
  const [scroll, setScroll] = useState(0);
  const { sample, trouble } = useLooks({ first, look, intervalMs, count, paused, onEnd: exit });
  const lastScroll = Math.max(0, sample.links.length - 1);

  useInput((input, key) => {
    if (input === 'q') exit();
    if (input === 'p' || input === ' ') setPaused(!paused);
    if (input === 's') setSort(SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] as Sort);
    if (key.upArrow) setScroll(Math.max(0, scroll - 1));
    if (key.downArrow) setScroll(Math.min(lastScroll, scroll + 1));
  });

  return (
    <View
      sample={sample}
      width={width}
      height={height}
      sort={sort}
      scroll={Math.min(scroll, lastScroll)}
      paused={paused}
      trouble={trouble}
    />
  );
}

interface LooksProps extends ScreenProps {
  readonly paused: boolean;
  readonly onEnd: () => void;
}

/** The newest sample, taken again `intervalMs` after the last answer; while the node does not answer, why. */
function useLooks({ first, look, intervalMs, count, paused, onEnd }: LooksProps) {
  const [state, setState] = useState<{ sample: Sample; trouble: string | undefined }>({
    sample: first,
    trouble: undefined,
  });
  const [looks, setLooks] = useState(1);
  useEffect(() => {
    if (paused) return undefined;
    if (count !== undefined && looks >= count) {
      onEnd();
      return undefined;
    }
    const timer = setTimeout(() => {
      void look()
        .then(
          (sample) => setState({ sample, trouble: undefined }),
          (error: Error) => setState({ sample: state.sample, trouble: error.message }),
        )
        .finally(() => setLooks(looks + 1));
    }, intervalMs);
    return () => clearTimeout(timer);
  }, [looks, paused, look, intervalMs, count, onEnd, state.sample]);
  return state;
}

function useTerminalSize(): { width: number; height: number } {
  const { stdout } = useStdout();
  const [size, setSize] = useState({ width: stdout.columns, height: stdout.rows });
  useEffect(() => {
    const resize = () => {
      stdout.write('\u001B[2J\u001B[H'); // what the old width had wrapped would stay
      setSize({ width: stdout.columns, height: stdout.rows });
    };
    stdout.on('resize', resize);
    return () => void stdout.off('resize', resize);
  }, [stdout]);
  return size;
}
