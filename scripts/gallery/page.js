// docs/gallery.md: a picture of each experiment that comes with the tool, from its config and gallery.yaml.
import { relative } from "node:path";
import { parse } from "yaml";
import { markdownText } from "../../dist/base/markdown.js";
import { packageDirectory } from "../../dist/base/package-directory.js";
import { readConfigText } from "../../dist/config/config-file.js";
import { shippedConfigs } from "../../dist/config/shipped.js";

/**
 * @typedef {object} Choice
 * @property {string} [figure] the one that is drawn; default: the first that there is of the gallery's
 * @property {string[]} [set] what is changed in the config
 * @property {string} [omit] why there is no picture
 */

/** @typedef {{ figures: string[], groups: { title: string, directory: string }[], experiments: Record<string, Choice> }} Gallery */

/** @typedef {{ config: string, path: string, name: string, description: string, choice: Choice }} Exhibit */

/** Tests of the tool itself. @param {string} config */
const isReference = (config) => config.startsWith("reference/");

/** @param {string} config */
export const directoryOf = (config) => config.slice(0, Math.max(0, config.lastIndexOf("/")));

/** Where the picture of an experiment lies. @param {Pick<Exhibit, "name">} exhibit */
export const pictureOf = ({ name }) => `docs/pictures/gallery/${name}.svg`;

/**
 * The experiments that come with the tool, with what is shown of them.
 *
 * @param {Gallery} gallery
 * @returns {Exhibit[]}
 */
export function exhibitsOf({ experiments }) {
  return [...shippedConfigs()]
    .filter(([config]) => !isReference(config))
    .map(([config, path]) => {
      const { name, description = "" } = /** @type {{ name: string, description?: string }} */ (
        parse(readConfigText(path))
      );
      return { config, path, name, description, choice: experiments[config] ?? {} };
    });
}

/** The first sentence. @param {string} text */
export const firstSentence = (text) => /^.*?[.!?](?= [A-ZT]|$)/s.exec(text.replace(/\s+/g, " ").trim())?.[0] ?? text;

/** @param {Exhibit} exhibit */
export function commandOf({ config, choice: { set = [] } }) {
  return ["run-experiment", config, ...set.map((assignment) => `--set '${assignment}'`)].join(" ");
}

/** @param {Exhibit} exhibit */
function exhibitText(exhibit) {
  const { config, name, path, description, choice } = exhibit;
  const file = relative(packageDirectory, path).replaceAll("\\", "/");
  const claims = directoryOf(config) === "paper" ? ` · [claims](../results/paper/claims/${name}.md)` : "";
  return [
    `### ${name}`,
    "",
    `${markdownText(firstSentence(description))} [\`${file}\`](../${file})${claims}`,
    "",
    ...(choice.omit
      ? [`*No picture: ${markdownText(choice.omit)}.*`]
      : [`![${markdownText(name)}](${relative("docs", pictureOf(exhibit))})`]),
    ...(choice.set ? ["", "Drawn from less than the config says:", "", `    ${commandOf(exhibit)}`] : []),
    "",
  ];
}

/** The page. @param {Gallery} gallery */
export function galleryPage(gallery) {
  const exhibits = exhibitsOf(gallery);
  return [
    "# Gallery",
    "",
    "A picture of each experiment that comes with the tool, by its name: `run-experiment norms` makes its runs, and",
    "`report.html` beside them has more figures. `npm run gallery` draws the pictures anew.",
    "",
    ...gallery.groups.flatMap(({ title, directory }) => [
      `## ${title}`,
      "",
      ...exhibits.filter(({ config }) => directoryOf(config) === directory).flatMap(exhibitText),
    ]),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}
