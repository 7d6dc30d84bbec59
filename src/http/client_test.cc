#include "http/client.h"

#include <gtest/gtest.h>

#include "http/server.h"

namespace insightd::http {
namespace {

// Against our own server on a free port.
class ClientTest : public testing::Test {
 protected:
  ClientTest() : server_(Server::Create({})) {
    router_.Add(Method::kGet, "/large", [](const Request&) {
      return TextResponse(200, std::string(std::size_t{3} << 20, 'x'));
    });
    router_.Add(Method::kGet, "/away", [](const Request&) { return ErrorResponse(503, "away"); });
    router_.Add(Method::kGet, "/moved",
                [](const Request&) { return Response{.status = 302}.With("Location", "/large"); });
    router_.Add(Method::kGet, "/out", [](const Request&) {
      return Response{.status = 302}.With("Location", "http://elsewhere.invalid/x");
    });
    router_.Add(Method::kGet, "/file", [](const Request&) {
      return Response{.status = 302}.With("Location", "file:///etc/hostname");
    });
    router_.Add(Method::kGet, "/loop",
                [](const Request&) { return Response{.status = 302}.With("Location", "/loop"); });
    const auto port = server_->Listen(
        {.setting = "test", .address = "127.0.0.1:0", .router = &router_, .tls = nullptr});
    base_ = "http://127.0.0.1:" + std::to_string(port.value());
    server_->Run();
  }
  ~ClientTest() override { server_->Stop(milliseconds(100)); }

  Code Fails(const std::string& url, const GetOptions& options) {
    const auto text = GetText(url, options);
    EXPECT_FALSE(text) << url;
    return text ? Code::kInternal : text.error().code();
  }

  Router router_;
  std::unique_ptr<Server> server_;
  std::string base_;
  GetOptions local_{.hosts = {"127.0.0.1"}};
};

TEST_F(ClientTest, StreamsALargeAnswer) {
  for (const char* path : {"/large", "/moved"}) {
    const auto text = GetText(base_ + path, local_);
    ASSERT_TRUE(text) << text.error().message();
    EXPECT_EQ(text->size(), std::size_t{3} << 20);
  }
}

TEST_F(ClientTest, ReadsFromListedHostsAlone) {
  EXPECT_EQ(Fails(base_ + "/large", {.hosts = {"elsewhere"}}), Code::kInvalid);
  EXPECT_EQ(Fails(base_ + "/large", {.hosts = {"127.0.0.1:1"}}), Code::kInvalid);
  EXPECT_EQ(Fails(base_ + "/out", local_), Code::kInvalid);
  EXPECT_TRUE(GetText(base_ + "/large", {.hosts = {base_.substr(7)}}));
}

TEST_F(ClientTest, KnowsNoOtherProtocol) {
  EXPECT_EQ(Fails("file:///etc/hostname", {.hosts = {"*"}}), Code::kInvalid);
  EXPECT_EQ(Fails(base_ + "/file", {.hosts = {"*"}}), Code::kInvalid);
  EXPECT_EQ(Fails("nonsense", {.hosts = {"*"}}), Code::kInvalid);
}

TEST_F(ClientTest, TellsStatusesApart) {
  EXPECT_EQ(Fails(base_ + "/nothing", local_), Code::kNotFound);
  EXPECT_EQ(Fails(base_ + "/away", local_), Code::kUnavailable);
  EXPECT_EQ(Fails(base_ + "/loop", local_), Code::kInvalid);
}

TEST_F(ClientTest, HoldsTheLimitOfBytes) {
  GetOptions small = local_;
  small.bytes_max = 1000;
  EXPECT_EQ(Fails(base_ + "/large", small), Code::kTooLarge);
}

TEST_F(ClientTest, SaysThatNobodyIsThere) {
  server_->Stop(milliseconds(100));
  server_.reset();
  const auto text = GetText(base_ + "/large?signature=secret", local_);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kUnavailable);
  EXPECT_EQ(text.error().message().find("secret"), std::string::npos);
  server_ = Server::Create({});
}

}  // namespace
}  // namespace insightd::http
