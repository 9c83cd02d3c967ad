import { z } from "zod";

const wholeNumber = "--jobs: expected a whole number ≥ 1";

/** `--jobs n`: how many runs at once. */
export const jobsOption = z.coerce.number({ error: wholeNumber }).int(wholeNumber).positive(wholeNumber).optional();

/** `--out`: an empty name would mean the working directory, which is never meant. */
export const outOption = z.string().min(1, "--out: expected a directory, such as results");
