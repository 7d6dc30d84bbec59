#include "blob/s3/listing.h"

#include <gtest/gtest.h>

namespace insightd::blob::s3 {
namespace {

std::string List(const std::string& inside) {
  return "<?xml version=\"1.0\"?><ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inside + "</ListBucketResult>";
}

TEST(ListingTest, ReadsKeysSizesAndTimes) {
  const auto page = ParsePage(
      List("<Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>a&amp;%20</Key>"
           "<LastModified>2026-11-26T00:47:59.000Z</LastModified><ETag>&quot;1&quot;</ETag>"
           "<Size>92000</Size><Owner><ID>x</ID><Key>no</Key></Owner></Contents>"
           "<Contents><Key>b</Key></Contents><CommonPrefixes><Prefix>p</Prefix></CommonPrefixes>"));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a&%20");
  EXPECT_EQ(page->objects[0].bytes, 92'000U);
  EXPECT_EQ(FormatTimeSeconds(page->objects[0].modified), "2026-11-26T00:47:59Z");
  EXPECT_EQ(page->objects[1].bytes, 0U);
  EXPECT_EQ(page->next, "");
}

TEST(ListingTest, DecodesKeysWhereTheServerSaysThatTheyAreEncoded) {
  const auto page =
      ParsePage(List("<Contents><Key>a%2Fb+c%C3%BC%</Key></Contents>"
                     "<EncodingType>url</EncodingType>"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->objects[0].key, "a/b c\xc3\xbc%");
}

TEST(ListingTest, TellsWhetherThereIsMore) {
  EXPECT_EQ(ParsePage(List("<IsTruncated>true</IsTruncated>"
                           "<NextContinuationToken>1/=</NextContinuationToken>"))
                ->next,
            "1/=");
  EXPECT_EQ(ParsePage(List("<IsTruncated>false</IsTruncated>"
                           "<NextContinuationToken>1</NextContinuationToken>"))
                ->next,
            "");
}

TEST(ListingTest, APageThatIsNoneIsNoEmptyOne) {
  for (const std::string& xml :
       {std::string(), std::string("<html></html>"), List("<Contents><Key>a</Key>"),
        List("<IsTruncated>true</IsTruncated>"), std::string("<Error><Code>x</Code></Error>")}) {
    const auto page = ParsePage(xml);
    ASSERT_FALSE(page) << xml;
    EXPECT_EQ(page.error().code(), Code::kUnavailable);
  }
}

}  // namespace
}  // namespace insightd::blob::s3
