// A server whose routes answer at once, late, with much, and take uploads.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"

namespace insightd::http::testing {

// "GET /path" and what fields the test is about.
inline std::string Head(const std::string& line, const std::string& fields = "") {
  return line + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

// Counts what comes; the test decides when the answer is given.
struct UploadState {
  std::promise<Done> finished;
  std::promise<void> destroyed;
  std::promise<void> first_bytes;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> scarce = false;
  std::uint64_t enough = UINT64_MAX;
  std::uint64_t room = UINT64_MAX;  // how much is taken before `wake` is asked for
  std::promise<std::function<void()>> held_up;
};

class Upload : public BodyConsumer {
 public:
  explicit Upload(UploadState& state) : state_(state) {}
  ~Upload() override { state_.destroyed.set_value(); }
  bool Data(std::span<const char> bytes) override {
    if (state_.bytes.exchange(state_.bytes + bytes.size()) == 0) state_.first_bytes.set_value();
    return state_.bytes < state_.enough;
  }
  bool WhenReady(std::function<void()> wake) override {
    if (state_.bytes < state_.room) return true;
    state_.room = UINT64_MAX;
    state_.held_up.set_value(std::move(wake));
    return false;
  }
  bool PlacesAreScarce() const override { return state_.scarce; }
  void Finish(Done done) override { state_.finished.set_value(std::move(done)); }

 private:
  UploadState& state_;
};

// Hands over who is to be answered.
class Late : public BodyConsumer {
 public:
  explicit Late(std::function<void(Done)> take) : take_(std::move(take)) {}
  bool Data(std::span<const char>) override { return true; }
  void Finish(Done done) override { take_(std::move(done)); }

 private:
  std::function<void(Done)> take_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router_.Add(Method::kGet, "/hello", [](const Request& request) {
      return TextResponse(200, "hello " + request.remote_address);
    });
    router_.Add(Method::kHead, "/hello", [](const Request&) { return TextResponse(200, "hello"); });
    router_.Add(
        Method::kPost, "/echo",
        [](const Request& request) { return TextResponse(200, request.body); },
        /*body_bytes_max=*/64);
    router_.AddGuarded(
        Method::kPost, "/guarded",
        [](const Request& request) -> AnswerOrWork {
          if (request.Header("who").empty()) return ErrorResponse(401, "who?");
          return [&request] { return TextResponse(200, request.body); };
        },
        /*body_bytes_max=*/std::uint64_t{8} << 20);
    router_.Add(Method::kGet, "/large", [](const Request&) {
      return TextResponse(200, std::string(std::size_t{8} << 20, 'x'));
    });
    router_.AddStream(
        Method::kPost, "/upload",
        [this](const Request& request) -> StreamStart {
          if (!request.Header("refuse").empty()) return ErrorResponse(415, "refused");
          return std::make_unique<Upload>(upload_);
        },
        /*body_bytes_max=*/std::uint64_t{1} << 30);
    router_.AddStream(
        Method::kGet, "/late",
        [this](const Request&) -> StreamStart { return std::make_unique<Late>(late_); },
        /*body_bytes_max=*/0);
  }
  ~ServerTest() override {
    if (server_) server_->Stop(milliseconds(0));
  }

  std::uint16_t Start(ServerOptions options = {}, std::size_t connections_max = 100,
                      std::size_t requests_max = 100) {
    server_ = Server::Create(options, [this](const Exchange& exchange) {
      const std::lock_guard lock(mutex_);
      observed_.push_back(std::string(exchange.route) + " " + std::to_string(exchange.status));
    });
    const auto port = server_->Listen({.setting = "http.address",
                                       .address = "127.0.0.1:0",
                                       .router = &router_,
                                       .tls = nullptr,
                                       .connections_max = connections_max,
                                       .requests_max = requests_max});
    EXPECT_TRUE(port) << port.error().message();
    server_->Run();
    server_port_ = *port;
    return *port;
  }

  Router router_;
  UploadState upload_;
  std::function<void(Done)> late_;
  std::mutex mutex_;
  std::vector<std::string> observed_;
  std::uint16_t server_port_ = 0;
  std::unique_ptr<Server> server_;
};

}  // namespace insightd::http::testing
