/** Whether values fit a type: each is written as a literal of it, and the TypeScript compiler says what is wrong. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));

const options = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(here, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    here,
).options;

// What does not change is read once.
const parsed = new Map();

/**
 * The complaints about each of `values`, in their order; an empty list where it fits. `type` is exported by `schema/FILE.ts`,
 * as in `dashboard.Dashboard`. All are compiled at once, which takes a second or two.
 */
export function complaints(values, type) {
    const [file, name] = type.split(".");
    const sources = new Map(
        values.map((value, index) => [
            join(here, `value-${index}.ts`),
            // A literal: only those are refused for a property too many.
            `import type { ${name} } from './schema/${file}';\nexport const value: ${name} = ${JSON.stringify(value, null, 1)};\n`,
        ]),
    );
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile, getSourceFile } = host;
    host.fileExists = (path) => sources.has(path) || fileExists(path);
    host.readFile = (path) => sources.get(path) ?? readFile(path);
    host.getSourceFile = (path, version, ...rest) => {
        if (sources.has(path)) {
            return ts.createSourceFile(path, sources.get(path), version);
        }
        if (!parsed.has(path)) {
            parsed.set(path, getSourceFile(path, version, ...rest));
        }
        return parsed.get(path);
    };
    const program = ts.createProgram([...sources.keys()], options, host);
    const broken = [...program.getGlobalDiagnostics(), ...program.getOptionsDiagnostics()];
    if (broken.length > 0) {
        throw new Error(explain(broken[0]));
    }
    return [...sources.keys()].map((path) => {
        const source = program.getSourceFile(path);
        return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
            explain,
        );
    });
}

function explain(diagnostic) {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
    if (diagnostic.file === undefined) {
        return text;
    }
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    return `${diagnostic.file.text.split("\n")[line].trim()}: ${text}`;
}
