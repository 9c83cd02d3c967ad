/**
 * What e^x and log x are made of, in memory: V8 takes two instructions for a number that is loaded into a register of 256
 * bits and seven for a constant.
 */
@unmanaged
export class Constants {
  one: f64;
  half: f64;
  two: f64;
  third: f64;
  thousand: f64;
  /** log 2 in two parts, the first of few digits. */
  ln2High: f64;
  ln2Low: f64;
  log2E: f64;
  /** −log(2)/2 to the upper half of its digits. */
  reducedTo: f64;
  /** No power of two that has an exponent below is a number. */
  least: f64;
  /** A number whose sum with an integer ends in the bits of the integer, and the same beside the bias of an exponent. */
  integerShift: f64;
  exponentShift: f64;
  /** Powers of two are made of two factors from this exponent down. */
  smallFrom: f64;
  smallFactor: f64;
  /** From here on e^x is 1 + x. */
  tinyFrom: f64;
  /** To here e^x is 0. */
  vanishingTo: f64;
  /** Coefficients of the approximation of e^r. */
  p1: f64;
  p2: f64;
  p3: f64;
  p4: f64;
  p5: f64;
  /** Where the logarithm changes its form. */
  halvedFrom: f64;
  nearTo: f64;
  farFrom: f64;
  farTo: f64;
  nearFrom: f64;
  /** Coefficients of the series of log(1 + f). */
  l1: f64;
  l2: f64;
  l3: f64;
  l4: f64;
  l5: f64;
  l6: f64;
  l7: f64;
}

export function writeConstants(c: Constants): void {
  c.one = 1;
  c.half = 0.5;
  c.two = 2;
  c.third = 0.33333333333333333;
  c.thousand = 1000;
  c.ln2High = 6.9314718036912381649e-1;
  c.ln2Low = 1.90821492927058770002e-10;
  c.log2E = 1.442695040888963387;
  c.reducedTo = reinterpret<f64>(0xbfd62e4300000000);
  c.least = -1100;
  c.integerShift = 6755399441055744;
  c.exponentShift = 6755399441055744 + 1023;
  c.smallFrom = -1021;
  c.smallFactor = reinterpret<f64>(0x0170000000000000);
  c.tinyFrom = -3.725290298461914e-9;
  c.vanishingTo = -7.4513321910194110842e2;
  c.p1 = 1.66666666666666019037e-1;
  c.p2 = -2.77777777770155933842e-3;
  c.p3 = 6.61375632143793436117e-5;
  c.p4 = -1.6533902205465251539e-6;
  c.p5 = 4.13813679705723846039e-8;
  c.halvedFrom = reinterpret<f64>(0x3ff6a09c00000000);
  c.nearTo = reinterpret<f64>(0x3ff0000100000000);
  c.farFrom = reinterpret<f64>(0x3ff6147a00000000);
  c.farTo = reinterpret<f64>(0x3ff6b85200000000);
  c.nearFrom = reinterpret<f64>(0x3ffffffe00000000);
  c.l1 = 6.66666666666673513e-1;
  c.l2 = 3.999999999940941908e-1;
  c.l3 = 2.857142874366239149e-1;
  c.l4 = 2.222219843214978396e-1;
  c.l5 = 1.818357216161805012e-1;
  c.l6 = 1.531383769920937332e-1;
  c.l7 = 1.479819860511658591e-1;
}
