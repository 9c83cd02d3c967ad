import { diagnose, renderDiagnosis } from "../../compute/doctor.js";

/** Tells what this machine has. */
export async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  const diagnosis = await diagnose();
  const text = json ? JSON.stringify(diagnosis, null, 2) : renderDiagnosis(diagnosis).join("\n");
  process.stdout.write(`${text}\n`);
}
