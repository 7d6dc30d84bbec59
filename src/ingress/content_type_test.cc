#include "ingress/content_type.h"

#include <gtest/gtest.h>

namespace insightd::ingress {
namespace {

TEST(UploadTypeTest, ReadsServiceAndCategoryWhateverFollows) {
  for (const char* text : {"application/vnd.redhat.openshift.periodic",
                           "application/vnd.redhat.openshift.periodic+tar",
                           "application/vnd.redhat.openshift.periodic; charset=binary"}) {
    const auto type = ParseUploadType(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->service, "openshift");
    EXPECT_EQ(type->category, "periodic");
    EXPECT_FALSE(type->plain);
  }
}

TEST(UploadTypeTest, TakesPlainGzipForAnArchiveOfACluster) {
  for (const char* text :
       {"application/gzip", "application/x-gzip", "application/x-gzip; charset=binary"}) {
    const auto type = ParseUploadType(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->service, "openshift");
    EXPECT_EQ(type->category, "upload");
    EXPECT_TRUE(type->plain);
  }
}

TEST(UploadTypeTest, TakesNoOther) {
  for (const char* text :
       {"", "application/octet-stream", "text/plain", "application/vnd.redhat.openshift",
        "application/vnd.redhat..periodic", "application/vnd.redhat.openshift.",
        "application/vnd.redhat.OpenShift.periodic"}) {
    EXPECT_FALSE(ParseUploadType(text)) << text;
  }
}

}  // namespace
}  // namespace insightd::ingress
