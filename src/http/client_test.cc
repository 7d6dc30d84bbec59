#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <thread>

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
    router_.Add(Method::kGet, "/huge", [](const Request&) {
      return TextResponse(200, std::string(std::size_t{30} << 20, 'x'));
    });
    router_.Add(Method::kGet, "/empty", [](const Request&) { return TextResponse(200, ""); });
    router_.Add(Method::kGet, "/expired", [](const Request&) {
      return TextResponse(
          403,
          "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has "
          "expired</Message><X-Amz-Expires>60</X-Amz-Expires></Error>");
    });
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

TEST_F(ClientTest, AStarInTheListStandsForAnything) {
  EXPECT_TRUE(GetText(base_ + "/large", {.hosts = {"127.*.1"}}));
  EXPECT_TRUE(GetText(base_ + "/large", {.hosts = {"*.0.0.1"}}));
  EXPECT_EQ(Fails(base_ + "/large", {.hosts = {"*.0.0.2", "127.0.0.1*.2", "*127.0.0.1"}}),
            Code::kInvalid);
}

TEST_F(ClientTest, TakesNoUrlThatHoldsAPassword) {
  const std::string url = "http://me:secret@" + base_.substr(7) + "/large";
  const auto text = GetText(url, {.hosts = {"*"}});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kInvalid);
  EXPECT_EQ(text.error().message().find("secret"), std::string::npos);
}

TEST_F(ClientTest, TellsWhatS3SaysOfItsRefusal) {
  const auto text = GetText(base_ + "/expired", local_);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kInvalid);
  EXPECT_EQ(text.error().message(),
            "127.0.0.1 answered with status 403, AccessDenied: Request has expired");
}

TEST_F(ClientTest, AnEmptyAnswerFailsWhereThatIsNoAnswer) {
  EXPECT_EQ(GetText(base_ + "/empty", local_).value(), "");
  GetOptions options = local_;
  options.empty_allowed = false;
  EXPECT_EQ(Fails(base_ + "/empty", options), Code::kCorrupt);
  EXPECT_TRUE(GetText(base_ + "/large", options));
}

TEST_F(ClientTest, UsesAConnectionAgain) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(GetText(base_ + "/empty", local_));
  EXPECT_LE(server_->connections(), 16U);
}

TEST_F(ClientTest, AnAnswerThatIsCutMayPassNextTime) {
  const auto source = Get(base_ + "/huge", local_);
  ASSERT_TRUE(source) << source.error().message();
  server_->Stop(milliseconds(0));
  std::vector<char> into(1 << 20);
  Result<std::size_t> read = (*source)->Read(into);
  while (read && *read > 0) read = (*source)->Read(into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kUnavailable);
}

// Answers one request with these bytes and closes.
class CutServer {
 public:
  explicit CutServer(std::string_view bytes) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, length), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &length), 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this, bytes] {
      const int client = ::accept(listener_, nullptr, nullptr);
      char request[4096];
      EXPECT_GT(::recv(client, request, sizeof(request), 0), 0);
      EXPECT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
      ::close(client);
    });
  }
  ~CutServer() {
    thread_.join();
    ::close(listener_);
  }

  std::string url;

 private:
  const int listener_;
  std::thread thread_;
};

TEST_F(ClientTest, AnAnswerThatIsCutWithinItsHeadIsNoEmptyAnswer) {
  for (const std::string_view head :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Le"}) {
    const CutServer server(head);
    EXPECT_EQ(Fails(server.url, local_), Code::kUnavailable);
  }
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
