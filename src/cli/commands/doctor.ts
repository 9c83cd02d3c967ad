import { diagnose, renderDiagnosis } from "../../doctor/doctor.js";
import { print, printJson } from "../output.js";

/** Tells what this machine has. */
export async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  const diagnosis = await diagnose();
  if (json) printJson(diagnosis);
  else print(renderDiagnosis(diagnosis));
}
