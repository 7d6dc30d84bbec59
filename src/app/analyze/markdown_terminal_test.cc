#include "app/analyze/markdown_terminal.h"

#include <gtest/gtest.h>

namespace insightd::app {
namespace {

std::string Plain(std::string_view markdown, std::size_t width = 40) {
  return MarkdownToTerminal(markdown, {.indent = 0, .width = width, .is_terminal = false});
}
std::string Colored(std::string_view markdown) {
  return MarkdownToTerminal(markdown, {.indent = 0, .width = 40, .is_terminal = true});
}

TEST(MarkdownToTerminalTest, ParagraphsAreWrapped) {
  EXPECT_EQ(Plain("one two three\nfour five\n\nsix", 20), "one two three four\nfive\n\nsix\n");
  EXPECT_EQ(Plain("one two three four five six seven eight nine ten", 30),
            "one two three four five six\nseven eight nine ten\n");
  EXPECT_EQ(MarkdownToTerminal("one two three four five six", {.indent = 4, .width = 24}),
            "    one two three four\n    five six\n");
}

TEST(MarkdownToTerminalTest, ListsHangBelowTheirMarks) {
  EXPECT_EQ(Plain("1. one two three four five six seven eight nine\n2. ten\n   - eleven", 30),
            "1. one two three four five six\n   seven eight nine\n2. ten\n   - eleven\n");
  EXPECT_EQ(Plain("Nodes:\n\n- a\n\n- b\n\nend"), "Nodes:\n\n- a\n- b\n\nend\n");
}

TEST(MarkdownToTerminalTest, CodeIsIndentedAndNotWrapped) {
  const std::string code = "oc get nodes --output=custom-columns=NAME:.metadata.name";
  EXPECT_EQ(Plain("Run:\n```sh\n" + code + "\n  x\n```\nthen"),
            "Run:\n\n    " + code + "\n      x\n\nthen\n");
  EXPECT_EQ(Plain("1. Run:\n\n   ```\n   " + code + "\n   ```\n\n   then"),
            "1. Run:\n\n       " + code + "\n\n   then\n");
  EXPECT_EQ(Plain("Run:\n\n    " + code + "\n\nthen"), "Run:\n\n    " + code + "\n\nthen\n");
}

TEST(MarkdownToTerminalTest, HeadingsAndStrongWordsAreBoldOnATerminal) {
  EXPECT_EQ(Colored("## Head\n\na **b c** d"), "\x1b[1mHead\x1b[0m\n\na \x1b[1mb c\x1b[22m d\n");
  EXPECT_EQ(Plain("## Head\n\na **b c** _d_ *e* ~~f~~"), "Head\n\na b c d e f\n");
  EXPECT_EQ(Plain("a * b_c_d ** e"), "a * b_c_d ** e\n");
}

TEST(MarkdownToTerminalTest, CodeSpansKeepTheirMarksWithoutColour) {
  EXPECT_EQ(Plain("run `oc get *` now"), "run `oc get *` now\n");
  EXPECT_EQ(Plain("`` a`b ``"), "`a`b`\n");
  EXPECT_EQ(Colored("run `oc`"), "run \x1b[36moc\x1b[39m\n");
}

TEST(MarkdownToTerminalTest, EscapesEntitiesAndTagsAreRead) {
  EXPECT_EQ(Plain(R"(\*a\* \[x\]\(y) &lt;b> &#96;c&#96; &amp;lt; AT&T)"),
            "*a* [x](y) <b> `c` &lt; AT&T\n");
  EXPECT_EQ(Plain("a <b>c</b> d"), "a c d\n");
}

TEST(MarkdownToTerminalTest, LinksShowTheirAddress) {
  EXPECT_EQ(Plain("see [the docs](https://a.example/x_y)", 60),
            "see the docs (https://a.example/x_y)\n");
  EXPECT_EQ(Plain("see <https://a.example/>"), "see https://a.example/\n");
}

TEST(MarkdownToTerminalTest, CellsStandBelowEachOther) {
  EXPECT_EQ(Plain("| a | bb |\n|---|:--|\n| ccc | `d\\|e` |"), "a    bb\nccc  `d|e`\n");
}

TEST(MarkdownToTerminalTest, NothingInATextReachesTheTerminalAsACommand) {
  const std::string hostile =
      "a\x1b[2Jb \x9b"
      "31m \xc2\x9b"
      "31m \xe2\x80\xae"
      "cba &#27;[2J &#155; \x07\r";
  for (const std::string& text :
       {hostile, "`" + hostile + "`", "```\n" + hostile + "\n```", "- " + hostile}) {
    const std::string shown = Plain(text, 100);
    for (const char c : shown) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    EXPECT_EQ(shown.find("\xc2\x9b"), shown.npos);
    EXPECT_EQ(shown.find("\xe2\x80\xae"), shown.npos);
  }
}

}  // namespace
}  // namespace insightd::app
