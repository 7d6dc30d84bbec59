#include "http/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/address.h"
#include "http/asio/connection.h"
#include "http/asio/connections.h"
#include "http/asio/listener.h"
#include "http/asio/loop.h"

namespace insightd::http {
namespace {

constexpr log::Logger kLog("http");
constexpr int kBacklog = 1024;
// How long accepting rests when it cannot go on: out of descriptors, or of what stands below.
constexpr milliseconds kAcceptRest{50};
// Connections over the limit that are told so or still ending, a listener; further ones wait
// unaccepted.
constexpr std::size_t kTurnedAwayMax = 64;

class ServerImpl final : public Server {
 public:
  ServerImpl(const ServerOptions& options, Observer observer)
      : all_(options, std::move(observer)),
        loops_(static_cast<std::size_t>(std::max(options.threads, 1))) {
    for (auto& loop : loops_) loop = std::make_shared<Loop>();
  }

  ~ServerImpl() override { Stop(milliseconds(0)); }

  Result<std::uint16_t> Listen(const ListenerOptions& options) override;
  void Run() override;
  void Stop(milliseconds limit) override;
  std::size_t connections() const override { return all_.size(); }

 private:
  Task<void> Accept(Listener& listener);
  // The one with the fewest connections.
  Loop& NextLoop();
  void WaitUntilNoneComes();

  Connections all_;
  std::vector<std::shared_ptr<Loop>> loops_;
  bool runs_ = false;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::mutex mutex_;
  std::condition_variable none_comes_;
  std::size_t accepting_ = 0;  // listeners that still may bring a connection
};

error_code Open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool both_families) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && both_families) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

// A socket of somebody else's that listens: which family it is of, it says itself.
error_code Inherit(tcp::acceptor& acceptor, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {errno, boost::system::system_category()};
  }
  error_code error;
  acceptor.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket, error);
  return error;
}

Result<std::uint16_t> ServerImpl::Listen(const ListenerOptions& options) {
  INSIGHTD_ASSERT(options.router != nullptr && !runs_);
  if (options.inherited >= 0) {
    auto listener = std::make_unique<Listener>(loops_.front()->context(), options);
    error_code error = Inherit(listener->acceptor, options.inherited);
    if (error) {
      return Fail(Code::kUnavailable,
                  fmt::format("the socket that was handed over for {} cannot be used: {}; give a "
                              "TCP socket (ListenStream= with a port), or none",
                              options.setting, error.message()));
    }
    const std::uint16_t port = listener->acceptor.local_endpoint(error).port();
    listeners_.push_back(std::move(listener));
    return port;
  }
  const Result<Address> address = ParseAddress(options.setting, options.address);
  if (!address) return Fail(address.error());
  auto listener = std::make_unique<Listener>(loops_.front()->context(), options);
  error_code error;
  if (address->host.empty()) {
    error = Open(listener->acceptor, {tcp::v6(), address->port}, /*both_families=*/true);
    // A machine without IPv6.
    if (error == asio::error::address_family_not_supported ||
        error == boost::system::errc::address_not_available) {
      error = Open(listener->acceptor, {tcp::v4(), address->port}, /*both_families=*/false);
    }
  } else {
    tcp::resolver resolver(loops_.front()->context());
    const auto found = resolver.resolve(address->host, std::to_string(address->port),
                                        tcp::resolver::passive, error);
    for (const auto& entry : found) {
      error = Open(listener->acceptor, entry.endpoint(), /*both_families=*/false);
      if (!error) break;
    }
  }
  if (error) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot listen on {} ({}): {}; free the port or set another {}",
                            options.address, options.setting, error.message(), options.setting));
  }
  const std::uint16_t port = listener->acceptor.local_endpoint(error).port();
  listeners_.push_back(std::move(listener));
  return port;
}

void ServerImpl::Run() {
  all_.StartWaitingThreads();
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  accepting_ = listeners_.size();
  for (const auto& listener : listeners_) {
    asio::co_spawn(listener->acceptor.get_executor(), Accept(*listener), asio::detached);
  }
  runs_ = true;
  for (const auto& loop : loops_) loop->Start();
}

Loop& ServerImpl::NextLoop() {
  return **std::min_element(loops_.begin(), loops_.end(), [](const auto& a, const auto& b) {
    return a->connections.load() < b->connections.load();
  });
}

Task<void> ServerImpl::Accept(Listener& listener) {
  bool told = false;
  while (!all_.stopping()) {
    if (listener.turned_away.load() >= kTurnedAwayMax) {
      listener.rest.expires_after(kAcceptRest);
      co_await listener.rest.async_wait(kTuple);
      continue;
    }
    Loop& loop = NextLoop();
    tcp::socket socket(loop.context());
    const auto [error] = co_await listener.acceptor.async_accept(socket, kTuple);
    if (all_.stopping()) break;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      kLog.Warn("", fmt::format("{} cannot accept: {}; trying again", listener.options.setting,
                                error.message()));
      listener.rest.expires_after(kAcceptRest);
      co_await listener.rest.async_wait(kTuple);
      continue;
    }
    const bool full = listener.Full();
    if (full && !std::exchange(told, true)) {
      kLog.Warn("", fmt::format("{} has {} connections, its limit (http.connections_max): those "
                                "longest without a whole request are ended for further ones, "
                                "which are answered 503 where all have one",
                                listener.options.setting, listener.options.connections_max));
    }
    const bool over_limit = full && !all_.GiveAwayAPlace(listener);
    auto connection =
        std::make_shared<Connection>(all_, listener, loop, std::move(socket), over_limit);
    asio::co_spawn(
        loop.context(), [held = std::move(connection)]() -> Task<void> { co_await held->Run(); },
        asio::detached);
  }
  const std::lock_guard lock(mutex_);
  if (--accepting_ == 0) none_comes_.notify_all();
}

void ServerImpl::WaitUntilNoneComes() {
  std::unique_lock lock(mutex_);
  none_comes_.wait(lock, [this] { return accepting_ == 0; });
}

void ServerImpl::Stop(milliseconds limit) {
  if (!all_.Stop()) return;
  for (const auto& listener : listeners_) {
    asio::post(listener->acceptor.get_executor(), [&listener = *listener] {
      error_code ignored;
      listener.acceptor.close(ignored);
      listener.rest.cancel();
    });
  }
  if (runs_) {
    // A connection that is still being made could neither be found here nor outlive its listener.
    WaitUntilNoneComes();
    all_.OnEach([](Connection& connection) { connection.EndIdle(); });
    if (!all_.WaitUntilEmpty(std::max(limit, kAcceptRest))) {
      kLog.Warn("", fmt::format("{} requests did not end within {} ms and are cut", connections(),
                                limit.count()));
      while (!all_.WaitUntilEmpty(kAcceptRest)) {
        all_.OnEach([](Connection& connection) { connection.Abort(); });
      }
    }
  }
  all_.JoinWaitingThreads();
  for (const auto& loop : loops_) loop->Stop();
}

}  // namespace

std::unique_ptr<Server> Server::Create(const ServerOptions& options, Observer observer) {
  return std::make_unique<ServerImpl>(options, std::move(observer));
}

}  // namespace insightd::http
