#!/usr/bin/env python3
"""What docs/rules/ says is true: its files, commands and expressions, run with the built binary.

A page is followed from top to bottom in a folder of its own:

    <!-- file: PATH -->      the block below is the whole of that file
    <!-- hidden file: PATH   the lines up to `-->` are, and readers do not see them
    ```console               `$ command`, below it its output. `…` in a line is any text, a line `…`
                             any lines. The last command ends with 0, or as <!-- exit: N --> above says
    ```cel                   `expression  ->  what rules eval shows`; `error: …` and `mistake: …` too
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import harness

PAGES = harness.ROOT / "docs" / "rules"
BASE = harness.ROOT / "rulepacks" / "base"
FENCE = re.compile(r"^```(\w*)$")
COMMENT = re.compile(r"^<!-- (hidden file|file|exit): (\S+)(?: -->)?$")
EXAMPLE = re.compile(r"^(.*?\S)\s{2,}->\s{2,}(.*)$")


class Block:
    def __init__(self, kind, line, lines, file=None, exit_code=0):
        self.kind, self.line, self.lines = kind, line, lines
        self.file, self.exit_code = file, exit_code

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def blocks(page):
    """The blocks of a page in order; hidden files are blocks too."""
    lines = (PAGES / page).read_text().splitlines()
    found, file, exit_code, at = [], None, 0, 0
    while at < len(lines):
        comment, fence = COMMENT.match(lines[at]), FENCE.match(lines[at])
        if comment and comment[1] == "hidden file":
            end = lines.index("-->", at)
            found.append(Block("file", at + 1, lines[at + 1:end], comment[2]))
            at = end
        elif comment and comment[1] == "file":
            file = comment[2]
        elif comment:
            exit_code = int(comment[2])
        elif fence:
            end = lines.index("```", at + 1)
            found.append(Block(fence[1], at + 1, lines[at + 1:end], file, exit_code))
            file, exit_code, at = None, 0, end
        at += 1
    return found


def examples(page):
    """(line, expression, value) of all `cel` blocks."""
    for block in blocks(page):
        if block.kind != "cel":
            continue
        for offset, line in enumerate(block.lines):
            example = EXAMPLE.match(line)
            if line and not example:
                raise AssertionError(f"{page}:{block.line + 1 + offset}: no `expression  ->  value`")
            if example:
                yield block.line + 1 + offset, example[1], example[2]


def pattern_of(expected):
    """A regular expression for output in which `…` stands for what may differ."""
    parts = []
    for line in expected:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n")
    return re.compile("".join(parts))


def commands(block):
    """(command, lines of output) of a console block."""
    found = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line, [])
        elif found:
            found[-1][1].append(line)
        else:
            raise AssertionError(f"line {block.line}: output without a command")
    return found


class Reader:
    """Follows a page in a folder."""

    def __init__(self, test, page):
        self.page = page
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_docs_"))
        test.addCleanup(shutil.rmtree, self.folder)
        tools = self.folder / ".bin"
        tools.mkdir()
        (tools / "insightd").symlink_to(pathlib.Path(harness.BINARY).resolve())
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith("INSIGHTD")}
        self.environment["PATH"] = f"{tools}:{os.environ['PATH']}"

    def follow(self):
        for block in blocks(self.page):
            if block.file:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
            elif block.kind == "console":
                self.run(block)

    def run(self, block):
        for command, expected in commands(block):
            done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=60)
            if not pattern_of(expected).fullmatch(done.stdout):
                raise AssertionError(f"{self.page}:{block.line}: `{command}` prints\n{done.stdout}\n"
                                     "and the page says\n" + "\n".join(expected))
        if done.returncode != block.exit_code:
            raise AssertionError(f"{self.page}:{block.line}: `{command}` ends with "
                                 f"{done.returncode}, not {block.exit_code}")


def evaluate(expressions):
    """What `rules eval` shows of each."""
    done = subprocess.run([harness.BINARY, "rules", "eval", "--json", "-"], capture_output=True,
                          input="\n".join(expressions), text=True, timeout=120)
    shown = []
    for line in done.stdout.splitlines():
        result = json.loads(line)
        if "mistakes" in result:
            shown.append("mistake: " + result["mistakes"].split("\n")[0].split(": ", 1)[1])
        elif "error" in result:
            shown.append("error: " + re.sub(r"^\d+:\d+: ", "", result["error"]))
        else:
            shown.append(result["text"])
    if len(shown) != len(expressions):
        raise AssertionError(done.stderr)
    return shown


def functions():
    done = subprocess.run([harness.BINARY, "rules", "functions", "--json"], capture_output=True,
                          text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def table_rows(text, first):
    """The cells of table rows whose first cell is in backquotes, below the heading `first`."""
    for line in text[text.index(first):].splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


class PagesTest(unittest.TestCase):
    def check_examples(self, page):
        wanted = list(examples(page))
        shown = evaluate([expression for _, expression, _ in wanted])
        wrong = [f"{page}:{line}: {expression}\n  says  {value}\n  gives {found}"
                 for (line, expression, value), found in zip(wanted, shown) if value != found]
        self.assertFalse(wrong, "\n".join(wrong))
        return wanted

    def test_expressions(self):
        """every expression of the pages has the value that stands beside it"""
        for page in ("functions.md", "cel.md", "inputs.md"):
            with self.subTest(page):
                self.assertTrue(self.check_examples(page))

    def test_every_function_has_an_example(self):
        """functions.md shows each function and macro that expressions can call"""
        shown = "\n".join(expression for _, expression, _ in examples("functions.md"))
        missing = [one["name"] for one in functions()
                   if not re.search(r"(?<![\w.])" + re.escape(one["name"]) + r"\(", shown)
                   and not re.search(r"\." + re.escape(one["name"]) + r"\(", shown)]
        self.assertFalse(missing)

    def test_commands_and_files(self):
        """the commands of the pages print what the pages say"""
        for page in sorted(path.name for path in PAGES.glob("*.md")):
            if page in ("packs.md", "templates.md"):
                continue
            with self.subTest(page):
                Reader(self, page).follow()

    def test_the_tutorial_ends_with_a_hit(self):
        """the shell commands of the tutorial put its rule into a running installation"""
        if shutil.which("curl") is None:
            self.skipTest("no curl to upload with")
        reader = Reader(self, "tutorial.md")
        reader.follow()
        install, upload = [block.text for block in blocks("tutorial.md") if block.kind == "sh"]
        with harness.Insightd(**{"rules.reload_s": 0.1}) as server:
            def run(text):
                text = text.replace("/var/lib/insightd", server.settings["data_dir"])
                text = text.replace("localhost:8080", f"127.0.0.1:{server.port}")
                subprocess.run(["bash", "-ec", text], cwd=reader.folder, check=True, timeout=60,
                               capture_output=True)

            run(install)
            harness.wait_for(lambda: server.events("rules.reloaded"), "the new rule")
            run(upload)
            cluster = (reader.folder / "cluster" / "config" / "id").read_text().strip()
            answer = harness.wait_for(lambda: (found := server.report(cluster)).status == 200 and
                                      found, "the report")
            self.assertIn("POOL_PAUSED", answer.body.decode())

    def test_inputs_are_those_of_the_base_pack(self):
        """inputs.md names every input of base, with its files and how they are read"""
        written = {}
        for name, paths, kind, _ in table_rows((PAGES / "inputs.md").read_text(),
                                               "## Inputs of the base pack"):
            written[name.strip("`")] = ([path.strip("`") for path in paths.split("<br>")], kind)
        inputs = {}
        for name, its in yaml.safe_load((BASE / "inputs.yaml").read_text()).items():
            paths = its["path"] if isinstance(its["path"], list) else [its["path"]]
            inputs[name] = (paths, its.get("as", "json") + (", many" if its.get("many") else ""))
        self.assertEqual(written, inputs)

    def test_globals_are_those_of_the_base_pack(self):
        """inputs.md names every global of base"""
        text = (PAGES / "inputs.md").read_text()
        text = text[:text.index("## Inputs of the base pack")]
        written = {row[0].strip("`") for row in table_rows(text, "## Globals of the base pack")}
        self.assertEqual(written, set(yaml.safe_load((BASE / "globals.yaml").read_text())))

    def test_links(self):
        """every link within the pages leads somewhere"""
        anchors = {}
        for path in PAGES.glob("*.md"):
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            anchors[path.name] = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                                  for heading in headings}
        broken = []
        for path in PAGES.glob("*.md"):
            text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if "://" in target:
                    continue
                file, _, anchor = target.partition("#")
                there = (PAGES / file).resolve() if file else path
                if not there.exists() or (anchor and there.parent == PAGES and
                                          anchor not in anchors[there.name]):
                    broken.append(f"{path.name}: {target}")
        self.assertFalse(broken)


if __name__ == "__main__":
    unittest.main(verbosity=2)
