#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace insightd {
namespace {

TEST(TextTest, TheNearestNameIsWhatWasMeant) {
  constexpr std::array<std::string_view, 3> kNames{"body_bytes_max", "listen", "workers"};
  EXPECT_EQ(Nearest("body_byte_max", kNames), "body_bytes_max");
  EXPECT_EQ(Nearest("lsiten", kNames), "listen");
  EXPECT_EQ(Nearest("zzz", kNames), "");
}

TEST(TextTest, AUuidInAnyFormBecomesOneForm) {
  const std::string canonical = "5d5892d3-1f74-4ccf-91af-548dfc9767aa";
  for (const char* form :
       {"5d5892d3-1f74-4ccf-91af-548dfc9767aa", "5D5892D31F744CCF91AF548DFC9767AA",
        "urn:uuid:5d5892d3-1f74-4ccf-91af-548dfc9767aa",
        "{5d5892d3-1f74-4ccf-91af-548dfc9767aa}"}) {
    EXPECT_EQ(CanonicalUuid(form), canonical) << form;
  }
  for (const char* form : {"", "5d5892d3", "5d5892d3-1f74-4ccf-91af-548dfc9767ag",
                           "5d5892d3x1f74-4ccf-91af-548dfc9767aa"}) {
    EXPECT_EQ(CanonicalUuid(form), "") << form;
  }
}

}  // namespace
}  // namespace insightd
