/** Line charts as SVG files. */
import * as echarts from 'echarts';

export interface Chart {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  /** Over the same x. */
  readonly x: readonly number[];
  readonly lines: readonly { readonly name: string; readonly y: readonly number[] }[];
}

const WIDTH = 900;
const HEIGHT = 480;

export function renderChart({ title, xName, yName, x, lines }: Chart): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center' },
    legend: { bottom: 0 },
    grid: { left: 80, right: 40, top: 60, bottom: 80 },
    xAxis: { type: 'value', name: xName, nameLocation: 'middle', nameGap: 28, min: 'dataMin', max: 'dataMax' },
    yAxis: { type: 'value', name: yName, scale: true },
    series: lines.map(({ name, y }) => ({
      name,
      type: 'line',
      showSymbol: false,
      data: y.map((value, i) => [x[i], value]),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
