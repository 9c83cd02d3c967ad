/**
 * Probability that |T| < t for Student's t with ν degrees of freedom: with θ = atan(t/√ν) a finite sum of powers of
 * cos θ for whole ν (Abramowitz and Stegun 26.7.3, 26.7.4).
 */
export function centralProbability(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  // Odd: 1, 2/3, 2·4/(3·5), …; even: 1, 1/2, 1·3/(2·4), …
  for (let power = isOdd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/**
 * The t that |T| stays below with this probability, by bisection of θ.
 *
 * @param degrees of freedom, a whole number ≥ 1
 */
export function centralQuantile(probability: number, degrees: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return Math.sqrt(degrees) * Math.tan(middle);
    if (centralProbability(Math.sqrt(degrees) * Math.tan(middle), degrees) < probability) low = middle;
    else high = middle;
  }
}
