#include "http/address.h"

#include <gtest/gtest.h>

namespace insightd::http {
namespace {

struct Good {
  const char* text;
  const char* host;
  int port;
};

TEST(AddressTest, IsAHostAndAPort) {
  for (const Good& good :
       {Good{"127.0.0.1:8080", "127.0.0.1", 8080}, Good{"[::1]:0", "::1", 0},
        Good{"name:65535", "name", 65535}, Good{":8080", "", 8080}, Good{"[::]:1", "::", 1}}) {
    const Result<Address> address = ParseAddress("http.address", good.text);
    ASSERT_TRUE(address) << good.text;
    EXPECT_EQ(address->host, good.host) << good.text;
    EXPECT_EQ(address->port, good.port) << good.text;
  }
}

TEST(AddressTest, AnythingElseNamesTheSettingAndHowToWriteIt) {
  for (const char* text : {"", "8080", "host", "host:", "host:80a", "host:65536", "host:-1",
                           "host: 80", "::1:8080", "[::1]", "host:+80"}) {
    const Result<Address> address = ParseAddress("http.address", text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code(), Code::kInvalid);
    EXPECT_NE(address.error().message().find("http.address"), std::string::npos);
    EXPECT_NE(address.error().message().find("host:port"), std::string::npos);
  }
}

}  // namespace
}  // namespace insightd::http
