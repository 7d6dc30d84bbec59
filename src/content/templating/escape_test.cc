#include "content/templating/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace insightd::content::templating {
namespace {

// `@` in `text` stands for `data`.
std::string With(std::string_view text, std::string_view data) {
  std::string whole;
  std::vector<Range> ranges;
  for (const char c : text) {
    if (c != '@') {
      whole += c;
      continue;
    }
    if (data.empty()) continue;
    ranges.push_back({whole.size(), whole.size() + data.size()});
    whole += data;
  }
  return EscapeData(whole, ranges);
}

TEST(EscapeTest, PlainNamesStayAsTheyAre) {
  for (const char* name :
       {"worker-1", "openshift-etcd", "worker_0_a", "4.16.3", "v1.25.9+abc", "C:\\new", "a/b:c",
        "2026-01-02T03:04:05Z", "10%", "x=1", "kůň", "it's (so)", "{\"a\": 1}"}) {
    EXPECT_EQ(With("Node @ is low", name), std::string("Node ") + name + " is low");
  }
}

TEST(EscapeTest, MarksOfMarkdownAreEscapedInText) {
  EXPECT_EQ(With("a @ b", "*x* _y_ ~~z~~"), R"(a \*x\* \_y\_ \~\~z\~\~ b)");
  EXPECT_EQ(With("a @ b", "[x](javascript:alert(1))"), R"(a \[x\]\(javascript:alert(1)) b)");
  EXPECT_EQ(With("a @ b", "![x](https://e/p.png)"), R"(a !\[x\]\(https\://e/p.png) b)");
  EXPECT_EQ(With("a @ b", "<script>alert(1)</script>"), "a &lt;script>alert(1)&lt;/script> b");
  EXPECT_EQ(With("a @ b", "`x`"), "a &#96;x&#96; b");
  EXPECT_EQ(With("a @ b", "&lt;&#60;"), "a &amp;lt;&amp;#60; b");
  EXPECT_EQ(With("a @ b", "\\*"), R"(a \\\* b)");
}

TEST(EscapeTest, BareAddressesAreNoLinks) {
  EXPECT_EQ(With("@ x", "https://evil.example"), R"(https\://evil.example x)");
  EXPECT_EQ(With("a @", "www.evil.example"), R"(a www\.evil.example)");
  EXPECT_EQ(With("a @", "me@evil.example"), R"(a me\@evil.example)");
}

TEST(EscapeTest, DataStaysInItsLine) {
  EXPECT_EQ(With("a @.", "x\n\n# head\n- item\r\n```"), "a x # head - item &#96;&#96;&#96;.");
  EXPECT_EQ(With("@", "\n\n    x"), "x");
}

TEST(EscapeTest, NothingBeginsABlock) {
  EXPECT_EQ(With("@", "# head"), R"(\# head)");
  EXPECT_EQ(With("- @", "# head"), R"(- \# head)");
  EXPECT_EQ(With("> @", "> quote"), R"(> \> quote)");
  EXPECT_EQ(With("1. @", "- item"), R"(1. \- item)");
  EXPECT_EQ(With("@", "1. item"), R"(1\. item)");
  EXPECT_EQ(With("1@", ") item"), R"(1\) item)");
  EXPECT_EQ(With("a\n@", "==="), "a\n\\===");
  EXPECT_EQ(With("a\n@", "---"), "a\n\\---");
  EXPECT_EQ(With("a | b\n@", "|---|---|"), "a | b\n\\|---\\|---\\|");
  EXPECT_EQ(With("@", "~~~"), R"(\~\~\~)");
  EXPECT_EQ(With("a @", "# no head"), "a # no head");
  EXPECT_EQ(With("# @", "a ##"), "# a \\##");
  EXPECT_EQ(With("@. step", "1"), "1. step");  // the author's list
}

TEST(EscapeTest, TheAuthorsMarksAroundDataStay) {
  EXPECT_EQ(With("**@** and _@_", "a*b"), R"(**a\*b** and _a\*b_)");
  EXPECT_EQ(With("| @ | x |", "a|b"), R"(| a\|b | x |)");
}

TEST(EscapeTest, NothingIsEscapedInCodeSpans) {
  EXPECT_EQ(With("run `oc get @` now", "<a>_*~[x](y)"), "run `oc get <a>_*~[x](y)` now");
  EXPECT_EQ(With("run `a\nb @`", "<a>"), "run `a\nb <a>`");
}

TEST(EscapeTest, DataDoesNotEndACodeSpan) {
  EXPECT_EQ(With("`@` x", "a` <b> `c"), "``a` <b> `c`` x");
  EXPECT_EQ(With("`@`", "`"), "`` ` ``");
  EXPECT_EQ(With("`@`", "a\n\n# b"), "`a  # b`");
  EXPECT_EQ(With("| `@` | y |\n|---|---|\n| `@` | z |", "a|b"),
            "| `a\\|b` | y |\n|---|---|\n| `a\\|b` | z |");
  EXPECT_EQ(With("| x | y |\n|---|---|\n| `@` | z |", "a\\|b"),
            "| x | y |\n|---|---|\n| a\\\\\\|b | z |");
}

TEST(EscapeTest, AnOpenSpanIsNoCode) {
  EXPECT_EQ(With("a ` @ b", "<b> ` c"), "a ` &lt;b> &#96; c b");
  EXPECT_EQ(With("a ` @\n\nb ` c", "<b>"), "a ` &lt;b>\n\nb ` c");
  EXPECT_EQ(With("- a ` @\n- b ` c", "<b>"), "- a ` &lt;b>\n- b ` c");
  EXPECT_EQ(With("a \\` @ ` b", "<b>"), "a \\` &lt;b> ` b");
}

TEST(EscapeTest, NothingIsEscapedInBlocksOfCode) {
  EXPECT_EQ(With("```\n@\n```\n@", "<a>*"), "```\n<a>*\n```\n&lt;a>\\*");
  EXPECT_EQ(With("1. Do:\n   ```sh\n   oc @\n   ```\n   then @", "_a_"),
            "1. Do:\n   ```sh\n   oc _a_\n   ```\n   then \\_a\\_");
  EXPECT_EQ(With("a\n\n    oc @\n\nb @", "_a_"), "a\n\n    oc _a_\n\nb \\_a\\_");
  EXPECT_EQ(With("1. a\n\n       oc @\n\n   b @", "_a_"), "1. a\n\n       oc _a_\n\n   b \\_a\\_");
}

TEST(EscapeTest, LinesOfDataAreIndentedAsTheirBlock) {
  EXPECT_EQ(With("- ```\n  @\n  ```", "a\nb\r\nc"), "- ```\n  a\n  b\n  c\n  ```");
}

TEST(EscapeTest, DataDoesNotEndABlockOfCode) {
  EXPECT_EQ(With("```\n@\n```\nx", "a\n```\n<b>"), "````\na\n```\n<b>\n````\nx");
  EXPECT_EQ(With("~~~\n@\n~~~\nx", "~~~~"), "~~~~~\n~~~~\n~~~~~\nx");
  // The fence of a list's item ends with the item.
  EXPECT_EQ(With("1. a\n   ```\n   x\n2. b @", "<b>"), "1. a\n   ```\n   x\n2. b &lt;b>");
}

TEST(EscapeTest, WhatOnlyLooksLikeCodeIsText) {
  EXPECT_EQ(With("a\n    @", "<b>"), "a\n    &lt;b>");          // goes on with the paragraph
  EXPECT_EQ(With("- a\n\n    @", "<b>"), "- a\n\n    &lt;b>");  // a paragraph of the item
  EXPECT_EQ(With("1. a\nb\n\n      @", "<b>"), "1. a\nb\n\n      &lt;b>");
  EXPECT_EQ(With("``` a`b\n@\n```", "<b>"), "``` a`b\n&lt;b>\n```");
}

TEST(EscapeTest, AddressesOfLinksStayAddresses) {
  EXPECT_EQ(With("[x](https://a.example/@)", "a b)_c"), "[x](https://a.example/a%20b%29_c)");
  EXPECT_EQ(With("[x](@)", "https://a.example/?b&c"), "[x](https://a.example/?b&amp;c)");
  EXPECT_EQ(With("[x](@)", "javascript:alert(1)"), "[x](javascript%3Aalert%281%29)");
  EXPECT_EQ(With("[x](<@>)", "JAVASCRIPT:a"), "[x](<JAVASCRIPT%3Aa>)");
  EXPECT_EQ(With("[x]: @", "javascript:a"), "[x]: javascript%3Aa");
  EXPECT_EQ(With("[@](https://a.example)", "a]b"), R"([a\]b](https://a.example))");
}

TEST(EscapeTest, DataDoesNotMakeALinkOfTheAuthorsBrackets) {
  EXPECT_EQ(With("[x]@", "(javascript:a)"), R"([x]\(javascript:a))");
  EXPECT_EQ(With("[x]@", ": https://a"), R"([x]\: https\://a)");
  EXPECT_EQ(With("@[x](https://a.example)", "!"), R"(\![x](https://a.example))");
}

TEST(EscapeTest, DataIsNoHtml) {
  EXPECT_EQ(With("<div>@</div>", "<b>*"), "<div>&#60;b&#62;&#42;</div>");
  EXPECT_EQ(With("a <@> b", "script"), "a &lt;script> b");
  EXPECT_EQ(With("a <a href=\"https://a.example/@\">", "\" onclick=\"x"),
            "a <a href=\"https://a.example/%22%20onclick=%22x\">");
}

TEST(EscapeTest, ControlCharactersAreReplaced) {
  EXPECT_EQ(With("a @", "\x1b[31mx"), "a \xef\xbf\xbd\\[31mx");
  EXPECT_EQ(With("`@`", "\x1b[31mx"), "`\xef\xbf\xbd[31mx`");
  EXPECT_EQ(With("```\n@\n```", "\x1b[31mx\ty"), "```\n\xef\xbf\xbd[31mx\ty\n```");
}

TEST(EscapeTest, CostsNoMoreThanItsLength) {
  const std::string marks(1'000'000, '#');
  EXPECT_EQ(With("@", marks).size(), marks.size() + 1);
  EXPECT_GT(With("a ` @ b", std::string(500'000, '`')).size(), 500'000U);
  EXPECT_GT(With("a @ b", std::string(500'000, ':')).size(), 500'000U);
}

}  // namespace
}  // namespace insightd::content::templating
