/** A point of the unit square: x to the right, y downward. */
export type Point = readonly [x: number, y: number];

/** Control points of one pen stroke, through which a smooth curve is drawn. Corners lie between strokes. */
export type Stroke = readonly Point[];

/** One way of writing a digit. */
export type Skeleton = readonly Stroke[];

/** Reads strokes separated by "/", points by spaces, coordinates by commas and in hundredths. */
function skeleton(text: string): Skeleton {
  const point = (pair: string): Point => {
    const [x, y] = pair.split(",").map((hundredths) => Number(hundredths) / 100);
    return [x!, y!];
  };
  return text.split(" / ").map((stroke) => stroke.split(" ").map(point));
}

/** The ways in which each digit is written, by digit; all are equally likely. */
export const skeletons: readonly (readonly Skeleton[])[] = [
  // 0: an oval closed at the top; a narrow one; one whose ends cross; an egg
  [
    "52,2 28,16 17,50 28,86 50,98 73,84 83,48 72,14 52,2",
    "54,0 36,20 30,55 36,88 50,99 65,82 70,45 64,14 54,0",
    "62,10 40,6 20,34 22,74 46,98 74,80 80,40 62,8 42,0",
    "45,5 22,30 16,66 36,95 66,93 84,64 74,26 45,5",
  ],
  // 1: a plain stroke; slanted; with a flag; with a flag and a foot
  [
    "50,0 50,50 50,100",
    "64,0 52,50 38,100",
    "30,24 44,14 54,0 / 54,0 53,50 50,100",
    "30,22 50,2 / 50,2 50,98 / 26,98 76,97",
  ],
  // 2: a hook and a straight foot; a loop at the foot; an angular one; a wavy foot
  [
    "20,25 34,5 62,3 77,22 66,50 40,76 18,97 / 18,97 50,95 86,97",
    "24,18 46,1 73,14 72,40 46,76 24,96 13,88 26,77 50,88 72,97 90,88",
    "18,14 50,3 76,10 70,36 20,95 / 20,95 84,93",
    "16,34 28,8 56,0 76,18 70,44 46,70 20,90 / 20,90 42,84 62,96 88,90",
  ],
  // 3: two bowls; a flat top; a small loop at the waist; a large lower bowl
  [
    "20,14 44,2 71,12 70,34 42,47 / 42,47 74,56 80,80 52,99 17,88",
    "22,5 76,4 / 76,4 44,40 / 44,40 74,48 82,74 56,98 18,90",
    "22,10 50,0 74,14 66,38 44,49 40,43 54,44 78,58 76,86 48,100 20,92",
    "28,6 54,0 68,14 62,30 40,38 / 40,38 72,42 84,68 66,94 34,98 14,84",
  ],
  // 4: open at the top; closed; open with a long bar; open with a low stem
  [
    "26,2 20,30 26,52 50,54 80,48 / 76,4 72,50 68,100",
    "62,0 40,32 14,64 / 14,64 90,62 / 62,0 62,100",
    "30,6 16,54 / 16,54 92,50 / 66,20 62,60 60,100",
    "20,4 14,50 30,56 84,50 / 62,30 60,64 58,100",
  ],
  // 5: with corners; round as an S; a wide cap; a low bowl
  [
    "76,3 28,5 / 28,5 25,44 / 25,44 52,36 78,54 74,84 48,99 17,90",
    "78,6 52,3 32,14 30,36 54,46 75,62 68,90 42,98 18,88",
    "34,6 62,5 92,0 / 34,6 24,46 / 24,46 50,42 70,58 66,86 40,98 12,92",
    "70,8 34,8 / 34,8 28,52 / 28,52 56,48 74,66 66,92 42,100 22,96",
  ],
  // 6: a curved stem; a straight one; a large loop; a small low loop
  [
    "70,2 42,24 23,60 30,90 54,99 76,82 68,58 44,56 25,74",
    "56,0 34,40 24,74 38,97 64,95 75,74 58,58 36,66 26,82",
    "66,6 38,14 20,46 24,84 50,100 80,84 78,52 50,42 24,60",
    "40,0 27,36 24,74 36,97 60,95 70,78 56,66 32,74",
  ],
  // 7: plain; with a bar; with a serif; with a curved cap
  [
    "18,5 80,5 / 80,5 56,46 42,100",
    "18,6 82,4 / 82,4 60,42 44,100 / 32,52 78,48",
    "18,22 20,5 / 20,5 80,6 / 80,6 66,50 60,100",
    "16,14 34,6 56,10 82,2 / 82,2 54,40 34,98",
  ],
  // 8: one crossing stroke; two loops; a small upper loop; one open at the top right
  [
    "70,15 50,2 28,15 36,38 62,55 75,80 50,99 25,82 38,56 64,38 70,15",
    "50,2 28,12 28,36 50,47 72,36 72,12 50,2 / 50,47 24,60 22,86 50,99 78,86 76,60 50,47",
    "62,14 48,0 34,12 40,32 66,54 78,82 50,100 20,84 32,54 58,32 62,14",
    "80,10 50,2 26,20 42,42 66,60 66,90 42,99 26,80 44,50 82,12",
  ],
  // 9: a straight tail; a curved tail; a slanted tail; a large open head
  [
    "74,22 54,3 28,14 25,40 50,50 72,32 / 75,14 73,55 68,100",
    "74,24 54,2 28,14 26,40 50,50 73,28 78,40 72,78 50,98 24,90",
    "70,20 52,2 28,14 28,38 50,42 70,22 62,60 46,100",
    "80,10 50,2 24,24 32,52 60,48 79,12 / 79,12 74,56 62,98",
  ],
].map((styles) => styles.map(skeleton));
