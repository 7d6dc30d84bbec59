#include "blob/s3/xml.h"

#include <gtest/gtest.h>

namespace insightd::blob::s3 {
namespace {

using Event = XmlScanner::Event;

std::string Told(std::string_view document) {
  XmlScanner scanner(document);
  std::string told;
  for (;;) {
    switch (scanner.Next()) {
      case Event::kStart: told += "<" + std::string(scanner.name()); break;
      case Event::kEnd: told += ">" + std::string(scanner.name()) + "=" + scanner.text(); break;
      case Event::kDone: return told + ".";
      case Event::kBroken: return told + "!";
    }
  }
}

TEST(XmlTest, TellsElementsAndTheirTexts) {
  EXPECT_EQ(Told("<?xml version='1.0'?>\n<a xmlns=\"x>y\"><b>1</b><!-- <no> --><c/><d />2</a>\n"),
            "<a<b>b=1<c>c=<d>d=>a=2.");
  EXPECT_EQ(Told("<s:a xmlns:s='n'><s:b>x</s:b ></s:a>"), "<a<b>b=x>a=x.");
}

TEST(XmlTest, DecodesEntities) {
  EXPECT_EQ(
      XmlText("<a><k>&lt;&#x41;&#66;&amp;amp;&quot;&apos;&#xfc;&#x20ac;&#x1f600;</k></a>", "k"),
      "<AB&amp;\"'\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(XmlText("<k>&none; &#0; &#xd800; &#x110000; & &#;</k>", "k"),
            "&none; &#0; &#xd800; &#x110000; & &#;");
  EXPECT_EQ(XmlText("<k><![CDATA[<a>&amp;]]></k>", "k"), "<a>&amp;");
}

TEST(XmlTest, IsBrokenByWhatIsCutOrNone) {
  for (const char* document :
       {"", "text", "<a", "<a>", "<a><b></a></b>", "</a>", "<a><!-- ", "<a><![CDATA[x", "<>",
        "<!DOCTYPE a><a></a>", "<a b='>", "<?xml", "<a></b>"}) {
    EXPECT_TRUE(Told(document).ends_with("!")) << document;
  }
}

TEST(XmlTest, GoesNoDeeperThanItsLimit) {
  std::string deep;
  for (std::size_t i = 0; i < XmlScanner::kDepthMax; ++i) deep += "<a>";
  EXPECT_EQ(Told(deep + "<a>"), Told(deep));
}

TEST(XmlTest, FindsNothingWhereNothingIs) {
  EXPECT_EQ(XmlText("<a><b>1</b></a>", "c"), "");
  EXPECT_EQ(XmlText("not XML", "c"), "");
}

}  // namespace
}  // namespace insightd::blob::s3
